"""Whether what is known of an upload is enough to let go of its source."""

from __future__ import annotations

from dataclasses import replace

from sendoff.model.change import SaveTodo
from sendoff.model.delivery import Demand, Receipt
from sendoff.model.moment import Moment
from sendoff.model.operation import Record

THEN = "then"  # the kind of the to-do

_LEVELS = ("accepted", "size", "part-digests", "server-digest", "read-back")  # each surer than the one before
_WANTED = {"auto": "size", "size": "size", "digest": "part-digests", "read-back": "read-back"}


def surer(demand: Demand) -> Demand:
    """What is demanded of an upload whose source is not kept: a size that was seen, at least."""
    return replace(demand, verify=_WANTED["auto"]) if demand.verify == "auto" else demand


def doubt(demand: Demand, receipt: Receipt | None) -> str | None:
    """Why the source is still needed; None = the server was seen to hold it, as surely as was asked for."""
    if receipt is None:
        return "there is no receipt"
    if receipt.existing == "skipped":
        return "something was there already, and nothing was sent"
    if _LEVELS.index(receipt.verified) < _LEVELS.index(_WANTED[demand.verify]):
        return f"the server was seen to hold it by {receipt.verified} only, and {demand.verify} was asked for"
    return None


def removal(record: Record, now: Moment) -> tuple[SaveTodo, ...]:
    """What a completed upload makes necessary where its source is not to be kept."""
    if record.spec.then is None:
        return ()
    return (SaveTodo(kind=THEN, about=f"{record.id}.{record.round}", seen=0, payload={"number": record.number}, due=now),)
