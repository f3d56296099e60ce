"""A half-done upload that is of no more use to its operation, which itself goes on: the server is told so, in its own time."""

from __future__ import annotations

from sendoff.model.change import Checkpoint, SaveTodo
from sendoff.model.document import encode
from sendoff.model.moment import Moment
from sendoff.model.operation import Record


def abandoned(record: Record, checkpoint: Checkpoint | None, now: Moment) -> tuple[SaveTodo, ...]:
    """What the server of the record's address keeps is to be removed there, by what is known of it now; none where it keeps nothing."""
    if checkpoint is None or checkpoint.session is None:
        return ()
    before = {"spec": encode(record.spec), "sealed": record.sealed.hex() if record.sealed else None}
    payload = {"number": record.number, "session": checkpoint.session.hex(), "before": before}
    return (SaveTodo(kind="abort", about=f"{record.id}.{record.round}-{record.version}", seen=0, payload=payload, due=now),)
