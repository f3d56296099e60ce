"""One connection through the counting proxy: requests go up, answers come down, and both break off as the script says."""

import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread

from sendoff.testing.receiver import Close, Lost, Reset, Rule
from sendoff.testing.receiver.fault import Script
from sendoff.testing.receiver.ledger import Ledger, Received
from sendoff.testing.receiver.reading import Broken, Head

from tests.servers import framing

LINGER = 10.0  # seconds that either side may take to hang up once the other has


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed(Received):
    """One request as it passed.

    received: body bytes that have left the client so far. status: what the server answered, also where that was dropped.
    broken: why it did not go up whole, or its answer did not come down.
    """

    @property
    def offset(self) -> int | None:
        """``Upload-Offset``; None = it has none."""
        text = self.header("Upload-Offset")
        return None if text is None else int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What all connections of one proxy share. rate: body bytes a second on each connection; None = as fast as they come."""

    connect: Callable[[], socket.socket]
    ledger: Ledger
    script: Script
    rate: float | None
    closed: Event


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for its answer. dropped: the answer is read and does not come down, and with ``lost`` it ends the connection."""

    row: int
    head: Head
    dropped: bool
    lost: bool


class Ended(Exception):
    """The connection ends here, as planned or because the other side has; the message says why."""


class Passage:
    """Serves one connection until either side ends it. Only ``serve`` closes sockets; who wants an end, says so with ``stop``."""

    def __init__(self, client: socket.socket, way: Way, *, number: int) -> None:
        self._client, self._way, self._number = client, way, number
        self._accepted_at = time.monotonic()
        self._server: socket.socket | None = None
        self._unanswered: deque[Asked] = deque()
        self._server_deaf = False
        self._end: tuple[bool, str] | None = None  # whether with RST, and why

    def serve(self) -> None:
        try:
            self._server = self._way.connect()
        except OSError:
            close(self._client, hard=True)  # nobody is there: as near to a refusal as a proxy comes
            return
        down = Thread(target=self._answers, name="counting-proxy-down", daemon=True)
        down.start()
        with suppress(Ended, Broken, OSError):
            self._requests()
        if self._end:
            close(self._client, hard=self._end[0])
        self._hear_out(down)
        close(self._client)

    def stop(self, why: str, *, hard: bool = True) -> None:
        """Both threads come to their end soon; the client sees RST, or FIN."""
        self._end = self._end or (hard, why)
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_RD)  # wakes who is blocked in it
        with suppress(OSError):
            if self._server:
                self._server.shutdown(socket.SHUT_RDWR)

    # -- up

    def _requests(self) -> None:
        intake = framing.Intake(self._client)
        while (raw := intake.head()) is not None:
            head = framing.request(raw)
            row = self._way.ledger.add(lambda number, head=head: self._row(number, head))
            rules = self._way.script.take(row, head.method, head.target)
            lost, cuts = any(isinstance(rule.do, Lost) for rule in rules), [rule for rule in rules if not isinstance(rule.do, Lost)]
            self._unanswered.append(Asked(row, head, lost or any(rule.at in (None, head.size) for rule in cuts), lost))
            try:
                self._up(raw)
                self._body(intake, row, head, cuts[0] if cuts else None)
            except (Ended, Broken, OSError) as error:
                self._way.ledger.set(row, broken=self._end[1] if self._end else str(error) or type(error).__name__)
                raise

    def _row(self, number: int, head: Head) -> Passed:
        return Passed(
            number=number, connection=self._number, method=head.method, path=head.target, headers=head.headers, size=head.size,
            accepted_at=self._accepted_at, began_at=time.monotonic(),
        )  # fmt: skip

    def _body(self, intake: framing.Intake, row: int, head: Head, cut: Rule | None) -> None:
        began, passed, rate = time.monotonic(), 0, self._way.rate
        end = cut.at if cut and cut.at is not None else None
        block = framing.BLOCK if rate is None else max(1, min(framing.BLOCK, int(rate / 50)))
        self._cut_if(cut, passed == end)

        def most() -> int:
            return block if end is None else min(block, end - passed)

        for raw, count in framing.request_body(intake, head, most):
            passed += count
            self._way.ledger.set(row, received=passed, complete=passed == head.size)
            self._up(raw)
            self._cut_if(cut, passed == end)
            if rate is not None and count:
                self._way.closed.wait(max(0.0, began + passed / rate - time.monotonic()))
        self._way.ledger.set(row, complete=True)
        self._cut_if(cut, end is None)

    def _cut_if(self, cut: Rule | None, now: bool) -> None:
        if cut and now:
            self._end = self._end or (isinstance(cut.do, Reset), "cut")
        if self._end:
            raise Ended(self._end[1])

    def _up(self, raw: bytes) -> None:
        """Gives it to the server. One that does not listen any more may have answered early: the other thread sees that, and says when to stop."""
        if not self._server_deaf:
            try:
                self._server.sendall(raw)
            except OSError:
                self._server_deaf = True

    # -- down

    def _answers(self) -> None:
        intake = framing.Intake(self._server)
        try:
            while (raw := intake.head()) is not None:
                self._answer(intake, raw)
            self._server_has_ended()
        except Ended as end:
            self.stop(str(end), hard=False)
        except (Broken, OSError) as error:
            self.stop(f"the server broke off: {error}")

    def _answer(self, intake: framing.Intake, raw: bytes) -> None:
        status, head = framing.answer(raw)
        asked = self._unanswered[0] if self._unanswered else Asked(0, Head("", "", ()), False, False)
        self._down(raw, asked)
        for piece, _ in framing.answer_body(intake, asked.head.method, status, head):
            self._down(piece, asked)
        if asked.row and status >= 200:
            self._unanswered.popleft()
            told = {} if asked.dropped else {"answered_at": time.monotonic()}
            self._way.ledger.set(asked.row, status=status, **told)
            if asked.lost:
                self._way.ledger.set(asked.row, broken="the answer was lost")
                raise Ended("the answer was lost")

    def _down(self, raw: bytes, asked: Asked) -> None:
        if not asked.dropped:
            with suppress(OSError):  # the client has gone; the server is heard out all the same
                self._client.sendall(raw)

    def _server_has_ended(self) -> None:
        """The client is told; what it still sends after an early answer is read, or a reset would overtake that answer."""
        if self._unanswered:
            self.stop("the server ended without an answer", hard=False)
        else:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_WR)
                self._client.settimeout(LINGER)

    # -- the end

    def _hear_out(self, down: Thread) -> None:
        """The client has ended: the server is told, and what it still says is heard."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_WR)
        down.join(LINGER)
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        down.join()
        self._server.close()
        for asked in self._unanswered:
            if not self._way.ledger.rows()[asked.row - 1].over:
                self._way.ledger.set(asked.row, broken=self._end[1] if self._end else "no answer")


def close(connected: socket.socket, *, hard: bool = False) -> None:
    """Ends it; hard = with RST, so that even what lies in buffers is lost."""
    with suppress(OSError):
        if hard:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connected.shutdown(socket.SHUT_WR)
    connected.close()


def supported(rule: Rule) -> Rule:
    """The rule, if a proxy can make it happen."""
    if not isinstance(rule.do, Reset | Close | Lost) or (isinstance(rule.do, Lost) and rule.at is not None):
        raise ValueError(f"a proxy knows Reset and Close, at an offset or before the answer, and Lost without one; not {rule}")
    return rule
