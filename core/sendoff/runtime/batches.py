"""What one call has created: numbered, sealed at a count, and told of once when nothing of it is open."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sendoff.model.change import Append, Change, Reserve, SaveNote, SaveTodo
from sendoff.model.event import Event
from sendoff.model.note import Note
from sendoff.model.operation import Record
from sendoff.model.query import Query, every
from sendoff.policy.notice import Ends
from sendoff.ports.clock import Clock
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.journal import Journal
from sendoff.runtime.notifications import Notifications

BATCH = "batch"  # by id: number, total, sealed, and when it ended
NUMBER = "batch_number"  # by number: the id
OPEN = "batch_open"  # by id: it has not ended, so that a process that takes over finds these and no others
COMPLETION = "completion"  # by id: the handler that is called once it has ended
HANDLER = "handler"  # a to-do: that call


class Members:
    """The operations of a batch, read as one goes, anew for each who asks."""

    def __init__(self, journal: Journal, batch: str) -> None:
        self._journal, self._batch = journal, batch

    def __iter__(self) -> Iterator[Record]:
        return every(lambda after: self._journal.store.find(Query(batch=self._batch), after=after, limit=1000))


class Batches:
    """Batches of more than one operation, and those that a client made by name; any other of one has no note, and its operation's number means it.

    held: whether a client is still there that adds to this one. shows: whether a sink would show a ``popup`` or a ``tile``. left_open: those that were
    held when this process took over.
    """

    def __init__(
        self, journal: Journal, clock: Clock, announcer: Announcer, held: Callable[[str], bool] = lambda _: False,
        shows: Callable[[str], bool] = lambda _: False,
    ) -> None:  # fmt: skip
        self._journal, self._clock, self._announcer, self._held = journal, clock, announcer, held
        self.notifications = Notifications(journal, clock, shows)
        self.left_open: set[str] = set()

    def reserve(self) -> int:
        """A short number that no operation has."""
        return self._journal.commit([Reserve()], synced=False)[0].number

    def numbers(self, batches: Sequence[str]) -> dict[str, int]:
        """The short numbers of those that have one."""
        found = self._journal.store.note(BATCH, batches) if batches else {}
        return {id: note.value["number"] for id, note in found.items()}

    def seal(self, batch: str, number: int, total: int, *, stopped: bool, more: Sequence[Change] = ()) -> None:
        """It is closed at this count. stopped: whoever made it went away before the end, and an event says so. more: written with it."""
        told = Event(id=f"{batch}.sealed", time=self._clock.wall(), type="changed", batch=batch, data={"sealed": total})
        self._journal.commit([*kept(batch, number, total, sealed=True, stopped=stopped), *([Append(told)] if stopped else []), *more])
        self.close(batch)

    def forget(self, batch: str, number: int) -> None:
        """No more than one operation came of it."""
        gone = [SaveNote(kind=kind, key=key, value=None) for kind, key in ((BATCH, batch), (NUMBER, str(number)), (OPEN, batch))]
        self._journal.commit([*gone, *self.notifications.forget(batch)])

    def close(self, batch: str) -> None:
        """Tell that a batch has ended, once, when nothing of it is open; it stays closed, whatever of it is tried again."""
        note = self._journal.store.note(BATCH, [batch]).get(batch)
        if note is None or note.value["ended"] is not None or not (note.value["sealed"] or note.value.get("held")) or self._open_in(batch):
            return
        if not note.value["sealed"]:
            self.notifications.of_a_pause(batch, lambda: iter(Members(self._journal, batch)))
            return
        wall = self._clock.wall()
        told = self._ends(batch, note.value["total"]).told()
        event = Event(id=f"{batch}.batch_completed", time=wall, type="batch_completed", batch=batch, data=told)
        ended = SaveNote(kind=BATCH, key=batch, seen=note.version, value={**note.value, "ended": wall})
        also = [*self._handed_on(batch), *self.notifications.of_the_end(batch, iter(Members(self._journal, batch)))]
        if self._journal.commit([ended, SaveNote(kind=OPEN, key=batch, value=None), Append(event), *also])[0].refused is None:
            members = Members(self._journal, batch)
            member = next(iter(members), None)
            if member is not None:
                self._announcer.tell(member, [("batch_completed", {"operations": members})])

    def close_among(self, batches: Collection[str]) -> None:
        """Close those of these that have ended; looked up together, for most are batches of one."""
        for batch in self._journal.store.note(OPEN, list(batches)) if batches else ():
            self.close(batch)

    def close_called(self) -> None:
        """Close those that have ended and have a handler, though whoever recorded the last end has not come to it yet."""
        for note in self._journal.store.notes(COMPLETION).items:
            self.close(note.key)

    def recover(self) -> None:
        """Close what ended just before an earlier process did, and seal what was still being handed over to it, at what came."""
        after: str | None = None
        while True:
            page = self._journal.store.notes(OPEN, after=after)
            notes = self._journal.store.note(BATCH, [one.key for one in page.items])
            for note in notes.values():
                self._settle(note)
            if page.next is None:
                return
            after = page.next

    def stop(self, note: Note) -> None:
        """Whoever added to it is gone: it is closed at what came."""
        total, number = self.count(note.key), note.value["number"]
        if total > 1 or (total and note.value.get("held")):
            self.seal(note.key, number, total, stopped=True)
        else:
            self.forget(note.key, number)

    def count(self, batch: str) -> int:
        """How many operations it has."""
        return sum(1 for _ in Members(self._journal, batch))

    def _settle(self, note: Note) -> None:
        if note.value["sealed"]:
            self.close(note.key)
        elif note.value.get("held") and self._held(note.key):
            self.left_open.add(note.key)
            self.close(note.key)
        else:
            self.stop(note)

    def _ends(self, batch: str, total: int) -> Ends:
        """How its operations have ended; what failed and what was canceled is looked up, and is mostly nothing."""
        failed, canceled = (self._in_status(batch, status) for status in ("error", "canceled"))
        return Ends(completed=max(total - failed - canceled, 0), failed=failed, canceled=canceled)

    def _in_status(self, batch: str, status: str) -> int:
        query = Query(batch=batch, statuses=(status,))
        return sum(1 for _ in every(lambda after: self._journal.store.find(query, after=after, limit=1000)))

    def _handed_on(self, batch: str) -> list[Change]:
        """The call of its handler, where it has one: written with its end, so that neither is without the other."""
        if batch not in self._journal.store.note(COMPLETION, [batch]):
            return []
        return [SaveTodo(kind=HANDLER, about=batch, seen=0, payload={"batch": batch}, due=self._clock.steady())]

    def _open_in(self, batch: str) -> bool:
        """Whether one of its operations is open; a page may be empty and still have a next."""
        page = self._journal.store.find(Query(batch=batch, open=True), limit=1)
        while not page.items and page.next is not None:
            page = self._journal.store.find(Query(batch=batch, open=True), after=page.next, limit=1)
        return bool(page.items)


def kept(batch: str, number: int, total: int, *, sealed: bool, held: bool = False, stopped: bool = False) -> list[Change]:
    """What is remembered of a batch that has not ended. held: a client adds to it. stopped: it did not live to say that this was all."""
    value: dict[str, Any] = {"number": number, "total": total, "sealed": sealed, "ended": None}
    value |= {name: True for name, true in (("held", held), ("stopped", stopped)) if true}
    return [
        SaveNote(kind=BATCH, key=batch, value=value),
        SaveNote(kind=NUMBER, key=str(number), value=batch),
        SaveNote(kind=OPEN, key=batch, value=True),
    ]
