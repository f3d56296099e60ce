"""One sink's notices: its own position in the log, its own pauses, and what it did not take."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from sendoff.errors import Json, Permanent, SendoffError, Transient
from sendoff.model.change import Change, SaveNote
from sendoff.model.configuration import SinkSection
from sendoff.model.event import ENDS, Event
from sendoff.model.limits import RetryRules
from sendoff.model.moment import SECOND, Moment, moment, moment_text
from sendoff.model.notice import Notice
from sendoff.model.query import Query
from sendoff.policy.retry import pause_before_next
from sendoff.policy.wording import NEEDS_PERSON
from sendoff.ports.clock import Clock
from sendoff.ports.sink import Sink
from sendoff.runtime.journal import Journal
from sendoff.runtime.late import MOST, Late, LateNotice, failed
from sendoff.runtime.offer import offer_of
from sendoff.runtime.statement import cleaned

NOTE = "sink"  # by the sink's name: how far it has come, and what was set aside
UNINVITED = "uninvited"  # in that note: it came by itself
OFFER = "offer"  # and what it said when it came
LONGEST = moment(3 * 86_400.0)  # after so much time of trying a notice is set aside
_A_LOOK = moment(600.0)  # no more passes between two looks, unless the machine sleeps
_LONG = 60.0  # seconds for one notice, after which it is said
_MESSAGE = 2000  # characters of what a sink says went wrong
_SLICE = 100
_SAVED_EVERY = 1000  # events that a sink does not want are read again after a death
_DOWN_AFTER = 2  # different notices in a row that were not taken: it is not they, it is the sink


class Courier:
    """Hands the events that a sink wants to it: at least once, those of one operation in their order. One thread works with it.

    wanted: the notice of an event for this sink; None = it is not told. make: the sink.
    """

    def __init__(
        self, section: SinkSection, journal: Journal, *, wanted: Callable[[SinkSection, Event], Notice | None], make: Callable[[], Sink], clock: Clock,
        random: Random, rules: Callable[[], RetryRules], clean: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self.section, self._journal, self._wanted, self._make = section, journal, wanted, make
        self._clock, self._random, self._rules, self._clean = clock, random, rules, clean
        self._sink: Sink | None = None
        self._of_interest = Query(types=types_of(section))
        self._late: Late | None = None
        self._position, self._saved, self._aside = 0, 0, 0
        self._failing: dict[str, str] = {}  # what was not taken since the last success, by the event's id: why
        self._failures = 0
        self._rests_until: Moment = 0
        self._tried: Moment = 0  # how long it has been trying, since it was made
        self._looked: Moment | None = None
        self._offered = 0  # notices
        self._rests_firmly = self._probed = False  # the sink has asked for it; something new was offered in this rest
        self._new_first = self._closed = self._abandoned = False
        self._delivering: float | None = None  # since when it has been at a notice, by the clock that never jumps
        self._log = logging.getLogger("sendoff.sinks")

    # -- working -----------------------------------------------------------------------------------------------------

    def work(self) -> bool:
        """Hand over what is due, one notice or one slice of events; whether there is more to do at once."""
        try:
            return self._work()
        except BaseException:
            self._late = None  # what was written is read again
            raise

    def _work(self) -> bool:
        late = self._remembered()
        now = self._look()
        if self._closed or self._rests(late, now):
            return False
        if now < self._rests_until:
            return self._probe(late)
        self._probed = False
        first = None if self._new_first else late.due(now)
        if first is not None:
            return self._try_again(late, first)
        self._new_first = False
        return (len(late) < MOST and self._go_on(late)) or self._try_again(late, late.due(now))

    def _look(self) -> Moment:
        """Now; what has passed since the look before was time of trying, and a sleep of the machine was none."""
        now = self._clock.steady()
        self._tried += min(max(now - self._looked, 0), _A_LOOK) if self._looked is not None else 0
        self._looked = now
        return now

    def _rests(self, late: Late, now: Moment) -> bool:
        """Whether it takes nothing now, not even something new."""
        return now < self._rests_until and (self._rests_firmly or self._probed or len(late) >= MOST)

    def _probe(self, late: Late) -> bool:
        """In each rest one new notice is offered: it may be those before that are not taken, and not the sink that is down."""
        offered = self._offered
        more = self._go_on(late)
        self._probed = self._offered > offered
        return more

    def pause(self, longest: float) -> float:
        """Seconds until there is something to do though nothing new has happened, at most so many."""
        due = self._next_try()
        return longest if due is None else min(max((due - self._clock.steady()) / SECOND, 0.001), longest)

    def _go_on(self, late: Late) -> bool:
        """Tell what it wants of the next events; the position goes on with each that was not taken, too. Whether there were any."""
        newest = self._journal.position()
        events = self._journal.store.events(self._position, _SLICE, query=self._of_interest)
        if not events and self._position >= newest:
            return False
        done: list[Change] = []
        for event in events:
            if self._closed:
                break
            notice = self._wanted(self.section, event)
            if notice is not None and late.holds(event):
                done += late.put(LateNotice(event=event, due=self._clock.steady()))
            elif notice is not None:
                error = self._delivered(notice)
                if self._closed and error is not None:
                    break
                done += self._put_off(late, LateNotice(event=event, due=0), error) if error is not None else []
                self._save(event.seq, done)
                done = []
                if self._clock.steady() < self._rests_until or len(late) >= MOST:
                    return True
            self._position = event.seq
        else:
            self._position = events[-1].seq if len(events) == _SLICE else max(self._position, newest)
        if done or self._position - self._saved >= _SAVED_EVERY:
            self._save(self._position, done)
        return not self._closed

    def _try_again(self, late: Late, one: LateNotice | None) -> bool:
        """One more try of what was not taken; afterwards something new has its turn."""
        if one is None:
            return False
        notice = self._wanted(self.section, one.event)
        error = self._delivered(notice) if notice is not None else None
        if self._closed and error is not None:
            return False
        self._new_first = error is not None
        changes = late.drop(one, self._clock.steady()) if error is None else self._put_off(late, one, error)
        self._commit([*changes, *self._note()])
        return True

    # -- what was not taken --------------------------------------------------------------------------------------------

    def _put_off(self, late: Late, one: LateNotice, error: SendoffError) -> list[Change]:
        """A to-do, or set aside for good; the history tells both once."""
        now, first = self._clock.steady(), one.first
        spent = one.spent + self._tried - one.mark if first is not None else 0
        again = waiting_helps(error) and (first is None or spent < LONGEST)
        if again:
            pause = pause_before_next(one.tries + 1, self._rules(), self._random, error.retry_after)
            self._rest(one.event, error, now)
            first_try = now if first is None else first
            kept = late.put(replace(one, due=now + pause, tries=one.tries + 1, first=first_try, spent=spent, mark=self._tried))
            return [*kept, *([] if first is not None else self._told(one.event, error, again=True))]
        self._failing.pop(one.event.id, None)
        self._aside += 1
        gone = late.drop(one, now) if one.version else []
        return [*gone, *self._told(one.event, error, again=False)]

    def _rest(self, event: Event, error: SendoffError, now: Moment) -> None:
        """A sink that takes nothing is left alone for a while, and so is one that asks for it."""
        self._failing[event.id] = error.message
        self._failures += 1
        if len(self._failing) >= _DOWN_AFTER or error.retry_after is not None:
            self._rests_firmly = error.retry_after is not None
            self._rests_until = now + pause_before_next(self._failures - 1, self._rules(), self._random, error.retry_after)

    def _told(self, event: Event, error: SendoffError, *, again: bool) -> list[Change]:
        """What the log and the history say of a notice that was not taken."""
        name = self.section.name
        self._log.warning("sink %s did not take the notice %s%s: %s", name, event.id, "" if again else ", which is set aside", error)
        return failed(event, name, error.message, again=again, time=self._clock.wall())

    def _delivered(self, notice: Notice) -> SendoffError | None:
        """Hand one notice over; the error if it was not taken."""
        self._offered += 1
        self._delivering = self._clock.monotonic()
        try:
            if self._sink is None:
                self._sink = self._make()
            if self._closed:  # meanwhile, and nobody has closed this one
                self._sink.close()
                return Transient("the sink is closed")
            self._sink.deliver(notice)
        except SendoffError as error:
            return self._said(error)
        except BaseException as error:  # noqa: BLE001 - a sink is a stranger's code; it is named, and the others go on
            self._log.exception("sink %s failed", self.section.name)
            return self._said(Permanent(f"{type(error).__name__}: {error}"))
        finally:
            self._delivering = None
        self._failing.clear()
        self._failures, self._rests_until = 0, 0
        return None

    def _said(self, error: SendoffError) -> SendoffError:
        """Without what must not be told, and no longer than anybody reads."""
        said = cleaned(error, self._clean)
        said.message = said.message[:_MESSAGE]
        return said

    # -- where it stands -----------------------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """The last event that it was told, or does not want."""
        return self._position

    def caught_up(self, position: int) -> bool:
        """Whether everything up to here was told or is a to-do that is not due, or the sink takes nothing now."""
        late, now = self._late, self._clock.steady()
        if late is None or (now >= self._rests_until and late.due(now) is not None):
            return False
        return self._position >= position or self._rests(late, now)

    def status(self) -> Json:
        """As ``host status`` shows it."""
        late = self._late
        return {
            "name": self.section.name, "use": self.section.use, "on": list(self.section.on), "uninvited": self.section.uninvited,
            "waiting": len(late) if late is not None else 0, "behind": max(self._journal.position() - self._position, 0), "aside": self._aside,
            "next_try": moment_text(due) if (due := self._next_try()) else None, "message": self._hangs() or next(reversed(self._failing.values()), None),
        }  # fmt: skip

    def _hangs(self) -> str | None:
        """Nobody can end it; the uploads and the other sinks do not wait for it."""
        since = self._delivering
        took = self._clock.monotonic() - since if since is not None else 0.0
        return f"it has been at one notice for {took:.0f} seconds" if took > _LONG else None

    def close(self) -> None:
        """Break off what is under way; the next owner tells it."""
        first, self._closed = not self._closed, True
        if first and self._sink is not None:
            self._sink.close()

    def abandon(self) -> None:
        """Another has its position, or it is forgotten: what comes back late writes nothing."""
        self._abandoned = True

    def left(self) -> None:
        """Its thread has ended: what was read and not wanted is not read again."""
        if self._position > self._saved:
            self._save(self._position, [])

    def _remembered(self) -> Late:
        """Its to-dos and its position, read once."""
        if self._late is None:
            note = self._journal.store.note(NOTE, [self.section.name]).get(self.section.name)
            value = note.value if note is not None else {"position": self._journal.position()}
            self._position = self._saved = value["position"]
            self._aside = value.get("aside", 0)
            self._late = Late(self._journal.store, self.section.name, self._tried)
        return self._late

    def _next_try(self) -> Moment | None:
        """When it is tried again; None = nothing is late, and it does not rest."""
        due = self._late.next_due() if self._late is not None else None
        if due is not None:
            return max(due, self._rests_until)
        return self._rests_until if self._rests_until > self._clock.steady() else None

    def _save(self, position: int, done: Sequence[Change]) -> None:
        self._position = self._saved = position
        self._commit([*done, *self._note()], synced=bool(done))

    def _commit(self, changes: Sequence[Change], synced: bool = True) -> None:
        if not self._abandoned:
            self._journal.commit(changes, synced=synced)

    def _note(self) -> list[Change]:
        value: dict[str, Json] = {"position": self._position, **({"aside": self._aside} if self._aside else {})}
        value |= {UNINVITED: True, OFFER: dict(offer_of(self.section))} if self.section.uninvited else {}
        return [SaveNote(kind=NOTE, key=self.section.name, value=value)]


def types_of(section: SinkSection) -> tuple[str, ...]:
    """The types of the events among which those are that a sink may be told of."""
    more = {"waiting"} if NEEDS_PERSON in section.on else set[str]()
    more |= ENDS if "batch_completed" in section.on else set[str]()
    return tuple(sorted({*section.on, *more} - {NEEDS_PERSON}))


def waiting_helps(error: SendoffError) -> bool:
    """Whether a notice is tried again: not where the receiver has refused it, nor where the sink's own code fails."""
    return not isinstance(error, Permanent)
