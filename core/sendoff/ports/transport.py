"""Carrying bytes to a destination."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import PurePosixPath
from typing import Any, BinaryIO, ClassVar, Protocol

from sendoff.errors import SendoffError
from sendoff.model.delivery import Delivery, Demand
from sendoff.model.destination import Destination
from sendoff.model.header import Headers
from sendoff.model.operation import Record
from sendoff.model.secret import Credential
from sendoff.model.server_key import ServerKey
from sendoff.model.session import Leftover, Probe, Session
from sendoff.model.target import Target
from sendoff.ports.toolkit import TransportToolkit


class Shipment(Protocol):
    """All that a driver sees of sendoff during a try; any method may be called from any thread.

    headers: to send, secrets revealed only by ``Secret.reveal``. deadline: monotonic seconds at which the try should be over, or infinity.
    size: bytes of the source. session: the last one recorded, opened; None = begin anew. lanes: connections this try may use at once.
    memory: bytes of the source that it may hold at once, whatever it needs besides.

    Example: ``while count := shipment.readinto(room, offset): connection.sendall(room[:count])``; ``shipment.handed(count)`` and ``offset += count`` follow.
    """

    operation: Record
    root: str
    name: PurePosixPath
    target: Target
    headers: Headers
    size: int
    demand: Demand
    deadline: float
    session: Session | None
    lanes: int
    memory: int

    @property
    def furthest(self) -> int | None:
        """How far into the source anything was handed over, by this try and those before it; None = nobody knows any more."""
        ...

    def readinto(self, buffer: memoryview, offset: int, *, paced: bool = True) -> int:
        """Fill from the source; the bytes read, 0 at its end.

        buffer: to be filled. offset: bytes from the beginning of the source. paced: it is for being sent; False for a look, a digest for instance, which counts
        nowhere. The source's identity is checked and ``Interrupted`` raised here. Errors: ``SourceChanged``, ``SourceUnavailable``, ``SourceUnreadable``.
        """
        ...

    def allowed(self, count: int) -> int:
        """How many bytes that were read ahead may go out now, where bandwidth is limited; waits until it is one at least.

        For a transport that ``paces`` alone: for any other ``readinto`` waits. count: bytes that are there to be sent. Errors: ``Interrupted``.
        """
        ...

    def credential(self, kind: str = "server", *, challenge: str | None = None, refused: Credential | None = None) -> Credential | None:
        """The one to use now; None when none is configured; with ``refused`` a newer one.

        kind: ``server`` or ``proxy``. challenge: what the server asked for. refused: the one that it did not take. Errors: ``CredentialNeeded``.
        """
        ...

    def record(self, session: Session) -> None:
        """Put the session on disk, synced, before it returns; call it before the first byte that depends on it.

        session: what is needed to go on. Errors: ``Interrupted`` where the try is to stop, once it is on record, so that nothing is forgotten that a server
        has made; ``Superseded``, ``JournalFull``.
        """
        ...

    def confirm(self, total: int, session: Session | None = None) -> None:
        """The server has acknowledged this much. Never blocks. May go down.

        total: bytes in all (parts: their sum). session: a newer one. Errors: ``SessionLost`` where that is more than was ever handed over, or than the source
        has: the session is somebody else's, or the server is broken.
        """
        ...

    def handed(self, count: int) -> None:
        """More of the source was given to the network. Who never says so is taken to have given all that was read. count: bytes. Errors: none."""
        ...

    def carried(self, protocol: str, *, resumable: bool) -> None:
        """How this try is carried, where a destination has several ways; for people to read.

        protocol: a word. resumable: it goes on after a break. Errors: none.
        """
        ...

    def commit_point(self) -> None:
        """Call before handing over the bytes that complete a request. Synced where repeating it is unsafe, else free."""
        ...

    def answered(self, status: int | None, headers: Sequence[tuple[str, str]], url: str) -> BinaryIO:
        """Keep this response, errors too; write its body to what this returns (the rest beyond the cap is dropped).

        status: as HTTP has it; None where there is none. headers: every line in its order. url: of whoever answered. Errors: none.
        """
        ...

    def on_interrupt(self, stop: Callable[[], None]) -> AbstractContextManager[None]:
        """Inside this context a blocked call can be broken.

        stop: shuts the socket down, never closes it; called at most once, from another thread. Errors: ``Interrupted`` where that is so already.
        """
        ...


class Transport(ABC):
    """Carries bytes to one destination for one identity. Made and closed by the core, used by many threads, keeps its connections.

    schemes: of the addresses it serves. methods: the verbs it knows, () where there are none; the first is the default.
    resumable: False where a broken upload always begins again, None where the server says.
    literal: options that an upload by the literal rules of ``BackgroundUploader`` has where nobody says otherwise.
    compares: a resumed try compares what the server has with the source, and sends again what differs.
    paces: it reads ahead of what it sends, and asks ``shipment.allowed`` before bytes go out; else ``readinto`` gives no more than may.
    Settings: a pydantic model of ``[transports.NAME]`` and the destination's own keys; unknown keys are errors.

    Example: ``sendoff_sftp.transport:SftpTransport``.
    """

    schemes: ClassVar[tuple[str, ...]]
    methods: ClassVar[tuple[str, ...]] = ()
    resumable: ClassVar[bool | None] = None
    compares: ClassVar[bool] = False
    paces: ClassVar[bool] = False
    literal: ClassVar[Mapping[str, Any]] = {}
    Settings: ClassVar[type]

    def __init__(self, destination: Destination, settings: Any, toolkit: TransportToolkit) -> None:
        """No input or output happens here."""
        self.destination, self.settings, self.toolkit = destination, settings, toolkit

    @abstractmethod
    def target(self, name: PurePosixPath) -> Target:
        """The full address of one thing, inside the root. Pure. name: path below the root. Errors: ``InvalidArgument``."""

    @abstractmethod
    def send(self, shipment: Shipment) -> Delivery:
        """One try, from ``shipment.session`` if there is one (the server is asked first). Returns only what the server was seen to hold.

        shipment: what is to be sent. Errors: any that stands in the tree of ``sendoff.errors`` below *what a driver says*, and what the shipment raises.
        """

    def close(self) -> None:
        """Let connections go; the next send opens new ones."""


class Shipments(Protocol):
    """A run: several small ones for one connection.

    Example: ``for shipment in shipments: ...``, the sessions of all of them on disk by one ``shipments.record(...)``.
    """

    def __len__(self) -> int:
        """How many."""
        ...

    def __iter__(self) -> Iterator[Shipment]:
        """Each, in the order in which they are due."""
        ...

    def record(self, sessions: Sequence[tuple[Shipment, Session]]) -> Sequence[tuple[Shipment, SendoffError]]:
        """As ``Shipment.record`` for several, on disk together; gives back those for which that failed, and what each would have raised."""
        ...


class Bundling(ABC):
    """A transport that carries many small ones on one connection faster than one after the other.

    Example: ``sendoff_sftp.transport:SftpTransport``.
    """

    @abstractmethod
    def send_bundle(self, shipments: Shipments) -> Iterator[tuple[Shipment, Delivery | SendoffError] | None]:
        """One try of each, told as soon as it is known, in any order, once. Whose bytes went out is told; whoever is not told has not begun.

        shipments: the run. None now and then while it waits for something: so that what was told before is passed on meanwhile.

        What one of them raises (``Interrupted``, ``SourceChanged``) is told of this one and ends no other. A connection that breaks is ``Transient`` for
        whoever has begun, and ends the run. Errors: where the connection does not come about, or a person must help all of them.
        """


class Aborting(ABC):
    """A transport whose sessions leave something at the server.

    Example: ``sendoff_s3.transport:S3Transport``.
    """

    @abstractmethod
    def abort(self, leftover: Leftover) -> None:
        """Returns when the server was seen to hold nothing more. Called until it does. leftover: what to remove. Errors: as ``Transport.send``."""


class Sweeping(ABC):
    """A transport that can see what lies unfinished at its destination, whoever began it.

    Example: ``sendoff_s3.transport:S3Transport``.
    """

    @abstractmethod
    def leftovers(self) -> Iterator[Leftover]:
        """Unfinished uploads below the destination's address. The ``id`` in a session's data is the one that ``send`` recorded: so ours are known again."""


class Probing(ABC):
    """A transport that can ask without sending.

    Example: ``sendoff_http.transport:HttpTransport``.
    """

    @abstractmethod
    def probe(self) -> Probe:
        """Is it there, may we write, can it resume; no body bytes. A person waits for it: at most some 15 seconds. Errors as ``send``."""


class Trusting(ABC):
    """A transport whose servers prove themselves by a key that a person knows; what a person accepts is kept in ``toolkit.trusted``.

    Example: ``sendoff_sftp.transport:SftpTransport``.
    """

    @abstractmethod
    def server_key(self) -> ServerKey:
        """What the server shows now, and what is known of that key. Nothing is sent to it, no login either."""

    @abstractmethod
    def trust(self, fingerprint: str) -> ServerKey:
        """Accepts what the server shows now.

        fingerprint: ``SHA256:...``. Errors: ``InvalidArgument`` if it shows another, ``HostKeyUnknown`` for one that is not to be accepted like this.
        """

    @abstractmethod
    def distrust(self) -> bool:
        """Forgets what was accepted; whether there was anything."""
