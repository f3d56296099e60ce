"""One connection to the receiver: requests are read, kept and answered, and break down as the script says."""

from __future__ import annotations

import select
import socket
import struct
import time
from dataclasses import dataclass
from threading import Event

from sendoff.testing.receiver import fault
from sendoff.testing.receiver.fault import Fault, Fields, Rule, Script
from sendoff.testing.receiver.ledger import Ledger, Received
from sendoff.testing.receiver.reading import BLOCK, Body, Broken, Head, Inlet
from sendoff.testing.receiver.shelf import Parcel, Shelf
from sendoff.testing.receiver.uploads import Uploads, Visit

_REASONS = {200: "OK", 201: "Created", 204: "No Content", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed", 412: "Precondition Failed"}
_WITH_BODY = frozenset({"PUT", "POST", "PATCH"})


class Over(Exception):
    """This connection has ended as planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all connections of one receiver share."""

    shelf: Shelf
    script: Script
    ledger: Ledger
    rate: float | None
    authorization: str | None
    released: Event
    closed: Event
    uploads: Uploads | None = None
    counts_questions: bool = False


class Connection:
    """Serves one connection until either side ends it."""

    def __init__(self, connected: socket.socket, house: House, *, number: int, accepted_at: float) -> None:
        self._connected, self._house = connected, house
        self._number, self._accepted_at = number, accepted_at
        self._inlet = Inlet(connected)

    def serve(self) -> None:
        """One request after the other."""
        try:
            while (head := self._inlet.head()) is not None:
                Exchange(self._connected, self._house, self._inlet, head).run(self._number, self._accepted_at)
                if head.header("connection").lower() == "close":
                    return
        except (Over, Broken, OSError):
            return


class Exchange:
    """One request and its answer."""

    def __init__(self, connected: socket.socket, house: House, inlet: Inlet, head: Head) -> None:
        self._connected, self._house, self._head = connected, house, head
        self._body = Body(inlet, head)
        self._received = 0
        self._began = time.monotonic()
        self._row = 0
        self._drip = 0.0

    def run(self, connection: int, accepted_at: float) -> None:
        """Reads, keeps and answers it; raises ``Over``, ``Broken`` or ``OSError`` when the connection is to end."""
        head = self._head

        def row(number: int) -> Received:
            return Received(
                number=number, connection=connection, method=head.method, path=head.target, headers=head.headers, size=head.size,
                accepted_at=accepted_at, began_at=self._began,
            )  # fmt: skip

        self._row = self._house.ledger.add(row, question=head.method == "OPTIONS" and not self._house.counts_questions)
        if not self._house.shelf.knows(head.target):
            self._answer(403, (), b"", close=True)
            raise Over("an address outside the folder")
        rules = self._house.script.take(self._row, head.method, head.target, body=head.size != 0)
        parcel = self._begun()
        try:
            self._take_body(parcel, [rule for rule in rules if rule.at is not None])
            self._settle(parcel, [rule for rule in rules if rule.at is None])
        except (Over, Broken, OSError) as error:
            self._broke_off(str(error) or type(error).__name__)
            raise
        finally:
            parcel.drop()

    def _begun(self) -> Parcel | Visit:
        head, house = self._head, self._house
        if house.uploads is not None and house.uploads.speaks(head):
            return house.uploads.begin(head)
        return house.shelf.begin(head.target, self._row) if head.method in _WITH_BODY else Parcel()

    # -- the body

    def _take_body(self, parcel: Parcel | Visit, rules: list[Rule]) -> None:
        if self._head.header("expect").lower() == "100-continue" and not rules:
            self._connected.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        for rule in rules:
            if self._take_to(parcel, rule.at):
                self._happen(rule.do)
        self._take_to(parcel, None)
        self._house.ledger.set(self._row, complete=True, sha256=parcel.sha256)

    def _take_to(self, parcel: Parcel | Visit, offset: int | None) -> bool:
        """Reads the body up to an offset or its end; False when it ended before."""
        rate = self._house.rate
        most = BLOCK if rate is None else max(1, min(65536, int(rate / 50)))
        while offset is None or self._received < offset:
            piece = self._body.take(most if offset is None else min(most, offset - self._received))
            if not piece:
                return False
            parcel.write(piece)
            self._received += len(piece)
            self._house.ledger.set(self._row, received=self._received)
            if rate is not None:
                self._wait(self._began + self._received / rate - time.monotonic())
        return True

    # -- the answer

    def _settle(self, parcel: Parcel | Visit, rules: list[Rule]) -> None:
        for rule in rules:
            if isinstance(rule.do, fault.Lost):
                self._outcome(parcel)
                raise Over("the answer is lost")
            if isinstance(rule.do, fault.Drip):
                self._drip = rule.do.every
            else:
                self._happen(rule.do)
                if isinstance(rule.do, fault.Answer):
                    return
        status, headers, body = self._outcome(parcel)
        self._answer(status, headers, body)

    def _outcome(self, parcel: Parcel | Visit) -> tuple[int, Fields, bytes]:
        """What a well-behaved server makes of this request."""
        head, house = self._head, self._house
        if house.authorization is not None and head.header("authorization") != house.authorization:
            return 401, (("WWW-Authenticate", 'Basic realm="receiver"'),), b""
        if isinstance(parcel, Visit):
            return parcel.outcome()
        path = house.shelf.path(head.target)
        there = path is not None and path.is_file()
        if head.method in _WITH_BODY:
            if there and head.header("if-none-match") == "*":
                return 412, (), b""
            parcel.keep(replace=head.method != "POST")
            return (204 if there and head.method == "PUT" else 201), (("ETag", f'"{parcel.sha256[:16]}"'),), b""
        if head.method in ("GET", "HEAD"):
            return (200, (), path.read_bytes()) if there and path else (404, (), b"")
        if head.method == "DELETE" and there and path:
            path.unlink()
        if head.method == "OPTIONS":
            return 204, (("Allow", "OPTIONS, GET, HEAD, PUT, POST, PATCH, DELETE"),), b""
        return (204 if there else 404) if head.method == "DELETE" else 405, (), b""

    def _answer(self, status: int, headers: Fields, body: bytes, *, close: bool = False) -> None:
        length = len(body)
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Whatever')}", *(f"{name}: {value}" for name, value in headers)]
        body = b"" if status < 200 or status in (204, 304) or self._head.method == "HEAD" else body
        if status >= 200 and status not in (204, 304):
            lines.append(f"Content-Length: {length}")
        if close:
            lines.append("Connection: close")
        data = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        if status >= 200:
            self._house.ledger.set(self._row, status=status)  # first: whoever gets the answer may look at once
        if self._drip:
            self._send_slowly(data)
        else:
            self._connected.sendall(data)
        if status >= 200:
            self._house.ledger.set(self._row, answered_at=time.monotonic())

    def _send_slowly(self, data: bytes) -> None:
        for byte in data:
            self._connected.sendall(bytes((byte,)))
            self._wait(self._drip)

    # -- what goes wrong

    def _happen(self, what: Fault) -> None:
        match what:
            case fault.Reset():
                self._connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise Over("reset")
            case fault.Close():
                raise Over("closed")
            case fault.HalfClose():
                socket.socket.shutdown(self._connected, socket.SHUT_WR)
            case fault.Stall():
                self._stay()
            case fault.Delay(seconds):
                self._wait(seconds)
            case fault.Interim(status, headers, times):
                for _ in range(times):
                    self._answer(status, headers, b"")
            case fault.Answer(status, headers, body, then):
                self._answer_early(status, headers, body, then)
            case fault.Raw(data):
                self._connected.sendall(data)
                raise Over("not an answer")
            case fault.EndlessHeaders():
                self._send_for_ever(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 1000 + b"\r\n")
            case fault.EndlessBody(status):
                self._send_for_ever(f"HTTP/1.1 {status} Whatever\r\nContent-Length: {2**40}\r\n\r\n".encode(), b"x" * 65536)

    def _answer_early(self, status: int, headers: Fields, body: bytes, then: str) -> None:
        missing = (self._head.size or 0) > self._received
        self._answer(status, headers, body, close=missing and then == "close")
        if not missing:
            return
        if then == "keep":
            self._stay()
        while then == "read" and self._body.take(BLOCK):
            pass
        raise Over("answered before the body was complete")

    def _send_for_ever(self, first: bytes, more: bytes) -> None:
        self._connected.sendall(first)
        while not self._house.released.is_set():
            self._connected.sendall(more)

    def _stay(self) -> None:
        """Neither reads nor writes until the peer goes away or the receiver is released."""
        poll = select.poll()
        poll.register(self._connected, select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0))
        while not self._house.released.is_set() and not poll.poll(50):
            pass
        raise Over("stalled")

    def _wait(self, seconds: float) -> None:
        if seconds > 0 and self._house.closed.wait(seconds):
            raise Over("the receiver closes")

    def _broke_off(self, why: str) -> None:
        self._house.ledger.set(self._row, broken=why)
