"""A shipment on its own: a real file, no journal, every call a driver makes written down."""

from __future__ import annotations

import io
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from random import Random
from typing import Any, BinaryIO

from sendoff.errors import CredentialNeeded, DriverMissing, Interrupted, SendoffError, SessionLost, SourceChanged
from sendoff.model.delivery import Demand
from sendoff.model.header import Headers
from sendoff.model.limits import RetryRules
from sendoff.model.operation import Record, Spec
from sendoff.model.secret import Credential
from sendoff.model.session import Session
from sendoff.model.source import Source, SourceIdentity
from sendoff.model.target import Target
from sendoff.ports.clock import SystemClock
from sendoff.ports.http_protocol import HttpProtocol
from sendoff.ports.toolkit import CredentialSource, TransportToolkit
from sendoff.ports.transport import Shipment

CAP = 64 * 1024


class Wallet:
    """Hands out credentials one after the other: the next as soon as one is refused, ``CredentialNeeded`` after the last.

    >>> old, new = (Credential(kind="bearer", secret=text) for text in ("old", "new"))
    >>> wallet = Wallet(old, new)
    >>> wallet() is old, wallet(refused=old) is new
    (True, True)
    """

    def __init__(self, *credentials: Credential) -> None:
        self._left = list(credentials)
        self.asked: list[tuple[str, str | None]] = []
        self._lock = threading.Lock()

    def __call__(self, kind: str = "server", *, challenge: str | None = None, refused: Credential | None = None) -> Credential | None:
        """As ``CredentialSource`` says; only a server's are known."""
        with self._lock:
            self.asked.append((kind, challenge))
            if kind != "server":
                return None
            if refused is not None and self._left and self._left[0] == refused:
                self._left.pop(0)
                if not self._left:
                    raise CredentialNeeded("the last credential was refused")
            return self._left[0] if self._left else None


