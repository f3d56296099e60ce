"""What is asked of an upload, what a transport saw, and the proof that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendoff.model.moment import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What must be true before an upload counts as done.

    verify: ``auto size digest read-back``. existing: ``overwrite skip fail``. digest: ``auto none sha256``. expected_sha256: hex.

    >>> sendoff.Demand(verify="read-back").existing
    'overwrite'
    """

    verify: str = "auto"
    existing: str = "overwrite"
    digest: str = "auto"
    expected_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What the server was seen to hold; never more than was observed.

    size: bytes. verified: ``read-back server-digest part-digests size accepted``, best first. digests: by algorithm, hex.
    existing: where overwriting was not allowed, what was seen of that: ``created skipped``, or ``unconfirmed`` by a server that may not heed it.

    >>> sendoff.Delivery(url="https://h.example/a.iso", size=7, verified="size").etag is None
    True
    """

    url: str
    size: int
    verified: str = "accepted"
    existing: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    version_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The proof of what landed.

    size: bytes. verified, digests, existing: as in ``Delivery``. bytes_resent: sent more than once. attempts: tries it took. finished_at: microseconds
    since 1970. road: how it was carried, ``stock``.

    >>> receipt = sendoff.put(b"hello", "archive:hello.txt").wait().receipt
    >>> receipt.size, receipt.attempts
    (5, 1)
    """

    url: str
    size: int
    verified: str
    finished_at: Moment
    digests: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    version_id: str | None = None
    bytes_resent: int = 0
    attempts: int = 1
    road: str = "stock"
    existing: str | None = None
