"""Programs whose uploads go by their life: known from the first of these on, and seen to be gone."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from sendoff.desk.kinds import text_or_none
from sendoff.errors import InvalidState, Json
from sendoff.model.change import SaveNote
from sendoff.model.operation import Record
from sendoff.model.query import Query, every
from sendoff.model.status import Want
from sendoff.policy.decision import Decision
from sendoff.policy.parting import parted
from sendoff.ports.clock import Clock
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.signals import Queued, Signal, Stop

CLIENT = "client"  # the kind of note that remembers one, until all that goes by its life was left
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Clients:
    """Sees to what a program leaves that is gone. held: whether the one with this id is still there. signal: tells the conductor."""

    def __init__(self, ledger: Ledger, clock: Clock, *, held: Callable[[str], bool], signal: Callable[[Signal], None]) -> None:
        self._ledger, self._clock, self._held, self._signal = ledger, clock, held, signal
        self._door = threading.Lock()  # nothing comes to go by the life of one while it is left
        self._known: set[str] = set()

    def load(self) -> None:
        """Those that an earlier owner of the journal knew."""
        self._known = {note.key for note in every(lambda after: self._ledger.journal.store.notes(CLIENT, after=after))}

    @contextmanager
    def joined(self, clients: Collection[str]) -> Iterator[None]:
        """As long as something comes to go by their life; ``InvalidState`` for one that is gone."""
        if not clients:
            yield
            return
        with self._door:
            for client in clients:
                self._admit(client)
            yield

    def bound(self, client: str | None) -> str | None:
        """The client itself, None when it is not there any more."""
        return client if client in self._known else None

    def ask(self, details: Mapping[str, Json]) -> Json:
        """Answers ``ask("clients")``: what goes by the life of one that is gone, or is ``over``, has been left."""
        over = text_or_none("over", details.get("over"))
        if over in self._known:
            self._leave(str(over))
        return {"gone": self.look()}

    def look(self) -> int:
        """Leave what goes by the life of those that are gone; how many these are."""
        gone = [client for client in tuple(self._known) if not self._held(client)]
        for client in gone:
            self._leave(client)
        return len(gone)

    def _admit(self, client: str) -> None:
        if not _ID.fullmatch(client) or not self._held(client):
            raise InvalidState(f"nobody is there by whose life an upload could go: {client[:64]!r}", hint='sendoff.connect(parity="winrt") makes a client')
        if client not in self._known:
            self._ledger.journal.commit([SaveNote(kind=CLIENT, key=client, value={})])
            self._known.add(client)

    def _leave(self, client: str) -> None:
        """All of it, each as soon as it is found; it is forgotten when nothing was left out, and otherwise seen to again."""
        with self._door:
            store = self._ledger.journal.store
            for record in every(lambda after: store.find(Query(open=True), after=after, limit=1000)):
                if record.spec.client == client:
                    self._part(record)
            note = store.note(CLIENT, [client]).get(client)
            if note is not None:
                self._ledger.journal.commit([SaveNote(kind=CLIENT, key=client, seen=note.version, value=None)])
            self._known.discard(client)
        self._signal(Queued())

    def _part(self, record: Record) -> None:
        client = record.spec.client

        def decide(newest: Record) -> Decision | None:
            return parted(newest, self._clock.wall()) if newest.spec.client == client else None

        after = self._ledger.enter_latest(record, decide)
        if after is not None and after.want == Want.LEFT:
            self._signal(Stop(after.number, "its program ended"))
