"""What lies unfinished at a destination: whose it is, and taking away what nobody will go on with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from sendoff.errors import InvalidArgument, Json, SendoffError
from sendoff.model.change import DropCheckpoint
from sendoff.model.moment import moment_text
from sendoff.model.operation import Record
from sendoff.model.query import Query, every
from sendoff.model.secret import public_url
from sendoff.model.session import Leftover
from sendoff.ports.store import Store
from sendoff.ports.transport import Aborting, Sweeping
from sendoff.runtime.abandonment import removals
from sendoff.runtime.addresses import Addresses
from sendoff.runtime.connections import Connections
from sendoff.runtime.journal import Journal
from sendoff.runtime.secrets import Secrets

_OPEN = Query(open=True)
_MAY_HAVE_SESSIONS = (_OPEN, Query(statuses=("error", "canceled")), _OPEN)  # twice: an end or a retry between two questions hides nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Operations by the id of their session at the server, and open ones by their address as long as the server's answer with that id has not come."""

    by_id: dict[str, Record] = field(default_factory=dict)
    beginning: dict[str, Record] = field(default_factory=dict)

    def note(self, record: Record, id: str, *, begins: bool = True) -> None:
        """begins: without an id it is about to get one, where the operation goes."""
        if id:
            self.by_id[id] = record
        elif begins and record.open:
            self.beginning[_place(record.spec.url)] = record

    def of(self, leftover: Leftover) -> Record | None:
        """Whose it is."""
        return self.by_id.get(str(leftover.session.data["id"])) or self.beginning.get(_place(leftover.url))


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
        """One row for each: ``url id began_at size owner operation removed problem``.

        owner: ``running`` (is left alone), ``ended`` (ours), ``unknown``. problem: why one that was to be removed is still there.
        """
        place = self.addresses.place(str(details["destination"]))
        transport = self.connections.asking(place, details.get("environment") or {})
        try:
            if not isinstance(transport, Sweeping):
                raise InvalidArgument(f"{public_url(place.url)}: the transport {place.transport} cannot see what lies unfinished there")
            found = list(transport.leftovers())  # whatever lies there was noted before it was begun: the journal is read after the server
            known = self._known()
            rows = [self._row(transport, leftover, known, details) for leftover in found]
        finally:
            self.connections.close(transport)
        return {"rows": rows, "removed": sum(row["removed"] for row in rows)}

    def _row(self, transport: Sweeping, leftover: Leftover, known: _Known, details: Mapping[str, Json]) -> dict[str, Json]:
        record = known.of(leftover)
        removed, problem = False, None
        if isinstance(transport, Aborting) and _wanted(record, details):
            record = self._newest(record)  # it may have been ordered to go on while others were removed
            if _wanted(record, details):
                removed, problem = self._remove(transport, leftover, record)
        began = None if leftover.began_at is None else moment_text(leftover.began_at)
        return {
            "url": public_url(leftover.url), "id": str(leftover.session.data["id"]), "began_at": began, "size": leftover.size, "owner": _owner(record),
            "operation": record.id if record else None, "removed": removed, "problem": problem,
        }  # fmt: skip

    def _remove(self, transport: Aborting, leftover: Leftover, record: Record | None) -> tuple[bool, str | None]:
        """Whether it is gone, or why it is not: one that cannot be removed keeps no other."""
        try:
            transport.abort(leftover)
        except SendoffError as error:
            return False, error.message
        if record is not None and self._held(record) == str(leftover.session.data["id"]):  # it may keep a later one, which is still there
            self.journal.commit([DropCheckpoint(record.number, record.epoch)])  # a retry begins anew
        return True, None

    def _held(self, record: Record) -> str:
        """The id of the session that a retry would go on with; empty where there is none."""
        checkpoint = self.store.checkpoint(record.number) if record.epoch else None
        return self._id(record, checkpoint.session) if checkpoint is not None and checkpoint.session is not None else ""

    def _newest(self, record: Record | None) -> Record | None:
        """The record as it is now; what was forgotten meanwhile has ended as it was."""
        items = self.store.find(Query(numbers=(record.number,)), limit=1).items if record else ()
        return items[0] if items else record

    def _known(self) -> _Known:
        known = _Known()
        for query in _MAY_HAVE_SESSIONS:
            for record in every(lambda after, query=query: self.store.find(query, after=after, limit=1000)):  # type: ignore[misc]
                checkpoint = self.store.checkpoint(record.number) if record.epoch else None
                if checkpoint is not None and checkpoint.session is not None:
                    known.note(record, self._id(record, checkpoint.session))
        for record, sealed in self._given_up():
            known.note(record, self._id(record, sealed), begins=False)
        return known

    def _given_up(self) -> Iterator[tuple[Record, bytes]]:
        """The sessions that are to be removed already."""
        for todo in removals(self.store):
            items = self.store.find(Query(numbers=(todo.payload["number"],)), limit=1).items
            if items:
                yield items[0], bytes.fromhex(todo.payload["session"])

    def _id(self, record: Record, sealed: bytes) -> str:
        return str(self.secrets.open_session(record.id, sealed).data.get("id") or "")


def _owner(record: Record | None) -> str:
    return "unknown" if record is None else "running" if record.open else "ended"


def _wanted(record: Record | None, details: Mapping[str, Json]) -> bool:
    """Whether it is to be removed: never what is being sent, what nobody here knows only when told."""
    return bool(details.get("remove")) and (bool(details.get("others")) if record is None else not record.open)


def _place(url: str) -> str:
    """What two addresses of one thing have in common, however they are written."""
    return unquote(url.partition("?")[0])
