"""Facts about destinations that drivers have found out, kept as notes over restarts."""

from __future__ import annotations

from hashlib import blake2b

from sendoff.errors import Json
from sendoff.model.change import SaveNote
from sendoff.ports.clock import Clock
from sendoff.runtime.journal import Journal

LEARNED, TRUSTED = "learned", "trusted"


class NotedLearned:
    """Implements ``ports.toolkit.Learned``. place: what the facts are about, as text; only its digest is kept. kind: of the notes."""

    def __init__(self, journal: Journal, clock: Clock, place: str, kind: str = LEARNED) -> None:
        self._journal, self._clock, self._kind = journal, clock, kind
        self._place = blake2b(place.encode(), digest_size=12).hexdigest()
        self._known: dict[str, Json] = {}

    def get(self, key: str) -> Json:
        """As the port says; read once."""
        if key not in self._known:
            note = self._journal.store.note(self._kind, [self._key(key)]).get(self._key(key))
            self._known[key] = note.value["fact"] if note is not None else None
        return self._known[key]

    def put(self, key: str, value: Json) -> None:
        """As the port says."""
        self._known[key] = value
        self._write(key, {"fact": value, "at": self._clock.wall()})

    def forget(self, key: str) -> None:
        """As the port says."""
        self._known[key] = None
        self._write(key, None)

    def _write(self, key: str, value: Json) -> None:
        self._journal.post([SaveNote(kind=self._kind, key=self._key(key), value=value)])

    def _key(self, key: str) -> str:
        return f"{self._place}.{key}"
