"""A server in memory and two transports to it: one that sends whole, one that resumes. Faults come in at named points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, ClassVar

from sendoff.errors import InvalidArgument, SessionLost, Transient, Unverified
from sendoff.model.delivery import Delivery
from sendoff.model.destination import Destination
from sendoff.model.session import Leftover, Session
from sendoff.model.target import Target
from sendoff.ports.http_protocol import Exchange, Finished
from sendoff.ports.session_protocol import SessionProtocol
from sendoff.ports.toolkit import TransportToolkit
from sendoff.ports.transport import Aborting, Shipment, Sweeping, Transport

KIND = "memory/1"
Point = Callable[[str, str], None]


def nothing_happens(_point: str, _operation: str) -> None:
    """The point at which no fault comes in."""


@dataclass(slots=True)
class Upload:
    """A session as the server keeps it. acked: bytes whose answer the client has seen. recorded: the client has it on disk. foreign: somebody has written
    to it of whom the client cannot know, so that it rightly gives it up.
    """

    url: str
    length: int
    operation: str
    turn: int = 1
    body: bytearray = field(default_factory=bytearray)
    acked: int = 0
    recorded: bool = False
    foreign: bool = False


@dataclass(slots=True)
class MemoryServer:
    """Holds things by address, sessions by id, and what was posted in the order it came.

    point: called at each step of each transport with its name and the operation's id; it may raise, and that is the fault.
    repeated: bytes that were sent again although their answer had been seen.

    >>> server = MemoryServer()
    >>> id = server.begin("plain://there/a", 5, "an-operation", 0)
    >>> server.append(id, 0, b"hello")
    >>> server.finish(id)
    >>> server.things
    {'plain://there/a': b'hello'}
    """

    point: Point = nothing_happens
    things: dict[str, bytes] = field(default_factory=dict)
    posted: list[tuple[str, bytes]] = field(default_factory=list)
    uploads: dict[str, Upload] = field(default_factory=dict)
    finished: dict[str, str] = field(default_factory=dict)
    repeated: int = 0
    made: int = 0

    def begin(self, url: str, length: int, operation: str, turn: int) -> str:
        """A new session of an operation in its round ``turn``; its id. What another of that round holds is sent again."""
        standing = [one for one in self.uploads.values() if (one.operation, one.turn) == (operation, turn) and one.recorded and not one.foreign]
        self.repeated += sum(one.acked for one in standing)
        self.made += 1
        id = f"u{self.made}"
        self.uploads[id] = Upload(url=url, length=length, operation=operation, turn=turn)
        return id

    def seen(self) -> tuple[int, dict[str, tuple[int, int]]]:
        """What was repeated, and what of each upload was confirmed and is there, so far."""
        return self.repeated, {id: (upload.acked, len(upload.body)) for id, upload in self.uploads.items()}

    def unsee(self, before: tuple[int, dict[str, tuple[int, int]]]) -> None:
        """Take back what was counted since: whoever did it is not the one who counts."""
        self.repeated, known = before
        for id, upload in self.uploads.items():
            upload.acked, there = known.get(id, (0, 0))
            upload.foreign = upload.foreign or len(upload.body) != there

    def recorded(self, id: str) -> bool:
        """The client has the session on disk, as its next step shows; whether that is news."""
        upload = self.uploads.get(id)
        if upload is None or upload.recorded:
            return False
        upload.recorded = True
        return True

    def append(self, id: str, offset: int, block: bytes) -> None:
        """Take bytes at an offset, which must be the end of what is there."""
        upload = self.uploads[id]
        self.repeated += max(upload.acked - offset, 0)
        if offset != len(upload.body):
            raise Transient(f"the upload is at {len(upload.body)}, not at {offset}")
        upload.body += block

    def finish(self, id: str) -> None:
        """Publish a whole upload under its address, at once."""
        upload = self.uploads.pop(id)
        self.things[upload.url] = bytes(upload.body)
        self.finished[id] = upload.url


class _MemoryTransport(Transport):
    """What both have in common. The server and the block size are options of the destination."""

    schemes: ClassVar[tuple[str, ...]] = ()
    Settings = dict

    def __init__(self, destination: Destination, settings: Any, toolkit: TransportToolkit) -> None:
        super().__init__(destination, settings, toolkit)
        self.server: MemoryServer = settings["server"]
        self.block: int = settings.get("block", 256)

    def target(self, name: PurePosixPath) -> Target:
        """Below the root; it does not climb."""
        if name.is_absolute() or ".." in name.parts or not name.parts:
            raise InvalidArgument(f"{name} does not name a thing below {self.destination.url}")
        return Target(self.destination.url if self.destination.exact else f"{self.destination.url}{name}")


class PlainTransport(_MemoryTransport):
    """Sends whole; a thing appears when its last byte has come, and the answer may be lost.

    >>> from sendoff.testing.shipment import loose_toolkit
    >>> there = PlainTransport(Destination(url="plain://there/", transport="plain"), {"server": MemoryServer()}, loose_toolkit())
    >>> there.target(PurePosixPath("a")).url
    'plain://there/a'
    """

    schemes = ("plain",)
    methods = ("PUT", "POST")

    def send(self, shipment: Shipment) -> Delivery:
        """One try, from the first byte."""
        id, server, offset, body = shipment.operation.id, self.server, 0, b""
        server.point("connect", id)
        while offset + self.block < shipment.size:
            body += read_block(shipment, offset, self.block)
            offset = len(body)
            server.point("body", id)
        if offset < shipment.size:
            rest = read_block(shipment, offset, self.block)
            server.point("before_last", id)
            shipment.commit_point()
            body += rest
        else:
            shipment.commit_point()
        server.point("last", id)
        self._take(shipment, body)
        server.point("answer", id)
        shipment.answered(200, (("Server", "memory"),), shipment.target.url)
        shipment.confirm(len(body))
        return Delivery(url=shipment.target.url, size=len(body), verified="size")

    def _take(self, shipment: Shipment, body: bytes) -> None:
        if shipment.operation.spec.method == "POST":
            self.server.posted.append((shipment.operation.id, body))
        else:
            self.server.things[shipment.target.url] = body


class MemoryProtocol(SessionProtocol):
    """Resumes over nothing at all: the steps of a session, each at a point where a fault may come in."""

    Settings = dict
    kind = KIND

    def __init__(self, settings: Any, toolkit: TransportToolkit) -> None:
        super().__init__(settings, toolkit)
        self.server: MemoryServer = settings["server"]
        self.block: int = settings.get("block", 256)

    def create(self, shipment: Shipment, exchange: Exchange) -> Session:
        """A new session."""
        id = self.server.begin(shipment.target.url, shipment.size, shipment.operation.id, shipment.operation.round)
        self.server.point("created", shipment.operation.id)
        return Session(kind=KIND, data={"id": id}, leaves=True)

    def ask(self, shipment: Shipment, exchange: Exchange) -> int | Finished:
        """What it has."""
        id = self._id(shipment)
        self.server.recorded(id)
        if id in self.server.finished:
            return Finished()
        self._must_have(id)
        offset = len(self.server.uploads[id].body)
        self.server.point("asked", shipment.operation.id)
        self._seen(id, offset)
        return offset

    def append(self, shipment: Shipment, exchange: Exchange, offset: int) -> int | Finished:
        """One block."""
        server, operation, id = self.server, shipment.operation.id, self._id(shipment)
        if server.recorded(id):
            server.point("recorded", operation)
        block = read_block(shipment, offset, self.block)
        server.point("chunk", operation)
        self._must_have(id)
        server.append(id, offset, block)
        server.point("chunk_answer", operation)
        self._seen(id, offset + len(block))
        return offset + len(block)

    def finish(self, shipment: Shipment, exchange: Exchange, ended: Finished | None) -> Delivery:
        """Published, at once."""
        server, operation, id = self.server, shipment.operation.id, self._id(shipment)
        server.recorded(id)
        shipment.commit_point()
        if ended is None:
            server.point("finish", operation)
            if id not in server.finished:
                self._must_have(id)
                server.finish(id)
            server.point("finish_answer", operation)
        held = server.things.get(shipment.target.url)
        if held is None:
            raise Unverified(f"nothing is at {shipment.target.public}")
        return Delivery(url=shipment.target.url, size=len(held), verified="size")

    def _id(self, shipment: Shipment) -> str:
        return str(shipment.session.data["id"]) if shipment.session else ""

    def _seen(self, id: str, offset: int) -> None:
        upload = self.server.uploads.get(id)
        if upload is not None:
            upload.acked = max(upload.acked, offset)

    def _must_have(self, id: str) -> None:
        if id not in self.server.uploads:
            raise SessionLost()


class SessionTransport(_MemoryTransport, Aborting, Sweeping):
    """Resumes, by the loop of every protocol that does; the session goes when it is aborted.

    >>> from sendoff.testing.shipment import loose_toolkit
    >>> there = SessionTransport(Destination(url="session://there/", transport="session"), {"server": MemoryServer(), "block": 64}, loose_toolkit())
    >>> list(there.leftovers())
    []
    """

    schemes = ("session",)
    methods = ()

    def send(self, shipment: Shipment) -> Delivery:
        """One try, from where the server says it is."""
        self.server.point("connect", shipment.operation.id)
        return MemoryProtocol(self.settings, self.toolkit).send(shipment, no_exchange)

    def abort(self, leftover: Leftover) -> None:
        """The session is gone when this returns."""
        self.server.point("abort", "")
        self.server.uploads.pop(str(leftover.session.data["id"]), None)

    def leftovers(self) -> Iterator[Leftover]:
        """What is unfinished below the destination."""
        self.server.point("leftovers", "")
        for id, upload in list(self.server.uploads.items()):
            if upload.url.startswith(self.destination.url):
                yield Leftover(url=upload.url, session=Session(kind=KIND, data={"id": id}, leaves=True), size=len(upload.body))


def read_block(shipment: Shipment, offset: int, most: int) -> bytes:
    """The next bytes of a source."""
    buffer = memoryview(bytearray(min(most, shipment.size - offset)))
    return bytes(buffer[: shipment.readinto(buffer, offset)])


no_exchange: Any = None  # the server in memory is reached without one
