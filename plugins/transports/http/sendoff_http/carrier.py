"""httpx over our own connections: one of them for each exchange that runs, kept for the next one."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Lock, local
from typing import Any

import httpcore
import httpx
from sendoff import Credential

from sendoff_http.line import Lines
from sendoff_http.watch import Watch

MOST_IDLE = 16
LONGEST_IDLE_UNSAFE = 1.0  # RFC 9112 section 9.3.1: what must not be repeated is not risked on a connection that may be closing
LONGEST_IDLE = 60.0  # seconds; servers end idle connections after 60 to 75 by default
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")


class Lane:
    """At most one connection at a time, and what httpcore remembers about it."""

    def __init__(self, context: ssl.SSLContext | None, proxy: str | None, login: Credential | None) -> None:
        self.lines = Lines()
        self.idle_since = 0.0
        common: dict[str, Any] = {"ssl_context": context, "max_connections": 1, "keepalive_expiry": LONGEST_IDLE, "network_backend": self.lines}
        if proxy is None:
            self.pool = httpcore.ConnectionPool(**common)
            return
        url = httpx.URL(proxy)
        user, word = (login.username, login.secret.reveal()) if login else (url.username, url.password)
        address = httpcore.URL(scheme=b"http", host=url.raw_host, port=url.port or 80, target=b"/")
        auth = (user.encode(), word.encode()) if user or word else None
        self.pool = httpcore.HTTPProxy(address, proxy_auth=auth, **common)

    def close(self) -> None:
        """The end of its connection."""
        self.pool.close()


class Carrier(httpx.BaseTransport):
    """Carries the requests of an httpx client; each brings its lane and the bytes of its request line's target in its extensions."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request over its lane; httpcore's errors and those of ``Line`` pass through."""
        lane: Lane = request.extensions["lane"]
        url = httpcore.URL(scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.extensions["wire_target"])
        extensions = {"trace": request.extensions["trace"]} if "trace" in request.extensions else {}
        asked = httpcore.Request(request.method, url, headers=request.headers.raw, content=request.stream, extensions=extensions)
        answer = lane.pool.handle_request(asked)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Stream(answer), extensions=answer.extensions)


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class Connections:
    """The lanes to one destination; those that wait are kept for the next exchange, the last used first."""

    def __init__(self, context: ssl.SSLContext | None, proxy: str | None, login: Credential | None) -> None:
        self._made = (context, proxy, login)
        self._idle: list[Lane] = []
        self._open = True
        self._lock = Lock()
        self.discretion = discretion()
        jar = CookieJar(DefaultCookiePolicy(allowed_domains=()))  # none is taken, so none is sent
        self._client = httpx.Client(transport=Carrier(), trust_env=False, follow_redirects=False, cookies=jar)

    def take(self, watch: Watch, *, fresh: bool = False) -> Lane:
        """A lane for this try. fresh: its connection has not been idle for more than a second, so that the server has hardly just closed it."""
        with self._lock:
            lane = self._idle.pop() if self._idle else None
        lane = lane or Lane(*self._made)
        if fresh and watch.now() - lane.idle_since > LONGEST_IDLE_UNSAFE:
            lane.close()
        lane.lines.use(watch)
        return lane

    def give_back(self, lane: Lane) -> None:
        """The exchange is over; a connection that cannot be used again is closed already."""
        lane.idle_since = lane.lines.leave()
        with self._lock:
            keep = self._open and len(self._idle) < MOST_IDLE
            if keep:
                self._idle.append(lane)
        if not keep:
            lane.close()

    def ask(self, request: httpx.Request) -> httpx.Response:
        """Sends a request and returns the answer as soon as its headers are here; its body is read from it, and it must be closed."""
        with self.discretion:
            return self._client.send(request, stream=True)

    def close(self) -> None:
        """Lets the idle ones go now and the busy ones when they come back."""
        with self._lock:
            self._open, idle = False, self._idle
            self._idle = []
        for lane in idle:
            lane.close()
        self._client.close()


class Discretion(logging.Filter):
    """Keeps what httpx and httpcore log of our exchanges out of the logs, unless sendoff itself logs at ``debug`` and redacts all of it."""

    def __init__(self) -> None:
        super().__init__()
        self._here = local()

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - whose thread it is decides
        """False on a thread that is inside an exchange of ours; anybody else's logging goes on."""
        return not getattr(self._here, "depth", 0) or logging.getLogger("sendoff").level == logging.DEBUG

    def __enter__(self) -> None:
        self._here.depth = getattr(self._here, "depth", 0) + 1

    def __exit__(self, *_: object) -> None:
        self._here.depth -= 1


def discretion() -> Discretion:
    """The one filter on the libraries' loggers, put there when it is first asked for."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    found = next((one for one in loggers[0].filters if isinstance(one, Discretion)), None) or Discretion()
    for logger in loggers:
        logger.addFilter(found)
    return found


def request(method: str, url: str, target: bytes, headers: list[tuple[str, str]], body: Any, lane: Lane, **extensions: Any) -> httpx.Request:
    """A request as it is to go out; nothing but ``Host`` is added to its headers."""
    raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]  # RFC 9110 section 5.5
    made = httpx.Request(method, url, headers=raw, content=body, extensions={"lane": lane, "wire_target": target, **extensions})
    made.method = method  # as it stands: methods are told apart by case (RFC 9110 section 9.1), which httpx does not
    made.headers.pop("Transfer-Encoding", None)  # what has no length here has no body
    return made
