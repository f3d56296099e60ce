"""A Nextcloud that answers as the real one does, is stricter where the manual says so, and breaks down where a test says so.

Written from the developer manual ("Chunked file upload", "Basic APIs") and from what the server does: sabre/dav's core, ``apps/dav/lib/Upload`` and
``apps/dav/lib/Connector/Sabre``. It keeps chunks as files, or, with ``parts``, as an object store keeps the parts of a multipart upload.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape

from contrib.http_protocols.nextcloud.tests.fault import Asked, Fault
from contrib.http_protocols.nextcloud.tests.tree import Tree, Upload

USER, PASSWORD = "ann", "app-word"
FILES, UPLOADS = f"/remote.php/dav/files/{USER}", f"/remote.php/dav/uploads/{USER}"
LEAST, MOST_CHUNKS = 5_000_000, 10_000
BLOCK = 64 * 1024
Headers = list[tuple[str, str]]


class Refusal(Exception):
    """An answer that is none of success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Cloud:
    """A running server. tree: what it keeps. asked: every request, in order. parts: of an object store. login: whether it asks for one."""

    def __init__(self, *, parts: bool = False, quota: int | None = None, login: bool = False, base: str = "") -> None:
        self.tree, self.parts, self.login, self.base = Tree(quota), parts, login, base
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self.changed = threading.Condition(threading.RLock())
        self._open: set[socket.socket] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, name="cloud")
        self._thread.start()

    def __enter__(self) -> Cloud:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends every connection, and the server."""
        for fault in self.faults:
            fault.let_go.set()
        self.hang_up()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{self.base}"

    @property
    def url(self) -> str:
        """The user's files."""
        return f"{self.origin}{FILES}/"

    def add(self, fault: Fault) -> Fault:
        """From now on."""
        with self.changed:
            self.faults.append(fault)
        return fault

    def steps(self, *wanted: str) -> list[Asked]:
        """The requests of these steps, or all."""
        with self.changed:
            return [one for one in self.asked if not wanted or one.step in wanted]

    def content(self, path: str) -> bytes | None:
        """What a file holds; None = there is none."""
        with self.changed:
            found = self.tree.files.get(path)
            return found.content if found else None

    def upload(self) -> Upload:
        """The only one under way."""
        with self.changed:
            (found,) = self.tree.uploads.values()
            return found

    def wait_until(self, true: Callable[[], bool], timeout: float = 20) -> None:
        """Looked at after every change."""
        with self.changed:
            if not self.changed.wait_for(true, timeout):
                raise TimeoutError("the server did not come that far")

    def hang_up(self) -> None:
        """Every connection that is open breaks."""
        with self.changed:
            for one in list(self._open):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def connected(self, one: socket.socket, *, ended: bool = False) -> None:
        """A connection comes or goes."""
        with self.changed:
            (self._open.discard if ended else self._open.add)(one)

    def fault_for(self, step: str) -> Fault | None:
        """What goes wrong with this request; every fault counts it."""
        with self.changed:
            struck = [fault for fault in self.faults if fault.strikes(step)]
            return struck[0] if struck else None


def _handler(cloud: Cloud) -> type[BaseHTTPRequestHandler]:
    from contrib.http_protocols.nextcloud.tests.answering import Answering

    return type("Handler", (_Handler,), {"cloud": cloud, "answering": Answering(cloud)})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud: Cloud

    def setup(self) -> None:
        super().setup()
        self.cloud.connected(self.connection)

    def finish(self) -> None:
        self.cloud.connected(self.connection, ended=True)
        try:
            super().finish()
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        path = urlsplit(self.path).path.removeprefix(self.cloud.base)
        headers = {key.lower(): value for key, value in self.headers.items()}
        step = f"{self.command} {_kind(path)}".strip()
        fault = self.cloud.fault_for(step)
        place = self._note(Asked(step, unquote(path), headers))
        if fault is not None and fault.before:
            return self._drop()
        if self.cloud.login and headers.get("authorization") != f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}":
            return self._answer(place, 401, [("WWW-Authenticate", 'Basic realm="Nextcloud"')], b"", close=True)
        body = self._body(place, fault)
        if body is None:
            return self._drop()
        if fault is not None and fault.spoiled and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        with self.cloud.changed:
            if fault is not None and fault.meanwhile is not None:
                fault.meanwhile()
            if fault is not None and fault.status is not None:
                status, told, said = fault.status, list(fault.headers), fault.body
            else:
                status, told, said = self._done(path, headers, body)
            self.cloud.changed.notify_all()
        if fault is not None and fault.lost:
            return self._drop()
        return self._answer(place, status, told, said)

    def _done(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Headers, bytes]:
        try:
            return self.answering.answer(self.command, path, headers, body)  # type: ignore[attr-defined, no-any-return]
        except Refusal as refusal:
            text = f'<?xml version="1.0"?><d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:message>{escape(str(refusal))}</s:message></d:error>'
            return refusal.status, [("Content-Type", "application/xml")], text.encode()

    def _note(self, asked: Asked) -> int:
        with self.cloud.changed:
            self.cloud.asked.append(asked)
            return len(self.cloud.asked) - 1

    def _body(self, place: int, fault: Fault | None) -> bytes | None:
        """All of it; None when the connection is to end, or has ended. It is counted as it comes."""
        left, found = int(self.headers.get("Content-Length") or 0), bytearray()
        stop = None if fault is None else fault.cut if fault.cut is not None else fault.hold
        while left and (stop is None or len(found) < stop):
            piece = self.rfile.read1(min(BLOCK, left, BLOCK if stop is None else stop - len(found)))
            if not piece:
                return None
            found += piece
            left -= len(piece)
            with self.cloud.changed:
                self.cloud.asked[place] = replace(self.cloud.asked[place], received=len(found))
                self.cloud.changed.notify_all()
        if fault is not None and fault.hold is not None:
            fault.held.set()
            fault.let_go.wait(60)
            return None
        return None if fault is not None and fault.cut is not None else bytes(found)

    def _drop(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def _answer(self, place: int, status: int, headers: Headers, body: bytes, *, close: bool = False) -> None:
        with self.cloud.changed:
            self.cloud.asked[place] = replace(self.cloud.asked[place], status=status)
            self.cloud.changed.notify_all()
        self.send_response_only(status)
        length = [] if any(name == "Content-Length" for name, _ in headers) else [("Content-Length", str(len(body)))]
        for name, value in [*headers, *length, *([("Connection", "close")] if close else [])]:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = self.close_connection or close


def _kind(path: str) -> str:
    if path.startswith(UPLOADS):
        rest = path.removeprefix(UPLOADS).strip("/")
        return "upload" if "/" not in rest else "" if rest.endswith("/.file") else "chunk"
    return "file" if path.startswith(FILES) else path


def dated(modified: int) -> str:
    """As ``getlastmodified`` tells it."""
    return formatdate(modified, usegmt=True)


def capabilities() -> bytes:
    """As ``/ocs/v1.php/cloud/capabilities`` tells them."""
    return json.dumps({"ocs": {"meta": {"statuscode": 100}, "data": {"capabilities": {"dav": {"chunking": "1.0", "bulkupload": "1.0"}}}}}).encode()


def sha256(content: bytes) -> str:
    """Hex."""
    return hashlib.sha256(content).hexdigest()


def encoded(path: str) -> str:
    """A path as it stands in an address."""
    return quote(path)
