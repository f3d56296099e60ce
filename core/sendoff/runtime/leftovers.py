"""What lies unfinished at a destination: whose it is, and taking away what nobody will go on with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sendoff.errors import InvalidArgument, Json
from sendoff.model.change import DropCheckpoint
from sendoff.model.moment import moment_text
from sendoff.model.operation import Record
from sendoff.model.query import Query, every
from sendoff.model.secret import public_url
from sendoff.model.session import Leftover
from sendoff.ports.store import Store
from sendoff.ports.transport import Aborting, Sweeping
from sendoff.runtime.addresses import Addresses
from sendoff.runtime.connections import Connections
from sendoff.runtime.journal import Journal
from sendoff.runtime.secrets import Secrets

_MOST_TODOS = 10_000
_FAR = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """Answers ``ask("leftovers")``.

    details: ``destination``; ``environment``, the asker's; ``remove``: take away ours, of uploads that have ended; ``others``: take away what nobody here
    knows, too.
    """

    store: Store
    journal: Journal
    addresses: Addresses
    connections: Connections
    secrets: Secrets

    def ask(self, details: Mapping[str, Json]) -> Json:
        """One row for each: ``url id began_at size owner operation removed``. owner: ``running`` (is left alone), ``ended`` (ours), ``unknown``."""
        place = self.addresses.place(str(details["destination"]))
        transport = self.connections.make(place, bundle=self.secrets.identity_of(details.get("environment") or {}))
        try:
            if not isinstance(transport, Sweeping):
                raise InvalidArgument(f"{public_url(place.url)}: the transport {place.transport} cannot see what lies unfinished there")
            known = self._known()
            rows = [self._row(transport, leftover, known, details) for leftover in transport.leftovers()]
        finally:
            transport.close()
        return {"rows": rows, "removed": sum(row["removed"] for row in rows)}

    def _row(self, transport: Sweeping, leftover: Leftover, known: Mapping[str, Record], details: Mapping[str, Json]) -> dict[str, Json]:
        id = str(leftover.session.data["id"])
        record = known.get(id)
        owner = "unknown" if record is None else "running" if record.open else "ended"
        wanted = bool(details.get("remove")) and (owner == "ended" or (owner == "unknown" and bool(details.get("others"))))
        if wanted and isinstance(transport, Aborting):
            transport.abort(leftover)
            if record is not None:
                self.journal.commit([DropCheckpoint(record.number, record.epoch)])  # a retry begins anew
        return {
            "url": public_url(leftover.url), "id": id, "began_at": None if leftover.began_at is None else moment_text(leftover.began_at),
            "size": leftover.size, "owner": owner, "operation": record.id if record else None, "removed": wanted,
        }  # fmt: skip

    def _known(self) -> dict[str, Record]:
        """The operation of each session that this journal knows, by the session's id at the server."""
        return {id: record for id, record in self._sessions() if id}

    def _sessions(self) -> Iterator[tuple[str, Record]]:
        for query in (Query(statuses=("error", "canceled")), Query(open=True)):
            for record in every(lambda after, query=query: self.store.find(query, after=after, limit=1000)):  # type: ignore[misc]
                checkpoint = self.store.checkpoint(record.number) if record.epoch else None
                if checkpoint is not None and checkpoint.session is not None:
                    yield self._id(record, checkpoint.session), record
        for todo in self.store.todos(_FAR, kind="abort", limit=_MOST_TODOS):
            items = self.store.find(Query(numbers=(todo.payload["number"],)), limit=1).items
            if items:
                yield self._id(items[0], bytes.fromhex(todo.payload["session"])), items[0]

    def _id(self, record: Record, sealed: bytes) -> str:
        return str(self.secrets.open_session(record.id, sealed).data.get("id") or "")