class CappedBody(io.BytesIO):
    """Keeps the beginning of an answer's body."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Keeps what fits."""
        super().write(bytes(data[: max(0, CAP - self.tell())]))
        return len(data)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that a driver kept."""

    status: int | None
    headers: tuple[tuple[str, str], ...]
    url: str
    body: CappedBody


@dataclass(kw_only=True, eq=False)
class LooseShipment:
    """Implements ``Shipment`` over a file.

    on_read: called before each read with its offset; may raise what a source raises. checkpoints: sessions recorded.
    confirmed: totals, in order. points: how many bytes had been read at each commit point. answers: kept ones, in order.
    furthest: as ``Shipment`` says; None where the session comes from elsewhere. given: bytes handed over, None = the driver does not say.

    >>> (tmp_path / "a").write_bytes(b"hello")
    5
    >>> shipment = LooseShipment(path=tmp_path / "a", target=Target("https://far.example/a"))
    >>> buffer = bytearray(5)
    >>> shipment.readinto(memoryview(buffer), 0), bytes(buffer)
    (5, b'hello')
    >>> shipment.close()
    """

    path: Path
    target: Target
    root: str = ""
    name: PurePosixPath = PurePosixPath("file")
    method: str | None = None
    headers: Headers = ()
    demand: Demand = Demand()
    deadline: float = float("inf")
    session: Session | None = None
    lanes: int = 1
    memory: int = 32 * 2**20
    credentials: CredentialSource = field(default_factory=Wallet)
    idempotency_key: str | None = None
    retry_unsafe: bool = False
    on_read: Callable[[int], None] = lambda offset: None
    checkpoints: list[Session] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    answers: list[Kept] = field(default_factory=list)
    furthest: int | None = None
    given: int | None = None
    protocol: str | None = None
    resumable: bool | None = None

    def __post_init__(self) -> None:
        self._file = self.path.open("rb", buffering=0)
        found = os.fstat(self._file.fileno())
        self.size, self.read = found.st_size, 0
        self.root = self.root or self.target.url.partition("?")[0].rpartition("/")[0] + "/"
        if self.session is None and self.furthest is None:
            self.furthest = 0
        self._identity = SourceIdentity.of(found, "")
        self._stop: Callable[[], None] | None = None
        self._interrupted = False
        self._lock = threading.Lock()
        self.operation = self._record()

    def _record(self) -> Record:
        source = Source(path=str(self.path), identity=self._identity)
        spec = Spec(
            transport="", url=self.target.public, root=self.root, name=str(self.name), source=source, method=self.method, demand=self.demand,
            idempotency_key=self.idempotency_key, retry_unsafe=self.retry_unsafe,
        )  # fmt: skip
        return Record(id=f"loose-{self.target.key}", batch="loose", spec=spec, lane="loose", created_at=0)

    def close(self) -> None:
        """Lets the file go."""
        self._file.close()

    def __enter__(self) -> LooseShipment:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what a driver calls

    def readinto(self, buffer: memoryview, offset: int, *, paced: bool = True) -> int:
        """Reads the file; what ``on_read`` raises, ``Interrupted`` after ``interrupt``, ``SourceChanged`` when it is another file now."""
        self.on_read(offset)
        self._check()
        if not SourceIdentity.of(os.fstat(self._file.fileno()), "").same_content(self._identity):
            raise SourceChanged(f"{self.path} was changed")
        count = os.preadv(self._file.fileno(), [buffer], offset)
        if not paced:
            return count
        self.read += count
        if self.furthest is not None:
            self.furthest = max(self.furthest, offset + count)
        return count

    def allowed(self, count: int) -> int:
        """All of them."""
        self._check()
        return count

    def handed(self, count: int) -> None:
        """Counted."""
        self.given = (self.given or 0) + count

    def carried(self, protocol: str, *, resumable: bool) -> None:
        """Kept in memory."""
        self.protocol, self.resumable = protocol, resumable

    def credential(self, kind: str = "server", *, challenge: str | None = None, refused: Credential | None = None) -> Credential | None:
        """From ``credentials``."""
        return self.credentials(kind, challenge=challenge, refused=refused)

    def record(self, session: Session) -> None:
        """Kept in memory, even where it is to stop."""
        self.session = session
        self.checkpoints.append(session)
        self._check()

    def confirm(self, total: int, session: Session | None = None) -> None:
        """Kept in memory; ``SessionLost`` for what cannot be."""
        self.session = session or self.session
        if self.session is not None and not 0 <= total <= min(self.size, self.size if self.furthest is None else self.furthest):
            raise SessionLost(f"{self.target.public} claims to have {total} bytes where it can have {self.furthest} of {self.size} at most")
        self.confirmed.append(total)

    def commit_point(self) -> None:
        """Kept in memory."""
        self._check()
        self.points.append(self.read)

    def answered(self, status: int | None, headers: Sequence[tuple[str, str]], url: str) -> BinaryIO:
        """Kept in memory, the body up to 64 KiB."""
        body = CappedBody()
        self.answers.append(Kept(status, tuple(headers), url, body))
        return body

    @contextmanager
    def on_interrupt(self, stop: Callable[[], None]) -> Iterator[None]:
        """``interrupt`` calls ``stop`` while inside."""
        with self._lock:
            self._stop = stop
        try:
            self._check()
            yield
        finally:
            with self._lock:
                self._stop = None

    # -- what the other side calls

    def interrupt(self) -> None:
        """Stops the try, from any thread, as sendoff does it: the flag first, then the blocked call."""
        with self._lock:
            self._interrupted = True
            stop, self._stop = self._stop, None
        if stop is not None:
            stop()

    def _check(self) -> None:
        if self._interrupted:
            raise Interrupted("the test interrupted it")


class LooseShipments:
    """Implements ``Shipments`` over loose ones."""

    def __init__(self, *shipments: LooseShipment) -> None:
        self._shipments = shipments

    def __len__(self) -> int:
        """How many."""
        return len(self._shipments)

    def __iter__(self) -> Iterator[LooseShipment]:
        """Each of them."""
        return iter(self._shipments)

    def record(self, sessions: Sequence[tuple[Shipment, Session]]) -> Sequence[tuple[Shipment, SendoffError]]:
        """Each by itself."""
        failed: list[tuple[Shipment, SendoffError]] = []
        for shipment, session in sessions:
            try:
                shipment.record(session)
            except SendoffError as error:
                failed.append((shipment, error))
        return failed


def installed_protocol(name: str, options: Mapping[str, Any], toolkit: TransportToolkit) -> HttpProtocol:
    """The HTTP protocol of this name that is installed in this interpreter."""
    from importlib.metadata import entry_points

    found = list(entry_points(group="sendoff.http_protocols", name=name))
    if not found:
        raise DriverMissing(f"no HTTP protocol {name!r} is installed here")
    kind = found[0].load()
    made: HttpProtocol = kind(kind.Settings(**options), toolkit)
    return made


def loose_toolkit(
    *, credential: CredentialSource | None = None, environment: Mapping[str, str] | None = None, rules: RetryRules | None = None
) -> TransportToolkit:
    """A toolkit that needs no host: this machine's clock, a seeded random, an ordinary logger, an empty environment, whatever protocols are installed.

    >>> toolkit = loose_toolkit(environment={"HOME": "/home/ann"})
    >>> toolkit.environment["HOME"], toolkit.credential()
    ('/home/ann', None)
    """
    return TransportToolkit(
        clock=SystemClock(), random=Random(1), log=logging.getLogger("sendoff.testing"), credential=credential or Wallet(),
        environment=environment or {}, rules=rules or RetryRules(), http_protocols=installed_protocol,
    )  # fmt: skip
