"""Notices on their way to sinks: a thread for each sink, so that a slow one holds up nobody else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from sendoff.errors import Json, SendoffError
from sendoff.model.change import Change, SaveNote, SaveTodo
from sendoff.model.configuration import Configuration, SinkSection
from sendoff.model.document import decode
from sendoff.model.event import Event
from sendoff.model.moment import Moment
from sendoff.ports.clock import Clock
from sendoff.ports.sink import Sink
from sendoff.ports.toolkit import SinkToolkit
from sendoff.runtime.closing import Closing
from sendoff.runtime.courier import NOTE, OFFER, UNINVITED, Courier
from sendoff.runtime.following import Bell
from sendoff.runtime.installation import Installed
from sendoff.runtime.journal import Journal
from sendoff.runtime.late import failed, kind_of
from sendoff.runtime.letters import Letters
from sendoff.runtime.offer import offer_of
from sendoff.runtime.visitors import Visitors

_LOOK_EVERY = 2.0  # seconds
_LONGEST_CLOSE = 3.0  # seconds: others have to close, too
_LONGEST_ASK, _SHORT_ASK = 5.0, 0.5  # seconds: whether a sink comes by itself is mostly known at once
_FAR = 2**62
_GONE = "the sink is not configured any more"


class Outbox:
    """The couriers of the sinks that are configured, and of those that come by themselves. A sink that was not there before starts at now."""

    def __init__(
        self, journal: Journal, installed: Installed, configuration: Callable[[], Configuration], toolkit: SinkToolkit, clock: Clock, *,
        random: Random, bell: Bell, clean: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self._journal, self._installed, self._configuration = journal, installed, configuration
        self._toolkit, self._clock, self._random, self._bell, self._clean = toolkit, clock, random, bell, clean
        self._letters = Letters(journal, self._kinds, clock)
        self._missed: set[str] = set()
        self._rounds: dict[str, _Round] = {}
        self._visitors = Visitors(journal, installed, configuration)
        self._changing, self._started, self._closed = threading.Lock(), False, False
        self._opened = self._untold_first = 0
        self._log = logging.getLogger("sendoff.sinks")

    def open(self) -> None:
        """Everything that happens from now on is told to a sink that is new; nothing is delivered yet."""
        self._opened = self._journal.position()
        self._untold_first = self._visitors.position(self._opened)
        sections = [*self._configuration().sinks, *self._visitors.late()]
        self._begin(sections, self._opened)
        self._rounds = {section.name: _Round(self._courier(section), self._bell) for section in sections}
        threading.Thread(target=self._receive, name="sendoff-visitors", daemon=True).start()

    def _receive(self) -> None:
        """Ask those that may come by themselves, while everything else begins; who comes hears of what happened since this was opened, too."""
        try:
            coming = self._visitors.coming(set(self._rounds))
            with self._changing:
                possible = set(self._visitors.possible())
                self._welcome([one for one in coming if not self._closed and one.name in possible and one.name not in self._rounds])
        except Exception:  # noqa: BLE001 - a shortage or a mistake of ours: the sinks that are configured go on
            self._log.exception("nobody knows whether sinks come by themselves")
        finally:
            self._visitors.asked.set()
            self._bell.ring()

    def _welcome(self, sections: Sequence[SinkSection]) -> None:
        if self._closed:
            return
        self._begin(sections, self._opened)
        made = {section.name: _Round(self._courier(section), self._bell) for section in sections}
        self._rounds = {**self._rounds, **made}
        for one in made.values() if self._started else ():
            one.start()
        self._forget(set(self._rounds))

    def reconfigured(self) -> None:
        """The configuration is another: sinks whose section says the same go on undisturbed, and only the others are stopped, or made anew."""
        with self._changing:
            if self._closed:
                return
            sections = self.sections()
            self._begin(sections, self._journal.position())
            same = {one.name: self._rounds[one.name] for one in sections if one.name in self._rounds and self._rounds[one.name].courier.section == one}
            made = {one.name: _Round(self._courier(one), self._bell) for one in sections if one.name not in same}
            gone = [one for name, one in self._rounds.items() if name not in same]
            self._stop(gone, _LONGEST_CLOSE)
            for one in gone:
                one.courier.abandon()
            self._rounds = {one.name: same.get(one.name) or made[one.name] for one in sections}
            for one in made.values():
                one.start()
            self._forget(set(self._rounds))

    def _begin(self, sections: Sequence[SinkSection], position: int) -> None:
        """A sink that is new begins here."""
        known = self._journal.store.note(NOTE, [section.name for section in sections])
        new = [SaveNote(kind=NOTE, key=one.name, seen=0, value=_first(one, position)) for one in sections if one.name not in known]
        if new:
            self._journal.commit(new)

    def start(self) -> None:
        """Begin to deliver."""
        with self._changing:
            self._started = True
            for one in self._rounds.values():
                one.start()

    def close(self, seconds: float = 5.0) -> None:
        """What is under way is broken off, and told by the next owner; a sink that takes longer is left behind."""
        with self._changing:
            self._closed = True
            self._stop(list(self._rounds.values()), min(seconds, _LONGEST_CLOSE))

    def _stop(self, rounds: Sequence[_Round], seconds: float) -> None:
        for one in rounds:
            one.stop()
        self._bell.ring()
        end = self._clock.monotonic() + seconds
        for one in rounds:
            one.join(end - self._clock.monotonic())

    def sections(self) -> Sequence[SinkSection]:
        """Those of the configuration, then those that come by themselves; one that is there already is not asked again."""
        possible = set(self._visitors.possible())
        there = [one.courier.section for name, one in self._rounds.items() if one.courier.section.uninvited and name in possible]
        return [*self._configuration().sinks, *there, *self._visitors.coming({one.name for one in there})]

    def caught_up(self, seconds: float) -> bool:
        """Wait until every event so far was told to every sink that takes any; whether that came true in time."""
        position, end = self._journal.position(), self._clock.monotonic() + seconds
        return self._visitors.asked.wait(max(seconds, 0.0)) and all(one.wait(position, end - self._clock.monotonic()) for one in list(self._rounds.values()))

    def nothing_left(self) -> bool:
        """Whether every event so far was told; what is late is a to-do."""
        return self._visitors.asked.is_set() and all(one.courier.position >= self._journal.position() for one in list(self._rounds.values()))

    def untold(self) -> Moment | None:
        """When the first event happened that a sink was not told of yet; None = there is none. It and what follows must not be forgotten."""
        first = [] if self._visitors.asked.wait(_LONGEST_ASK) else [self._untold_first]
        positions = [*first, *(one.courier.position for one in list(self._rounds.values()))]
        events = self._journal.store.events(min(positions), 1) if positions else ()
        return events[0].time if events else None

    def shows(self, kind: str) -> bool:
        """Whether a sink would show a ``popup`` or a ``tile`` of a program's own; the log says once that none does."""
        if self._is_shown(kind) or (self._visitors.asked.wait(_LONGEST_ASK) and self._is_shown(kind)):
            return True
        if kind not in self._missed:
            self._missed.add(kind)
            self._log.warning("a program's notification (%s) is skipped: no sink that is configured shows it", kind)
        return False

    def _is_shown(self, kind: str) -> bool:
        return any("notification" in one.courier.section.on and kind in self._kinds(one.courier.section) for one in list(self._rounds.values()))

    def status(self) -> Json:
        """Answers ``ask("sinks")``: each sink, how far it is and what keeps it."""
        self._visitors.asked.wait(_SHORT_ASK)
        return [one.courier.status() for one in list(self._rounds.values())]

    # -- sinks ---------------------------------------------------------------------------------------------------------

    def _courier(self, section: SinkSection) -> Courier:
        return Courier(
            section, self._journal, wanted=self._letters.wanted, make=lambda: self._made(section), clock=self._clock, random=self._random,
            rules=lambda: self._configuration().retry, clean=self._clean,
        )  # fmt: skip

    def _kinds(self, section: SinkSection) -> frozenset[str]:
        """What a sink can show of a program's own; nothing where it does not load."""
        try:
            shows: frozenset[str] = self._installed.load("sinks", section.use).shows  # type: ignore[attr-defined]
        except SendoffError:
            return frozenset()
        return shows

    def _made(self, section: SinkSection) -> Sink:
        settings = self._installed.settings("sinks", section.use, section.options, section=f"sinks.{section.name}")
        made: Sink = self._installed.load("sinks", section.use)(settings, self._toolkit)
        return made

    def _forget(self, names: set[str]) -> None:
        """Sinks that are there no more: what was late for one is set aside, and one that comes again is new."""
        for note in self._journal.store.notes(NOTE).items:
            if note.key not in names:
                self._journal.commit([SaveNote(kind=NOTE, key=note.key, value=None), *self._set_aside(note.key)])

    def _set_aside(self, name: str) -> Iterator[Change]:
        todos = self._journal.store.todos(_FAR, kind=kind_of(name), limit=10_000)
        if todos:
            self._log.warning("%d notices for the sink %s, which is not configured any more, are set aside", len(todos), name)
        for todo in todos:
            yield SaveTodo(kind=todo.kind, about=todo.about, seen=todo.version, payload=None)
            yield from failed(decode(Event, todo.payload["event"]), name, _GONE, again=False, time=self._clock.wall())


