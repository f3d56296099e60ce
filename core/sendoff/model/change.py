"""What a store is asked to write, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sendoff.model.event import Event
from sendoff.model.moment import Moment
from sendoff.model.operation import Record


@dataclass(frozen=True, slots=True)
class Insert:
    """A new operation. Refused (``id``) when its id is taken; the reply then names the one that has it."""

    record: Record


@dataclass(frozen=True, slots=True)
class Update:
    """New values for named fields of a record. Refused (``version``) unless its version is ``seen``, (``epoch``) unless its epoch is ``epoch``."""

    number: int
    seen: int
    fields: Mapping[str, Any]
    epoch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCheckpoint:
    """How far a try has come. session: sealed. prefix: ``(length, crc32)`` of the source. Refused (``epoch``) when another try owns the operation."""

    number: int
    epoch: int
    session: bytes | None = None
    confirmed: int = 0
    prefix: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class DropCheckpoint:
    """Forget how far a try had come."""

    number: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Append:
    """A new line of the history."""

    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveTodo:
    """Something that must still happen; ``payload=None`` removes it. ``seen=0``: there is none yet."""

    kind: str
    about: str
    seen: int
    payload: Any
    due: Moment = 0
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveNote:
    """A small fact; ``value=None`` removes it. ``seen=0``: there is none yet; ``seen=None``: whatever there is."""

    kind: str
    key: str
    value: Any
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Reserve:
    """Take a short number that no operation will have; the reply says which."""


Change = Insert | Update | SaveCheckpoint | DropCheckpoint | Append | SaveTodo | SaveNote | Reserve
Unit = Sequence[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of one change.

    refused: None = taken; ``id``, ``version``, ``epoch``, ``missing``, or ``unit`` (another change of its unit was refused).
    number, version, want: of its operation, as they are now; number: also the reserved one. seq: of an event. existing: the record that has the id.
    """

    refused: str | None = None
    number: int = 0
    version: int = 0
    want: str | None = None
    seq: int = 0
    existing: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far an operation has come, as the journal knows; the server is asked first."""

    session: bytes | None = None
    confirmed: int = 0
    prefix: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a store says of itself when it opens. machine: whose journal it is."""

    journal: str
    schema: int
    machine: str
