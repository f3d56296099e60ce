"""Where botocore's signed requests go out: our own connections, so that a try can be broken off and what moves is watched."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import urllib3
from botocore.awsrequest import AWSResponse  # type: ignore[import-untyped]
from sendoff import Permanent, SendoffError, Transient, Unreachable, WebErrorStatus
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from sendoff_s3.dial import dial
from sendoff_s3.tls import refused
from sendoff_s3.wire import Wire

BLOCK = 256 * 1024  # bytes a read of a body gives
MOST_KEPT = 32  # idle connections
_LONGEST = 16 * 2**20  # bytes; a page of ListParts or ListMultipartUploads has far less


class Line:
    """The connections to one server. Each thread says first for which try it works: ``with line.used_by(wire)``."""

    def __init__(self, context: ssl.SSLContext | None, proxy: str | None, proxy_headers: dict[str, str] | None = None) -> None:
        self._current = threading.local()
        words: dict[str, Any] = {"maxsize": MOST_KEPT, "retries": False, "blocksize": BLOCK}
        if context is not None:
            words["ssl_context"] = context
        self._pools: urllib3.PoolManager = urllib3.ProxyManager(proxy, proxy_headers=proxy_headers, **words) if proxy else urllib3.PoolManager(**words)
        self._pools.pool_classes_by_scheme = _classes(self._current)

    @contextmanager
    def used_by(self, wire: Wire) -> Iterator[None]:
        """What this thread sends inside is this try's."""
        self._current.wire = wire
        try:
            yield
        finally:
            wire.let_go()
            self._current.wire = None

    def send(self, request: Any, **_: Any) -> AWSResponse:
        """One signed request and its answer: botocore's ``before-send``. Errors of the network are sendoff's."""
        wire: Wire = self._current.wire
        wire.check()
        going_out = getattr(request.body, "going_out", None)
        if going_out is not None:
            going_out()
        try:
            answer = self._pools.urlopen(
                request.method, request.url, body=request.body, headers=_fields(request.headers), redirect=False, preload_content=False, decode_content=False,
                assert_same_host=False, timeout=urllib3.Timeout(connect=wire.limits.stall, read=wire.limits.response),
            )  # fmt: skip
            raw = _Streamed(answer, wire) if request.stream_output and answer.status < 300 else _Read(answer, wire)
        except Exception as error:
            wire.check()
            raise translated(error, wire) from error
        return AWSResponse(request.url, answer.status, answer.headers, raw)

    def close(self) -> None:
        """Lets idle connections go."""
        self._pools.clear()


class _Read:
    """An answer that is here already, whole."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, wire: Wire) -> None:
        pieces, length = [], 0
        while piece := answer.read(65536):
            wire.check()
            pieces.append(piece)
            length += len(piece)
            if length > _LONGEST:
                answer.close()
                raise Transient(f"{wire.where}: the answer does not end", side="server")
        answer.release_conn()
        wire.let_go()
        self._data = b"".join(pieces)

    def stream(self) -> Iterator[bytes]:
        """All of it."""
        yield self._data


class _Streamed:
    """An answer that is read piece by piece."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, wire: Wire) -> None:
        self._answer, self._wire = answer, wire

    def read(self, amount: int | None = None) -> bytes:
        """The next piece."""
        self._wire.check()
        try:
            piece = self._answer.read(amount)
        except Exception as error:
            self._wire.check()
            raise translated(error, self._wire) from error
        if not piece:
            self._answer.release_conn()
            self._wire.let_go()
        return piece

    def close(self) -> None:
        """Nobody reads on."""
        self._answer.close()


class _Held:
    """A connection whose socket can be shut down by whoever interrupts the try that uses it; its duplicate stays valid through the TLS handshake."""

    _current: Any
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

    def close(self: Any) -> None:
        twin, self._twin = self._twin, None
        super().close()  # type: ignore[misc]
        if twin is not None:
            twin.close()


def _classes(current: threading.local) -> dict[str, Any]:
    """urllib3's pools with connections that know whose they are."""
    plain = type("Plain", (_Held, HTTPConnection), {"_current": current})
    secure = type("Secure", (_Held, HTTPSConnection), {"_current": current})
    return {
        "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }


def _fields(headers: Any) -> dict[str, str]:
    """What botocore has signed; it asks for a 100 that many servers do not send, and it is not waited for."""
    plain = {name: value.decode("utf-8") if isinstance(value, bytes) else str(value) for name, value in headers.items()}
    return {name: value for name, value in plain.items() if name.lower() != "expect"}


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
