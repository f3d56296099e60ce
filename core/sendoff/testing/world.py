"""What a transport's contract is tried in: a real server, its faults, and a place where nobody answers."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from sendoff.drivers import Drivers
from sendoff.model.destination import Destination
from sendoff.model.secret import Credential, Secret
from sendoff.model.target import Target
from sendoff.ports.toolkit import CredentialSource
from sendoff.ports.transport import Transport
from sendoff.testing.receiver import Receiver, Reset, Rule, Stall
from sendoff.testing.shipment import Wallet, loose_toolkit

CANARY = "canary-5ecret-in-the-mine"


class World(Protocol):
    """What ``TransportContract`` needs of the other side; every method is about the next upload unless it says otherwise.

    Example::

        class MyWorld:
            def __init__(self, folder):
                self.server = start_a_server(folder)
                self.transport = MyTransport(Destination(url=self.server.url, transport="mine"), MyTransport.Settings(), loose_toolkit())

            def landed(self, target):
                return self.server.content(target.url)
    """

    transport: Transport

    def landed(self, target: Target) -> bytes | None:
        """What the server shows under this address; None = nothing."""
        ...

    def named(self, name: str) -> bytes | None:
        """What the server shows below the root under this name; None = nothing."""
        ...

    def break_off(self, at: int) -> None:
        """The connection is cut once so many bytes of the body are there."""
        ...

    def stop_reading(self, at: int) -> None:
        """The server goes silent once so many bytes of the body are there."""
        ...

    def hang_up(self) -> None:
        """Every connection that is open now breaks."""
        ...

    def arrived(self, count: int) -> None:
        """Returns as soon as so many bytes of the upload that runs are there; ``TimeoutError`` if they do not come."""
        ...

    def refusing(self, credentials: CredentialSource) -> Transport:
        """A transport to a place that refuses every login."""
        ...

    def nobody(self) -> Transport:
        """A transport to a place where nobody listens."""
        ...

    def close(self) -> None:
        """Puts everything away."""
        ...


class ReceiverWorld:
    """A world around our own receiver, for transports that speak HTTP.

    make: a transport to a destination with these credentials. tus: the receiver keeps half-done uploads, too.

    >>> world = ReceiverWorld(speaking("plain"), tmp_path)
    >>> world.landed(world.transport.target(PurePosixPath("a"))) is None
    True
    >>> world.close()
    """

    def __init__(self, make: Callable[[Destination, CredentialSource], Transport], folder: Path, *, tus: bool = False) -> None:
        self._make, self._folder = make, folder
        self.receiver = Receiver(folder, tus=tus).open()
        self._strict = Receiver(None, authorization="nothing that anybody knows", tus=tus).open()
        self._made: list[Transport] = []
        self.transport = self._to(f"{self.receiver.url}root/", Wallet())

    def _to(self, url: str, credentials: CredentialSource) -> Transport:
        transport = self._make(Destination(url=url, transport="http"), credentials)
        self._made.append(transport)
        return transport

    def landed(self, target: Target) -> bytes | None:
        """As ``World`` says."""
        try:
            return self.receiver.stored(target.url.removeprefix(self.receiver.url))
        except FileNotFoundError:
            return None

    def named(self, name: str) -> bytes | None:
        """As ``World`` says."""
        path = self._folder.joinpath("root", name)
        return path.read_bytes() if path.is_file() else None

    def hang_up(self) -> None:
        """As ``World`` says."""
        self.receiver.hang_up()

    def break_off(self, at: int) -> None:
        """As ``World`` says."""
        self.receiver.script.add(Rule(do=Reset(), at=at))

    def stop_reading(self, at: int) -> None:
        """As ``World`` says."""
        self.receiver.script.add(Rule(do=Stall(), at=at))

    def arrived(self, count: int) -> None:
        """As ``World`` says."""
        self.receiver.wait_until(lambda rows: bool(rows) and rows[-1].received >= count)

    def refusing(self, credentials: CredentialSource) -> Transport:
        """As ``World`` says."""
        return self._to(self._strict.url, credentials)

    def nobody(self) -> Transport:
        """As ``World`` says."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return self._to(f"http://127.0.0.1:{probe.getsockname()[1]}/", Wallet())

    def close(self) -> None:
        """As ``World`` says."""
        for transport in self._made:
            transport.close()
        self.receiver.close()
        self._strict.close()


def speaking(protocol: str, **options: Any) -> Callable[[Destination, CredentialSource], Transport]:
    """What a ``ReceiverWorld`` makes its transports by: the installed HTTP transport, told to speak this protocol.

    protocol: the name of its entry point. options: its ``protocol_options``. Errors: ``DriverMissing`` where ``sendoff-http`` is not installed.
    Example: ``ReceiverWorld(speaking("tus"), tmp_path / "in", tus=True)``
    """
    kind: Any = Drivers().load("transports", "http")
    settings = kind.Settings(protocol=protocol, protocol_options=options)

    def made(destination: Destination, credentials: CredentialSource) -> Transport:
        transport: Transport = kind(destination, settings, loose_toolkit(credential=credentials))
        return transport

    return made


def canary() -> Credential:
    """A credential whose secret must turn up nowhere but at the server."""
    return Credential(kind="basic", username="somebody", secret=Secret(CANARY))
