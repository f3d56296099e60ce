"""Waiting for operations to end, through the death and return of the host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from sendoff.cli import exits
from sendoff.cli.advice import cause_of, unblocked_by
from sendoff.cli.call import Call
from sendoff.cli.stopping import Stopped, bounded
from sendoff.cli.text import count
from sendoff.errors import SendoffError
from sendoff.model.event import ENDS, Event
from sendoff.model.quantity import size_text
from sendoff.model.query import Order, Query, Selection, View

if TYPE_CHECKING:
    from sendoff.desk.contract import Desk

TURNS = ENDS | {"waiting", "paused", "resumed", "changed", "retried"}  # events after which an operation may stand elsewhere
AT_ONCE = 100
LOOK_EVERY = 3  # quiet seconds
SURE = 2  # the first word of a host says that it listens, the second that it has begun to follow
TERMINAL = ("completed", "canceled", "error")


class Waiting:
    """Operations somebody waits for.

    results: where a line about each finished operation goes. failures: the same for those that were not completed; None = there, too.
    patient: what only a person can help is waited for too. heartbeat: a dot a second. timeout: seconds; 0 = look once.
    """

    def __init__(
        self,
        call: Call,
        *,
        results: Callable[[str], None],
        failures: Callable[[str], None] | None = None,
        patient: bool = False,
        heartbeat: bool = False,
        timeout: float | None = None,
    ) -> None:
        self._call = call
        self._results = results
        self._failures = failures or results
        self._patient = patient
        self._heartbeat = heartbeat
        self._timeout = timeout
        self._desk = call.desk()
        self._open: dict[str, bool] = {}  # id: only a person can help it on
        self._failed = 0
        self._seen: list[str] = []
        self._minute = call.minute(lambda: self.looked_up(list(self._open)))

    def until_ended(self, views: Iterable[View]) -> int:
        """Waits for these; the exit code says how they ended."""
        try:
            with bounded(self._timeout):
                code = self._wait(views)
            acknowledge(self._desk, self._seen)
            return code
        except Stopped:
            self._goes_on()
            return exits.GOES_ON
        except KeyboardInterrupt:
            self._goes_on()
            raise

    def looked_up(self, ids: Sequence[str]) -> Iterator[View]:
        """These operations as they stand now."""
        for start in range(0, len(ids), AT_ONCE):
            yield from self._desk.page(Query(ids=tuple(ids[start : start + AT_ONCE])), limit=AT_ONCE).items

    def _wait(self, views: Iterable[View]) -> int:
        for view in views:
            self._settle(view)
        if self._timeout == 0 and self._open:
            self._goes_on()
            return exits.GOES_ON
        if not self._over():
            self._follow()
        return self._code()

    def _follow(self) -> None:
        few = tuple(self._open) if len(self._open) <= AT_ONCE else ()
        news: object
        happened: list[str] = []
        for number, news in enumerate(self._desk.follow_always(Query(ids=few, types=tuple(sorted(TURNS))), after=None)):
            if number < SURE:  # what happened between the first look and the position that is followed from now on
                happened = list(self._open)
            elif isinstance(news, Event) and news.operation in self._open:
                happened.append(news.operation)
            if happened and (news is None or len(happened) >= AT_ONCE):
                self._look(happened)
                happened = []
            elif news is None:
                self._beat(number)
            if news is None and self._minute is not None:
                self._minute.beat()
            if self._surely_over():
                return

    def _beat(self, number: int) -> None:
        """A second in which nothing happened to these; another may have asked a person for them, too."""
        if number % LOOK_EVERY == 0 and not self._patient:
            self._look_whether_asked_for()
        if self._heartbeat:
            self._call.output.dot()

    def _look_whether_asked_for(self) -> None:
        """Whether somebody asks for the others, too; one that still goes on by itself is enough to know that it is not over."""
        while waiting := [id for id, asks in self._open.items() if not asks][:AT_ONCE]:
            self._look(waiting[:1])
            if self._open.get(waiting[0]) is False:
                return
            self._look(waiting[1:])

    def _look(self, ids: Sequence[str]) -> None:
        for view in self.looked_up(ids):
            self._settle(view)

    def _settle(self, view: View) -> None:
        if view["status"] in TERMINAL:
            self._open.pop(view["id"], None)
            self._failed += view["status"] != "completed"
            if view["status"] != "error" and not view.get("acknowledged_at"):
                self._seen.append(view["id"])
            self._call.output.item(view)
            for line in ending(view):
                (self._results if view["status"] == "completed" else self._failures)(line)
            if self._minute is not None:
                self._minute.ended(view)
        else:
            self._open[view["id"]] = view["needs"] is not None

    def _over(self) -> bool:
        return not self._open or (not self._patient and all(self._open.values()))

    def _surely_over(self) -> bool:
        """Whether it is over now: a person may have helped those, too, for which another had asked."""
        if self._over() and self._open:
            self._look(list(self._open))
        return self._over()

    def _code(self) -> int:
        if not self._open:
            return exits.FAILED if self._failed else exits.DONE
        for view in self.looked_up(list(self._open)[:AT_ONCE]):
            self._call.output.trouble(demand(view))
        return exits.PERSON

    def _goes_on(self) -> None:
        if self._open:
            self._call.output.note(f"{count(len(self._open), 'upload')} not finished yet; {self._call.later()}")


def acknowledge(desk: Desk, ids: Sequence[str]) -> None:
    """Whose end was told here leaves the list; failed ones stay there, with what a retry needs."""
    with suppress(SendoffError):  # it was told, and the list can wait
        for start in range(0, len(ids), AT_ONCE):
            desk.order(Order(verb="acknowledge"), Selection(ids=tuple(ids[start : start + AT_ONCE])))


def ending(view: View) -> list[str]:
    """One line about an operation that has ended; about one that was not to end so, what to do in another."""
    head = f"{'failed' if view['status'] == 'error' else view['status']}  {view['number']}  {view['url']}"
    if view["status"] == "completed":
        receipt = view["receipt"] or {}
        return [f"{head}  {size_text(view['progress']['total_bytes'])}, {receipt.get('verified', 'accepted')}"]
    line = f"{head}  {cause_of(view)}".rstrip()
    help = unblocked_by(view) if view["status"] == "error" or view["reason"] else None
    return [line, f"  {help}"] if help else [line]


def demand(view: View) -> str:
    """One line about an operation that only a person can help on."""
    return f"{view['number']} needs you: {view['reason_text'] or view['reason']}; {unblocked_by(view) or ''}".rstrip("; ")
