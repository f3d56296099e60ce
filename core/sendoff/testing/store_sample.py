"""Records and events for a store's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sendoff.model.change import Append, Change, Insert, Reply
from sendoff.model.delivery import Demand, Receipt
from sendoff.model.event import Event
from sendoff.model.operation import Failure, Record, Spec, Tally
from sendoff.model.query import Query
from sendoff.model.response import Response
from sendoff.model.source import Form, Part, Source, SourceIdentity
from sendoff.model.status import CostPolicy, TransferPriority, TransferStatus
from sendoff.ports.store import Store

NOW = 1_800_000_000_000_000
LANE = "1|0|0||https://a.example:443"


def sample(name: str, *, metadata: dict[str, Any] | None = None, source: Source | None = None, **fields: Any) -> Record:
    """A new record whose id is ``name``; it waits and is due unless ``fields`` says otherwise."""
    spec = Spec(
        transport="http",
        url=f"https://a.example/{name}",
        root="https://a.example/",
        name=name,
        source=source or Source(path=f"/files/{name}"),
        metadata=metadata or {},
    )
    return Record(**{"id": name, "batch": "batch", "spec": spec, "lane": LANE, "created_at": NOW, "due": NOW, **fields})


def full_sample(name: str) -> Record:
    """A record in which every field has a value of its own."""
    identity = SourceIdentity(size=7, mtime_ns=2**62, ctime_ns=3, inode=2**60, device=5, boot="b")
    file = Part(name="ä", filename="b.jpg", headers=(("Content-Disposition", 'form-data; name="ä"'),), source=Source(path="/b", identity=identity), size=7)
    form = Form(parts=(Part(name="k", content="dg==", size=1), file, Part(name="token", size=6)), subtype="mixed", boundary="x")
    return Record(
        id=name, batch="a batch", lane="0|2|1|g|media", created_at=NOW, version=3, epoch=4, owner="somebody", round=2, reason="backoff", want="pause",
        status=TransferStatus.PAUSED_SYSTEM_POLICY, reason_text="später: \udcff", needs={"what": "credential", "command": "sendoff x"}, point=True,
        group="g", priority=TransferPriority.HIGH, rank=1.5, site="here", due=NOW + 1, target="t", holds_target=True, open=False, acknowledged_at=5,
        started_at=6, finished_at=7, environment="e", sealed=bytes(range(256)),
        spec=Spec(
            transport="http", url="https://a.example/ä\"\n", root="https://a.example/", name="ä\"\n", method="POST", destination="media", exact=True,
            source=Source(kind="spool", path="/ä/\udcff", mount="/ä", identity=identity, form=form, offset=1, length=2, origin="/o", taken=identity),
            local=True, then="delete", client="its-program", unconstrained=True,
            headers=(("A", "1"), ("B", "***")), credential="env:X",
            cost_policy=CostPolicy.ALWAYS, label="l", metadata={"deep": {"list": [1, None, True, 1.5]}, "ü": "ö"}, idempotency_key="k", patience=0,
            demand=Demand(verify="size", existing="fail", digest="sha256", expected_sha256="ab"), retry_unsafe=True, attempts=2,
            if_changed="restart", recoverable_errors=(403, 6), options={"chunk": 1},
        ),
        tally=Tally(attempts=1, requests=2, spent=3, pause=4, confirmed=5, sent=6, resent=7, lost=8, unsettled=9, restarted=True, resumable=False),
        response=Response(status=503, headers=(("Retry-After", "1"),), url="https://a.example/", body=9, truncated=True),
        error=Failure(code="server_busy", message="busy", side="server", http_status=503, web_error=503, retryable=True, hint="wait"),
        receipt=Receipt(url="https://a.example/", size=7, verified="size", finished_at=7, digests={"sha256": "ab"}, etag='"x"', bytes_resent=1, attempts=2),
    )  # fmt: skip


def happened(operation: str = "", *, type: str = "created", batch: str = "batch", **fields: Any) -> Event:
    """An event about an operation."""
    return Event(**{"id": f"{type} of {operation}", "time": NOW, "type": type, "operation": operation, "batch": batch, **fields})


def write(store: Store, *changes: Change) -> list[Reply]:
    """Commit the changes as one unit; its replies."""
    (replies,) = store.commit([changes], synced=True)
    return list(replies)


def create(store: Store, name: str, **fields: Any) -> int:
    """Store a new record and its event; its number."""
    reply, _ = write(store, Insert(sample(name, **fields)), Append(happened(name)))
    assert reply.refused is None
    return reply.number


def read(store: Store, number: int) -> Record:
    """The record with this number, which must be there."""
    (record,) = store.find(Query(numbers=(number,))).items
    return record


def walk(store: Store, query: Query, *, limit: int = 100) -> Iterator[Record]:
    """Every record of every page; a store whose pages never end is caught."""
    after = None
    for _ in range(1000):
        page = store.find(query, after=after, limit=limit)
        assert len(page.items) <= limit
        yield from page.items
        after = page.next
        if after is None:
            return
    raise AssertionError("the pages do not end")


def names(store: Store, query: Query) -> list[str]:
    """The ids of whatever a query finds."""
    return [record.id for record in walk(store, query)]


def due_names(store: Store, *, lane: str = LANE, now: int = NOW, limit: int = 100) -> list[str]:
    """The ids of what is due in a lane."""
    return [record.id for record in store.due(lane, now, limit)]