class _Round:
    """The thread that works with one courier."""

    def __init__(self, courier: Courier, bell: Bell) -> None:
        self.courier, self._bell = courier, bell
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sendoff-sink-{courier.section.name}", daemon=True)
        self._log = logging.getLogger("sendoff.sinks")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        Closing().close(f"the sink {self.courier.section.name}", self.courier.close)

    def join(self, seconds: float) -> None:
        if self._thread.ident is not None:
            self._thread.join(max(seconds, 0.1))

    def wait(self, position: int, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.courier.caught_up(position), max(seconds, 0.0))

    def _run(self) -> None:
        while not self._stopped.is_set():
            rings = self._bell.rings
            if not self._work():
                with self._changed:
                    self._changed.notify_all()
                self._bell.wait(rings, self.courier.pause(_LOOK_EVERY))
        self._work(self.courier.left)

    def _work(self, job: Callable[[], Any] | None = None) -> bool:
        try:
            return bool((job or self.courier.work)())
        except SendoffError as error:
            if not self._stopped.is_set():
                self._log.warning("the notices of the sink %s were put off: %s", self.courier.section.name, error)
        except BaseException:  # noqa: BLE001 - a shortage or a mistake of ours: the next look tries again
            self._log.exception("the notices of the sink %s were put off", self.courier.section.name)
        return False


def _first(section: SinkSection, position: int) -> dict[str, Json]:
    """Where a sink stands that is new."""
    more: dict[str, Json] = {UNINVITED: True, OFFER: dict(offer_of(section))} if section.uninvited else {}
    return {"position": position, **more}
