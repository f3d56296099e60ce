"""Where the library's requests go out: our own connections, so that a try can be broken off and what moves is watched."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import urllib3
from azure.core.pipeline.transport import HttpResponse, HttpTransport
from sendoff import Permanent, SendoffError, Transient, Unreachable, WebErrorStatus
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from sendoff_azure_blob.dial import dial
from sendoff_azure_blob.login import Login
from sendoff_azure_blob.part import BLOCK, Part
from sendoff_azure_blob.tls import refused
from sendoff_azure_blob.wire import Wire

MOST_KEPT = 32  # idle connections
LONGEST = 16 * 2**20  # bytes of an answer; a list of 50,000 blocks has about six mebibytes
_TOLD_BY_ANYBODY = frozenset({401, 403, 404})  # with 2xx and 3xx: what a portal or a proxy says in the server's place


class Line(HttpTransport[Any, Any]):
    """The connections to one server. Each thread says first for which try it works: ``with line.used_by(wire)``.

    The library sees neither a signature nor a token: they join a request at its connection, below everything that logs addresses and headers.
    """

    def __init__(self, login: Login, context: ssl.SSLContext | None, proxy: str | None, proxy_headers: dict[str, str] | None = None) -> None:
        self._current = threading.local()
        self._login = login
        words: dict[str, Any] = {"maxsize": MOST_KEPT, "retries": False, "blocksize": BLOCK}
        if context is not None:
            words["ssl_context"] = context
        self._pools: urllib3.PoolManager = urllib3.ProxyManager(proxy, proxy_headers=proxy_headers, **words) if proxy else urllib3.PoolManager(**words)
        self._pools.pool_classes_by_scheme = _classes(self._current, login)

    @contextmanager
    def used_by(self, wire: Wire, part: Part | None = None) -> Iterator[None]:
        """What this thread sends inside is this try's. part: the body that goes out, whatever copy of it the library holds."""
        self._current.wire, self._current.part = wire, part
        try:
            yield
        finally:
            wire.let_go()
            self._current.wire = self._current.part = None

    def send(self, request: Any, **_: Any) -> HttpResponse:
        """One request and its answer, as azure-core asks for it. Errors of the network are sendoff's."""
        wire: Wire = self._current.wire
        wire.check()
        part: Part | None = self._current.part
        if part is not None:
            part.going_out()
        try:
            answer = self._pools.urlopen(
                request.method, request.url, body=part if part is not None and part.length else request.content, headers=dict(request.headers),
                redirect=False, preload_content=False, decode_content=False, assert_same_host=False,
                timeout=urllib3.Timeout(connect=wire.limits.stall, read=wire.limits.response),
            )  # fmt: skip
            return _Answer(request, answer, _all_of(answer, wire))
        except Exception as error:
            wire.check()
            raise translated(error, wire) from error

    def open(self) -> None:
        """Connections open as they are needed."""

    def close(self) -> None:
        """Lets idle connections go."""
        self._pools.clear()

    def __exit__(self, *_: object) -> None:
        self.close()


