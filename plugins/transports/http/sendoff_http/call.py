"""One call: a request over a connection and its answer, with everything that can go wrong in between translated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import httpcore
import httpx
from sendoff import Interrupted, InvalidArgument, Permanent, SendoffError, Transient, Unreachable, WebErrorStatus

from sendoff_http import answers, carrier
from sendoff_http.address import request_target
from sendoff_http.body import Body
from sendoff_http.carrier import Connections, Lane
from sendoff_http.watch import Watch

MOST_THROWN_AWAY = 2**20  # bytes that are read to keep a connection
_GONE = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Unread:
    """An answer's status and headers; its body is still to be read."""

    status: int
    headers: Fields
    url: str
    response: httpx.Response

    def header(self, name: str) -> str | None:
        """A header's value; None = it is not there."""
        return answers.header(self.headers, name)

    def read_into(self, sink: BinaryIO | None, *, most: int | None = MOST_THROWN_AWAY, patient: Watch | None = None) -> bool:
        """Copies the body; whether it came whole. It ends after ``most`` bytes, or when the sink takes no more; trouble on the way is no error.

        patient: time counts anew with each piece, not for the answer as a whole.
        """
        pieces, total = self.response.iter_raw(), 0
        while most is None or total < most:
            try:
                if patient is not None:
                    patient.answering()
                piece = next(pieces, None)
            except (*_GONE, Transient, Interrupted):
                return False
            if piece is None:
                return True
            total += len(piece)
            if sink is not None and sink.write(piece) == 0:
                return False
        return False


class Caller:
    """Makes calls on behalf of one try, over the connections to one origin."""

    def __init__(self, connections: Connections, watch: Watch) -> None:
        self._connections, self._watch = connections, watch

    @contextmanager
    def ask(self, method: str, url: str, headers: Fields, body: Body, *, before: Callable[[], None] | None = None, fresh: bool = False) -> Iterator[Unread]:
        """The answer, its body unread. before: called when the connection stands and nothing has gone out. fresh: as ``Connections.take``.

        Errors: ``Unreachable``, ``Transient``, ``Permanent`` (a certificate), ``Interrupted``, and what the source raises.
        """
        self._watch.connecting()
        lane = self._connections.take(self._watch, fresh=fresh)
        body.lines = lane.lines
        try:
            response = self._begin(lane, method, url, headers, body, before)
            try:
                yield Unread(response.status_code, _text(response.headers.raw), url, response)
            finally:
                with self._connections.discretion:
                    response.close()
        finally:
            lane.lines.told = None
            self._connections.give_back(lane)

    def _begin(self, lane: Lane, method: str, url: str, headers: Fields, body: Body, before: Callable[[], None] | None) -> httpx.Response:
        extensions: dict[str, Any] = {"trace": _at_start(before)} if before else {}
        try:
            request = carrier.request(method, url, request_target(url), headers, _Once(body), lane, **extensions)
        except httpx.InvalidURL as cause:
            raise InvalidArgument(f"{self._watch.where}: {cause}") from cause
        try:
            return self._connections.ask(request)
        except httpcore.ProxyError as cause:
            raise _proxy_refused(self._watch.where, str(cause)) from cause
        except _GONE as cause:
            self._watch.check()
            raise self._broken(cause, body, lane) from cause
        except Transient as error:
            if body.complete:
                error.facts["sent_all"] = True
            raise

    def _broken(self, cause: Exception, body: Body, lane: Lane) -> SendoffError:
        """The connection ended, or what came over it is no HTTP."""
        where = self._watch.where
        facts: dict[str, Any] = {"sent_all": True} if body.complete else {}
        if isinstance(cause, httpcore.LocalProtocolError):
            return Permanent(f"{where}: this request cannot be sent over HTTP", side="local")  # h11 quotes what it does not send, secrets too
        heard = lane.lines.heard[:5]
        cut_off = "disconnected" in str(cause) and b"HTTP/".startswith(heard)
        if isinstance(cause, httpcore.RemoteProtocolError) and not cut_off:
            return Transient(f"{where} does not answer in HTTP ({cause})", web_error=int(WebErrorStatus.ERROR_HTTP_INVALID_SERVER_RESPONSE), **facts)
        number = WebErrorStatus.CONNECTION_RESET if isinstance(lane.lines.trouble, ConnectionResetError) else WebErrorStatus.CONNECTION_ABORTED
        when = "before it answered" if body.complete else "while the file was being sent"
        return Transient(f"{where} ended the connection {when}", web_error=int(number), **facts)


class _Once:
    """Hides everything of a body but its blocks, so that httpx streams it and looks no further."""

    def __init__(self, body: Iterable[memoryview]) -> None:
        self._body = body

    def __iter__(self) -> Iterator[memoryview]:
        return iter(self._body)


def _at_start(before: Callable[[], None]) -> Callable[[str, dict[str, Any]], None]:
    """Calls ``before`` when the request itself, not the one that asks a proxy for a tunnel, is about to go out (httpcore's ``trace`` extension)."""

    def trace(event: str, info: dict[str, Any]) -> None:
        if event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            before()

    return trace


def _proxy_refused(where: str, status_line: str) -> SendoffError:
    status = int(status_line[:3]) if status_line[:3].isdigit() else 502
    hint = "check the proxy's credential" if status == 407 else "check the proxy's address"
    return Unreachable(f"{where} cannot be reached: the proxy answered {status_line}", hint=hint, http_status=status, web_error=status)


def _text(raw: list[tuple[bytes, bytes]]) -> Fields:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
