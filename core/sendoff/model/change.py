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
    """A new operation. Refused (``id``) when its id is taken; the reply then names the one that has it.

    Example: ``Insert(record)``, with the ``Append`` of its event in the same unit.
    """

    record: Record


@dataclass(frozen=True, slots=True)
class Update:
    """New values for named fields of a record. Refused (``version``) unless its version is ``seen``, (``epoch``) unless its epoch is ``epoch``.

    number: of the record. seen: the version it had when it was read. epoch: of the claim that writes; None = whichever.

    >>> sendoff.Update(7, 3, {"label": "photos"}).epoch is None
    True
    """

    number: int
    seen: int
    fields: Mapping[str, Any]
    epoch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCheckpoint:
    """How far a try has come. Refused (``epoch``) when another try owns the operation.

    number: of the record. epoch: of the claim. session: sealed. confirmed: bytes that the server has. prefix: ``(length in bytes, crc32)`` of the source.

    >>> sendoff.SaveCheckpoint(number=7, epoch=1, confirmed=65536).session is None
    True
    """

    number: int
    epoch: int
    session: bytes | None = None
    confirmed: int = 0
    prefix: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class DropCheckpoint:
    """Forget how far a try had come. number: of the record. epoch: of the claim.

    >>> sendoff.DropCheckpoint(7, 1).number
    7
    """

    number: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Append:
    """A new line of the history.

    Example: ``Append(event)``; the store gives the event its ``seq``.
    """

    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveTodo:
    """Something that must still happen; ``payload=None`` removes it. Refused (``version``) unless it is as it was seen.

    seen: the version it had when it was read; 0 = there is none yet. due: from then on. tries: so many so far.

    >>> sendoff.SaveTodo(kind="abort", about="0190", seen=0, payload={"url": "https://h/1"}).tries
    0
    """

    kind: str
    about: str
    seen: int
    payload: Any
    due: Moment = 0
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveNote:
    """A small fact; ``value=None`` removes it. seen: the version it had when it was read; 0 = there is none yet; None = whatever there is.

    >>> sendoff.SaveNote(kind="group", key="night", value={"behavior": "serialized"}, seen=0).key
    'night'
    """

    kind: str
    key: str
    value: Any
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Reserve:
    """Take a short number that no operation will have; the reply says which.

    >>> sendoff.Reserve() == sendoff.Reserve()
    True
    """


Change = Insert | Update | SaveCheckpoint | DropCheckpoint | Append | SaveTodo | SaveNote | Reserve
Unit = Sequence[Change]
"""Changes that are written whole or not at all: ``commit([[Insert(record), Append(event)]], synced=True)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of one change.

    refused: None = taken; ``id``, ``version``, ``epoch``, ``missing``, or ``unit`` (another change of its unit was refused).
    number, version, want: of its operation, as they are now; number: also the reserved one. seq: of an event. existing: the record that has the id.

    >>> sendoff.Reply(number=7, version=1).refused is None
    True
    """

    refused: str | None = None
    number: int = 0
    version: int = 0
    want: str | None = None
    seq: int = 0
    existing: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far an operation has come, as the journal knows; the server is asked first.

    session: sealed. confirmed: bytes that the server has. prefix: ``(length in bytes, crc32)`` of what of the source went out.

    >>> sendoff.Checkpoint(confirmed=65536).prefix is None
    True
    """

    session: bytes | None = None
    confirmed: int = 0
    prefix: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a store says of itself when it opens. journal: its id. schema: its number. machine: whose journal it is.

    >>> sendoff.Opened(journal="0190", schema=1, machine="c0ffee").schema
    1
    """

    journal: str
    schema: int
    machine: str
