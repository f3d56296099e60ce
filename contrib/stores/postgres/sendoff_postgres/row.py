"""A record as a row, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from sendoff import Event, Failure, InvalidArgument, Receipt, Record, Response, Spec, Tally, TransferPriority, TransferStatus, decode, encode

Row = tuple[Any, ...]

_FIELDS = (
    "number id batch version epoch owner round status reason want point lane rank site due target holds_target open group priority "
    "created_at started_at finished_at acknowledged_at environment reason_text needs sealed spec tally response error receipt"
)
FIELDS = _FIELDS.split()
COLUMNS = ", ".join("group_name" if name == "group" else name for name in FIELDS)
text_of = json.JSONEncoder(separators=(",", ":"), default=encode).encode  # any value of the model as the JSON text of a column
_ordered = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode
_NO_TALLY = Tally()
_HALF = re.compile("[\ud800-\udfff]")
_DOCUMENTS = frozenset({"spec", "tally", "needs", "reason_text", "response", "error", "receipt"})
_NUMBERS = frozenset({"status", "priority"})
_FIXED = frozenset({"number", "id", "version"})


def maybe_text(value: Any) -> str | None:
    """A value as JSON text, None as null."""
    return None if value is None else text_of(value)


def column(name: str) -> str:
    """The column that holds a field of a record."""
    if name not in FIELDS or name in _FIXED:
        raise InvalidArgument(f"{name!r} is not a field of a record that can be updated")
    return "group_name" if name == "group" else name


def cell(name: str, value: Any) -> Any:
    """What a column holds for a field's value."""
    if name in _DOCUMENTS:
        return maybe_text(value)
    return int(value) if name in _NUMBERS else value


def row_of(record: Record, number: int) -> Row:
    """The row of a new record under this number, the file it is made of, and its metadata."""
    one = record
    return (
        number, one.id, one.batch, one.version, one.epoch, one.owner, one.round, int(one.status), one.reason, one.want, one.point, one.lane,
        number if one.rank is None else one.rank, one.site, one.due, one.target, one.holds_target, one.open, one.group, int(one.priority),
        one.created_at, one.started_at, one.finished_at, one.acknowledged_at, one.environment, maybe_text(one.reason_text), maybe_text(one.needs), one.sealed,
        text_of(one.spec), "{}" if one.tally == _NO_TALLY else text_of(one.tally), maybe_text(one.response), maybe_text(one.error), maybe_text(one.receipt),
        path_bytes(one.spec.source.path), pairs_of(one.spec.metadata),
    )  # fmt: skip


def path_bytes(path: str) -> bytes:
    """A path as it is compared, whatever its name is made of."""
    return path.encode(errors="surrogatepass")


def is_text(word: Any) -> bool:
    """Whether a column of text can hold it: there is no zero in it, and no half of a character."""
    return not isinstance(word, str) or ("\0" not in word and not _HALF.search(word))


def pairs_of(metadata: Mapping[str, Any]) -> list[str]:
    """Each key with its value, as they are compared."""
    return [_ordered(pair) for pair in encode(metadata).items()]


def record_of(row: Row) -> Record:
    """The record that a row with ``COLUMNS`` holds."""
    found: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    found["status"] = TransferStatus(found["status"])
    found["priority"] = TransferPriority(found["priority"])
    for name, turn in _TURNS.items():
        if found[name] is not None:
            found[name] = turn(json.loads(found[name]))
    return Record(**found)


_TURNS: Mapping[str, Callable[[Any], Any]] = {
    "needs": dict,
    "reason_text": str,
    "spec": lambda data: decode(Spec, data),
    "tally": lambda data: decode(Tally, data) if data else _NO_TALLY,
    "response": lambda data: decode(Response, data),
    "error": lambda data: decode(Failure, data),
    "receipt": lambda data: decode(Receipt, data),
}


def event_row(event: Event, seq: int) -> Row:
    """The row of an event under this seq."""
    return seq, event.id, event.time, event.type, event.operation, event.batch, event.round, text_of(event.data) if event.data else "{}"


def event_of(row: Row) -> Event:
    """The event that a row holds."""
    seq, id, time, type, operation, batch, round, data = row
    return Event(id=id, time=time, type=type, operation=operation, batch=batch, round=round, data=json.loads(data), seq=seq)
