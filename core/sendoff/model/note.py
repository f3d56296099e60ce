"""Small durable facts, and things that must still happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sendoff.model.moment import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A small keyed fact: a group, a sink's position, an environment. value: JSON, at most 256 KiB. version: grows with every change, from 1.

    >>> sendoff.Note(kind="group", key="night", value={"behavior": "serialized"}).version
    1
    """

    kind: str
    key: str
    value: Any
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """What must still happen after an operation's end: kept until it was seen done.

    about: the operation's id, with or without a dot and its round, or a notice's. due: from then on. tries: so many so far. version: grows with every change.

    >>> sendoff.Todo(kind="abort", about="0190.1", payload={}, due=0).tries
    0
    """

    kind: str
    about: str
    payload: Any
    due: Moment
    tries: int = 0
    version: int = 1
