"""What would be lost with a journal: uploads that have not ended, what servers keep of them, and what must still happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sendoff.errors import Json
from sendoff.model.operation import Record
from sendoff.model.query import Query
from sendoff.ports.store import Store

_MOST = 50_000  # operations that are counted
_FAR = 2**62


def remains(store: Store) -> dict[str, Json]:
    """How much is unfinished, by status. more: there is more than is counted. at_servers: of so many something half-done may lie at a server."""
    statuses: Counter[str] = Counter()
    at_servers = looked = 0
    for record in _of_interest(store):
        looked += 1
        if looked > _MOST:
            break
        if record.open:
            statuses[record.status.word] += 1
        checkpoint = store.checkpoint(record.number) if record.epoch else None
        at_servers += checkpoint is not None and checkpoint.session is not None
    todos = store.todos(_FAR, limit=1000)
    at_servers += sum(todo.kind == "abort" for todo in todos)
    return {"open": sum(statuses.values()), "statuses": dict(statuses), "more": looked > _MOST, "at_servers": at_servers, "todos": len(todos)}


def _of_interest(store: Store) -> Iterator[Record]:
    """What has not ended, and what failed: its session is kept for a retry."""
    for query in (Query(open=True), Query(statuses=("error",))):
        after: str | None = None
        while True:
            page = store.find(query, after=after, limit=1000)
            yield from page.items
            after = page.next
            if after is None:
                break
