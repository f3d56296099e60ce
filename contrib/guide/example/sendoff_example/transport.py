"""``example://host:port/folder/``: to a server that takes a file by PUT, as the receiver of ``sendoff.testing`` does."""

from __future__ import annotations

import socket
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import PurePosixPath
from typing import ClassVar
from urllib.parse import quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field
from sendoff import (
    Credential,
    CredentialNeeded,
    Delivery,
    Destination,
    Interrupted,
    InvalidArgument,
    Permanent,
    Rejected,
    SendoffError,
    ServerBusy,
    Shipment,
    SourceChanged,
    Target,
    Transient,
    Transport,
    Unreachable,
    check_expected,
    login_header,
    needs_digest,
    public_url,
    reveal,
    sha256_of,
)

BLOCK = 256 * 1024  # bytes that are read and sent at once


class ExampleTransport(Transport):
    """Sends the whole file with each try, on a connection of its own."""

    class Settings(BaseModel):
        """timeout: seconds that the server may be silent."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        timeout: float = Field(default=60.0, gt=0)

    settings: Settings
    schemes: ClassVar[tuple[str, ...]] = ("example",)
    resumable: ClassVar[bool | None] = False

    def target(self, name: PurePosixPath) -> Target:
        """The destination itself where it is exact, else the name below it."""
        if self.destination.exact:
            return Target(self.destination.url)
        _check_below(name, self.destination)
        return Target(self.destination.url.rstrip("/") + "".join(f"/{quote(part, safe='')}" for part in name.parts))

    def send(self, shipment: Shipment) -> Delivery:
        """One try, from the first byte; a login that is refused is asked for once more."""
        sha256 = _checked(shipment)
        login = shipment.credential()
        status = Attempt(shipment, self.settings.timeout).status(login)
        if status == 401 and login is not None:
            status = Attempt(shipment, self.settings.timeout).status(shipment.credential(refused=login))
        if status not in (200, 201, 204):
            raise _refusal(status, shipment.target.public)
        shipment.confirm(shipment.size)
        digests = {"sha256": sha256} if sha256 else {}
        return Delivery(url=shipment.target.public, size=shipment.size, digests=digests)


class Attempt:
    """One request. shipment: what goes out. timeout: seconds that the server may be silent."""

    def __init__(self, shipment: Shipment, timeout: float) -> None:
        parts = urlsplit(shipment.target.url)
        self._shipment, self._path = shipment, parts.path or "/"
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        self._stopped = False

    def status(self, login: Credential | None) -> int:
        """What the server answers. Errors: ``Unreachable``, ``Transient``, ``Interrupted``, and what the shipment raises."""
        where = self._shipment.target.public
        try:
            self._connection.connect()
        except OSError as cause:
            self._connection.close()
            raise Unreachable(f"{where} cannot be reached: {cause}") from cause
        try:
            with self._shipment.on_interrupt(self._stop):
                return self._exchanged(login)
        except (OSError, HTTPException) as cause:
            if self._stopped:
                raise Interrupted(f"the try to {where} was stopped") from cause
            raise Transient(f"the connection to {where} broke: {cause or type(cause).__name__}") from cause
        finally:
            self._connection.close()

    def _stop(self) -> None:
        """Wakes whoever waits for the server; called from another thread."""
        self._stopped = True
        self._connection.sock.shutdown(socket.SHUT_RDWR)

    def _exchanged(self, login: Credential | None) -> int:
        self._connection.putrequest("PUT", self._path)
        for name, value in self._headers(login):
            self._connection.putheader(name, value)
        if not self._shipment.size:
            self._shipment.commit_point()
        self._connection.endheaders()
        self._send_body()
        return self._kept(self._connection.getresponse())

    def _headers(self, login: Credential | None) -> list[tuple[str, str]]:
        own = [("Content-Length", str(self._shipment.size))]
        own += [login_header(login)] if login is not None else []
        taken = {name.lower() for name, _ in own}
        return [*own, *((name, reveal(value)) for name, value in self._shipment.headers if name.lower() not in taken)]

    def _send_body(self) -> None:
        shipment, offset = self._shipment, 0
        room = memoryview(bytearray(min(BLOCK, max(shipment.size, 1))))
        while offset < shipment.size:
            count = shipment.readinto(room[: shipment.size - offset], offset)
            if not count:
                raise SourceChanged(f"the file ended after {offset} of {shipment.size} bytes")
            offset += count
            if offset == shipment.size:
                shipment.commit_point()  # with the next bytes the server has all it needs
            self._connection.send(room[:count])
            shipment.handed(count)

    def _kept(self, response: HTTPResponse) -> int:
        """The answer is on record, whatever it says."""
        body = self._shipment.answered(response.status, response.getheaders(), self._shipment.target.url)
        while block := response.read(BLOCK):
            body.write(block)
        return response.status


def _check_below(name: PurePosixPath, destination: Destination) -> None:
    """Errors: ``InvalidArgument`` for whatever would lead out of the root, also where a server decodes once more than it should."""
    root = public_url(destination.url)
    if not name.parts or name.is_absolute():
        raise InvalidArgument(f"{str(name)!r} names nothing below {root}; write a relative name")
    for part in name.parts:
        plain = unquote(unquote(part)).replace("\\", "/")
        if "\0" in plain or any(piece in (".", "..") for piece in plain.split("/")):
            raise InvalidArgument(f"{str(name)!r} would lead out of {root}")


def _checked(shipment: Shipment) -> str | None:
    """The SHA-256 of the source where it is wanted. Errors: for what this transport cannot promise, before a byte goes out."""
    demand = shipment.demand
    if demand.verify != "auto" or demand.existing != "overwrite":
        asked = f"verify = {demand.verify}, existing = {demand.existing}"
        raise Permanent(f"example:// only sees that the server accepts a file; it cannot promise {asked}", side="configuration")
    sha256 = sha256_of(shipment) if needs_digest(demand) else None
    check_expected(demand, sha256)
    return sha256


def _refusal(status: int, where: str) -> SendoffError:
    """What a status means for the upload, by who can help."""
    if status == 401:
        return CredentialNeeded(f"{where} wants to know who sends", hint="name one with --credential")
    if status in (408, 429) or status >= 500:
        return ServerBusy(f"{where} answered {status}", http_status=status)
    return Rejected(f"{where} answered {status}", http_status=status)
