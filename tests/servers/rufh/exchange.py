"""One request and its answer on a connection, with what the script makes of it."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Generator, Iterator
from threading import Event

from tests.servers.rufh import fault
from tests.servers.rufh.answer import Answer, Fields, Refused, reason
from tests.servers.rufh.dialect import Dialect, spoken
from tests.servers.rufh.ledger import Seen
from tests.servers.rufh.reading import BLOCK, Body, Broken, Head, Inlet
from tests.servers.rufh.site import Site

_GLANCE = 0.05  # seconds between looks at whether to stop waiting
_LINGER = 2.0  # seconds that a peer may take to notice an early answer
_READ_ON = 256 * 1024  # bytes of an unwanted body that are read rather than ending the connection


class Over(Exception):
    """This connection has ended as planned."""


class Exchange:
    """One request and its answer."""

    def __init__(self, connected: socket.socket, inlet: Inlet, head: Head, site: Site, row: Seen) -> None:
        self._connected, self._head, self._row = connected, head, row
        self.site = site
        self._body = Body(inlet, head)
        self._rules = site.script.take(head.method, head.target, row.nth, row.number)
        self._gone = Event()
        self._received = self._interims = 0
        self._flip = False
        self._awaited = (head.header("expect") or "").lower() == "100-continue" and not self._body.ended
        self.dialect: Dialect = spoken(head.header("upload-draft-interop-version"))

    # -- what the protocol asks

    @property
    def method(self) -> str:
        """Of the request."""
        return self._head.method

    @property
    def path(self) -> str:
        """The request's target."""
        return self._head.target

    @property
    def size(self) -> int | None:
        """The announced length of the content; None = chunked."""
        return self._head.size

    def header(self, name: str) -> str | None:
        """A header's value; None = there is none."""
        return self._head.header(name.lower())

    def planned(self, kind: type[fault.Fault]) -> fault.Fault | None:
        """A fault of this kind, if the script has one for this request."""
        return next((rule.do for rule in self._rules if isinstance(rule.do, kind)), None)

    def interim(self, *fields: tuple[str, str]) -> None:
        """A 104, unless the client speaks another version (section "Draft Version Identification") or the server sends none."""
        if self.dialect.interop is None or not self.site.interim:
            return
        self._interims += 1
        self._note(interims=self._interims)
        self._send(_top(104, (*fields, ("Upload-Draft-Interop-Version", str(self.dialect.interop)))))

    def invite(self) -> None:
        """100 (Continue) to who waits for it, whether a 104 was sent or not (section "Status Code 104")."""
        if self._awaited:
            self._awaited = False
            self._send(_top(100, ()))

    def pieces(self) -> Generator[bytes, None, None]:
        """The content, as it comes and as fast as the rate allows; what the script plans happens at its offset."""
        for rule in [rule for rule in self._rules if rule.at is not None]:
            yield from self._up_to(rule.at)
            if self._received == rule.at:
                self._happen(rule.do)
        yield from self._up_to(None)

    def let_go(self) -> None:
        """A newer request takes over: this one ends, abruptly (section "Concurrency"). From any thread."""
        self._gone.set()
        try:
            self._connected.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    # -- its course

    def run(self, respond: Callable[[Exchange], Answer]) -> None:
        """Does what is asked and answers; raises ``Over``, ``Broken`` or ``OSError`` when the connection is to end."""
        try:
            answer = self._answer(respond)
            for rule in self._rules:
                if rule.at is None and not isinstance(rule.do, fault.First):
                    self._happen(rule.do)
            self._give(self._bent(answer))
        except (Over, Broken, OSError) as error:
            self._note(broken=str(error) or type(error).__name__)
            raise

    def _answer(self, respond: Callable[[Exchange], Answer]) -> Answer:
        first = next((rule.do for rule in self._rules if isinstance(rule.do, fault.First) and rule.at is None), None)
        if first is not None:
            return Answer(first.status, first.fields, first.body)
        try:
            return respond(self)
        except Refused as refusal:
            return refusal.answer

    def _bent(self, answer: Answer) -> Answer:
        """As the script wants it."""
        instead, lie = self.planned(fault.Instead), self.planned(fault.Lie)
        if isinstance(instead, fault.Instead):
            answer = Answer(instead.status, instead.fields, instead.body)
        if isinstance(lie, fault.Lie):
            told = tuple((name, str(int(value) + lie.by) if name == "Upload-Offset" else value) for name, value in answer.fields)
            answer = Answer(answer.status, told, answer.body, answer.file)
        return answer

    def _up_to(self, offset: int | None) -> Iterator[bytes]:
        began, before = time.monotonic(), self._received
        while offset is None or self._received < offset:
            rate = self.site.rate
            most = BLOCK if rate is None else max(1, min(65536, int(rate / 50)))
            piece = self._body.take(1 if self._flip else most if offset is None else min(most, offset - self._received))
            if self._gone.is_set():
                raise Over("a newer request took over")
            if not piece:
                return
            self._received += len(piece)
            self._note(received=self._received)
            yield bytes((piece[0] ^ 0xFF,)) if self._flip else piece
            self._flip = False
            if rate is not None:
                self._wait(began + (self._received - before) / rate - time.monotonic())

    # -- the answer

    def _give(self, answer: Answer) -> None:
        """Sends it; with content still unread, the rest is read if it is little, else the connection ends so that the answer arrives."""
        ends = not self._body.ended and (self._awaited or self.size is None or self.size - self._received > _READ_ON)
        while not ends and self._body.take(BLOCK):
            pass
        more = (() if answer.bare else (("Content-Length", str(answer.size)),)) + ((("Connection", "close"),) if ends else ())
        self._note(status=answer.status)  # first: whoever gets the answer may look at once
        self._send(_top(answer.status, (*answer.fields, *more)) + (b"" if answer.bare or self.method == "HEAD" else answer.body))
        if answer.file and self.method != "HEAD":
            with answer.file.open("rb") as file:
                self._connected.sendfile(file)
        if ends:
            self._linger()

    def _linger(self) -> None:
        """Reads on without keeping anything, or a reset could take the answer away before the peer has read it."""
        self._connected.shutdown(socket.SHUT_WR)
        until = time.monotonic() + _LINGER
        while (left := until - time.monotonic()) > 0:
            self._connected.settimeout(left)
            if not self._connected.recv(BLOCK):
                break
        raise Over("answered before the content was read")

    def _send(self, data: bytes) -> None:
        self._connected.sendall(data)

    def _note(self, **news: object) -> None:
        if "broken" in news and self.site.ledger.rows()[self._row.number - 1].status is not None:
            return
        self.site.ledger.set(self._row.number, **news)

    # -- what goes wrong

    def _happen(self, what: fault.Fault) -> None:
        match what:
            case fault.Reset():
                self._connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise Over("reset")
            case fault.Close():
                raise Over("closed")
            case fault.Lost():
                raise Over("the answer is lost")
            case fault.HalfClose():
                self._connected.shutdown(socket.SHUT_WR)
            case fault.Stall():
                self._stay()
            case fault.Delay(seconds):
                self._wait(seconds)
            case fault.First(status, fields, body):
                raise Refused(Answer(status, fields, body))
            case fault.Corrupt():
                self._flip = True

    def _stay(self) -> None:
        """Neither reads nor writes until the peer goes away, a newer request comes or the server is released."""
        poll = select.poll()
        poll.register(self._connected, select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0))
        while not self.site.released.is_set() and not self._gone.is_set() and not poll.poll(_GLANCE * 1000):
            pass
        raise Over("stalled")

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.site.released.is_set():
                raise Over("the server closes")
            if self._gone.wait(min(left, _GLANCE)):
                raise Over("a newer request took over")


def _top(status: int, fields: Fields) -> bytes:
    """The status line and the header of an answer."""
    lines = (f"HTTP/1.1 {status} {reason(status)}", *(f"{name}: {value}" for name, value in fields), "", "")
    return "\r\n".join(lines).encode("latin-1")
