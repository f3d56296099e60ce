"""A half-done upload that is of no more use to its operation, which itself goes on: the server is told so, in its own time."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sendoff.model.change import Checkpoint, SaveTodo
from sendoff.model.document import encode
from sendoff.model.moment import Moment
from sendoff.model.note import Todo
from sendoff.model.operation import Record
from sendoff.ports.store import Store

_ABORT = "abort"
_FAR = 2**62
_MOST_TODOS = 10_000  # that are looked at together


def abandoned(record: Record, checkpoint: Checkpoint | None, now: Moment) -> tuple[SaveTodo, ...]:
    """What the server of the record's address keeps is to be removed there, by what is known of it now and as who sent it; none where it keeps nothing."""
    if checkpoint is None or checkpoint.session is None:
        return ()
    before = {"spec": encode(record.spec), "sealed": record.sealed.hex() if record.sealed else None, "environment": record.environment}
    payload = {"number": record.number, "session": checkpoint.session.hex(), "before": before}
    return (SaveTodo(kind=_ABORT, about=f"{record.id}.{record.round}-{record.version}", seen=0, payload=payload, due=now),)


def removals(store: Store) -> Sequence[Todo]:
    """The to-dos by which something is removed at a server, due or not; the first 10,000."""
    return store.todos(_FAR, kind=_ABORT, limit=_MOST_TODOS)


def environments_needed(store: Store) -> Collection[str] | None:
    """The notes that such removals still need, for their operations may need them no more; None = there are too many to look at."""
    todos = removals(store)
    if len(todos) == _MOST_TODOS:
        return None
    return {key for todo in todos if (key := (todo.payload.get("before") or {}).get("environment"))}
