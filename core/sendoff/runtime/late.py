"""Notices of one sink that were not taken at their time: of each operation in order, only the first of them is tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sendoff.model.change import Append, Change, SaveTodo
from sendoff.model.document import decode, encode
from sendoff.model.event import Event
from sendoff.model.moment import Moment
from sendoff.ports.store import Store

NOTICE = "notice"  # and a colon and the sink's name: the kind of these to-dos
MOST = 1000  # kept beside the position; with more it is the position that waits
_FAR = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class LateNotice:
    """One of them, durable as a to-do. first: when it was not taken for the first time; None = not tried yet. version: the to-do's; 0 = there is none yet.

    spent: how long it was tried, in microseconds; time in which nobody tried does not count. mark: how long its courier had been trying then.
    """

    event: Event
    due: Moment
    tries: int = 0
    first: Moment | None = None
    version: int = 0
    spent: Moment = 0
    mark: Moment = 0

    @property
    def about(self) -> str:
        """The operation, or the batch."""
        return about(self.event)

    def payload(self) -> Mapping[str, Any]:
        """As the to-do keeps it: the event itself, for the history may be forgotten before."""
        return {"event": encode(self.event), "first": self.first, "spent": self.spent}


class Late:
    """The to-dos of one sink, read once: nobody else writes them. name: the sink's. mark: how long its courier has been trying."""

    def __init__(self, store: Store, name: str, mark: Moment = 0) -> None:
        self._kind = kind_of(name)
        self._queues: dict[str, list[LateNotice]] = {}
        for todo in store.todos(_FAR, kind=self._kind, limit=10 * MOST):
            event, first, spent = decode(Event, todo.payload["event"]), todo.payload["first"], todo.payload.get("spent", 0)
            one = LateNotice(event=event, due=todo.due, tries=todo.tries, first=first, version=todo.version, spent=spent, mark=mark)
            self._queues.setdefault(one.about, []).append(one)
        for queue in self._queues.values():
            queue.sort(key=lambda one: one.event.seq)

    def __len__(self) -> int:
        return sum(map(len, list(self._queues.values())))

    def __iter__(self) -> Iterator[LateNotice]:
        return (one for queue in self._queues.values() for one in queue)

    def holds(self, event: Event) -> bool:
        """Whether an earlier one of the same operation is still to be told."""
        return about(event) in self._queues

    def due(self, now: Moment) -> LateNotice | None:
        """The one to try now."""
        heads = [queue[0] for queue in list(self._queues.values()) if queue and queue[0].due <= now]
        return min(heads, key=lambda one: (one.due, one.event.seq), default=None)

    def next_due(self) -> Moment | None:
        """When the next one is."""
        return min((queue[0].due for queue in list(self._queues.values()) if queue), default=None)

    def put(self, one: LateNotice) -> Sequence[Change]:
        """Keep it, or what became of it; what to write down."""
        queue = self._queues.setdefault(one.about, [])
        kept = replace(one, version=one.version + 1)
        queue[:] = sorted([*(other for other in queue if other.event.id != one.event.id), kept], key=lambda other: other.event.seq)
        return [SaveTodo(kind=self._kind, about=_key(one.event), seen=one.version, payload=one.payload(), due=one.due, tries=one.tries)]

    def drop(self, one: LateNotice, now: Moment) -> Sequence[Change]:
        """It is settled; what to write down. The next of the same operation is due."""
        queue = self._queues[one.about]
        queue[:] = [other for other in queue if other.event.id != one.event.id]
        gone = SaveTodo(kind=self._kind, about=_key(one.event), seen=one.version, payload=None)
        if not queue:
            del self._queues[one.about]
            return [gone]
        return [gone, *self.put(replace(queue[0], due=min(queue[0].due, now)))]


def about(event: Event) -> str:
    """What an event is one of several of."""
    return event.operation or event.batch


def failed(event: Event, sink: str, message: str, *, again: bool, time: Moment) -> list[Change]:
    """What the history says of a notice that was not taken; nothing of one that told of such a failure, or two sinks would feed each other for ever."""
    if event.type == "notice_failed":
        return []
    id = f"{event.id}.notice_failed.{sink}{'' if again else '.aside'}"
    data = {"sink": sink, "event": event.id, "message": message, "again": again}
    return [Append(Event(id=id, time=time, type="notice_failed", operation=event.operation, batch=event.batch, data=data))]


def kind_of(name: str) -> str:
    """The kind of a sink's to-dos."""
    return f"{NOTICE}:{name}"


def _key(event: Event) -> str:
    """Names the operation before its last dot, so that it is not forgotten meanwhile."""
    return f"{about(event)}.{event.seq}"