class _Answer(HttpResponse):
    """An answer that is here already, whole."""

    def __init__(self, request: Any, answer: urllib3.BaseHTTPResponse, data: bytes) -> None:
        super().__init__(request, answer)
        self._data = data
        self.status_code, self.headers, self.reason = answer.status, answer.headers, answer.reason
        self.content_type = answer.headers.get("content-type")

    def body(self) -> bytes:
        """All of it."""
        return self._data

    def read(self) -> bytes:
        """All of it."""
        return self._data

    def stream_download(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """All of it, in one piece."""
        return _Pieces([self._data] if self._data else [], self)


class _Pieces(Iterator[bytes]):
    """What the library joins to a download; it notes on it what it has read in the headers."""

    def __init__(self, pieces: list[bytes], response: _Answer) -> None:
        self._pieces, self.response, self.properties = iter(pieces), response, None
        self.content_length = sum(len(one) for one in pieces)

    def __next__(self) -> bytes:
        return next(self._pieces)


def _all_of(answer: urllib3.BaseHTTPResponse, wire: Wire) -> bytes:
    """The body of an answer, if it is Azure's."""
    pieces, length = [], 0
    while piece := answer.read(65536):
        wire.check()
        pieces.append(piece)
        length += len(piece)
        if length > LONGEST:
            answer.close()
            raise Transient(f"{wire.where}: the answer does not end", side="server")
    answer.release_conn()
    if "x-ms-request-id" not in answer.headers and (answer.status < 400 or answer.status in _TOLD_BY_ANYBODY):
        raise Transient(f"whoever answered for {wire.where} ({answer.status}) is not Azure's storage; a portal or a proxy may be in between", side="network")
    return b"".join(pieces)


class _Held:
    """A connection whose socket can be shut down by whoever interrupts the try that uses it; its duplicate stays valid through the TLS handshake."""

    _current: Any
    _login: Login
    _twin: socket.socket | None = None

    def _new_conn(self: Any) -> socket.socket:
        wire: Wire = self._current.wire
        connected = dial(self._dns_host, self.port, wire)
        self._twin = connected.dup()
        wire.hold(self._twin)
        wire.check()
        return connected

    def request(self: Any, *words: Any, **more: Any) -> None:
        if self._twin is not None and self.sock is not None:
            self._current.wire.hold(self._twin)
        super().request(*words, **more)  # type: ignore[misc]

    def putrequest(self: Any, method: str, url: str, *words: Any, **more: Any) -> None:
        query, header = self._login.query, self._login.header
        if query is not None:
            url = f"{url}{'&' if '?' in url else '?'}{query.reveal()}"
        super().putrequest(method, url, *words, **more)  # type: ignore[misc]
        if header is not None:
            self.putheader("Authorization", header.reveal())

    def close(self: Any) -> None:
        twin, self._twin = self._twin, None
        super().close()  # type: ignore[misc]
        if twin is not None:
            twin.close()


class _Kept:
    """A pool to which a try lets go of a connection before another one can have it: an interrupt never hits the next one's. Reading to the end gives back."""

    _current: Any

    def _put_conn(self: Any, conn: Any) -> None:
        wire: Wire | None = getattr(self._current, "wire", None)
        if wire is not None:
            wire.let_go()
        super()._put_conn(conn)  # type: ignore[misc]


def _classes(current: threading.local, login: Login) -> dict[str, Any]:
    """urllib3's pools with connections that know whose they are."""
    plain = type("Plain", (_Held, HTTPConnection), {"_current": current, "_login": login})
    secure = type("Secure", (_Held, HTTPSConnection), {"_current": current, "_login": login})
    return {
        "http": type("PlainPool", (_Kept, HTTPConnectionPool), {"ConnectionCls": plain, "_current": current}),
        "https": type("SecurePool", (_Kept, HTTPSConnectionPool), {"ConnectionCls": secure, "_current": current}),
    }


def translated(error: BaseException, wire: Wire) -> SendoffError:
    """An error of the network, as sendoff says it."""
    for cause in _chain(error):
        if isinstance(cause, SendoffError):
            return cause
        if isinstance(cause, ssl.SSLError):
            return refused(cause, wire.where)
    if isinstance(error, ValueError):  # quotes what it does not send, secrets too
        return Permanent(f"{wire.where}: this request cannot be sent over HTTP; its address or one of its headers holds what may not stand there", side="local")
    if isinstance(error, urllib3.exceptions.ProxyError):
        return Unreachable(f"{wire.where} cannot be reached: the proxy says {error.original_error}", web_error=int(WebErrorStatus.CANNOT_CONNECT))
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return wire.silent()
    if any(isinstance(cause, TimeoutError) for cause in _chain(error)):
        return wire.stalled()
    if isinstance(error, (urllib3.exceptions.HTTPError, OSError)):
        with suppress(IndexError):
            return Transient(f"{wire.where}: the connection broke: {[str(cause) for cause in _chain(error)][-1] or type(error).__name__}")
    return Transient(f"{wire.where}: the request failed ({type(error).__name__})")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what is inside it."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [getattr(one, "reason", None), getattr(one, "original_error", None), one.__cause__, one.__context__, *one.args]
