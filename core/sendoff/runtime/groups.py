"""How groups behave: on record before it is in force, and read by whoever starts something."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from sendoff.errors import InvalidArgument, Json
from sendoff.model.change import SaveNote
from sendoff.model.group import checked_group
from sendoff.model.query import every
from sendoff.model.status import TransferBehavior
from sendoff.runtime.journal import Journal

GROUP = "group"  # by name: how it behaves; a parallel one, as every group is at first, has no note


class Groups:
    """The serialized groups. A group is a name; it needs no row to be there, and one that is as it was made leaves none behind."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._serialized: set[str] = set()
        self._lock = threading.Lock()

    def load(self) -> None:
        """What earlier processes have put on record."""
        notes = every(lambda after: self._journal.store.notes(GROUP, after=after))
        self._serialized = {note.key for note in notes if note.value["behavior"] == TransferBehavior.SERIALIZED.word}

    def serialized(self, name: str | None) -> bool:
        """Whether no two of it may run at once."""
        return name in self._serialized

    def behave(self, name: str, behavior: TransferBehavior) -> None:
        """From now on it behaves so: what runs goes on, what waits obeys."""
        with self._lock:
            value = {"behavior": behavior.word} if behavior is TransferBehavior.SERIALIZED else None
            self._journal.commit([SaveNote(kind=GROUP, key=checked_group(name), value=value)])
            (self._serialized.add if value else self._serialized.discard)(name)

    def ask(self, details: Mapping[str, Json]) -> Json:
        """How the group ``name`` behaves."""
        name = checked_group(str(details.get("name") or ""), "group")
        behavior = TransferBehavior.SERIALIZED if self.serialized(name) else TransferBehavior.PARALLEL
        return {"name": name, "behavior": behavior.word}


def behavior_of(word: Json) -> TransferBehavior:
    """The behavior of this name; ``InvalidArgument``."""
    found = next((one for one in TransferBehavior if one.word == word), None)
    if found is None:
        raise InvalidArgument(f"behavior {word!r}: choose from {', '.join(one.word for one in TransferBehavior)}")
    return found
