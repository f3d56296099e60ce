"""The host's side of the socket: a bare ASGI application under uvicorn.

The loop moves bytes; every call runs in a thread of its own, because the work blocks.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvicorn

from sendoff import __version__
from sendoff.desk import codec
from sendoff.desk.endpoint import BACKLOG
from sendoff.desk.exchange import UNSURE
from sendoff.errors import ConfigurationError, HostUnavailable, Interrupted, OtherVersion, Refused, SendoffError, to_json
from sendoff.host.call import Call, status_of
from sendoff.host.channel import Channel, Receive, Send
from sendoff.host.peer import KnownPeerProtocol
from sendoff.host.verbs import Verbs

FOLLOWERS = 64  # that are told at once; whoever comes then is told what has happened, and asks again
CALLS = 32
GRACE = 1  # seconds that calls have to end when the host stops
ACCEPTED_AT_ONCE = 64  # asyncio tries as often as this for each burst, and complains as often when descriptors run out

log = logging.getLogger("sendoff.host")
_OF_A_BROWSER = {"origin", "referer", "cookie", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"}  # no client of ours sends any


class Reception:
    """The ASGI application: sees who may ask, gives each call a thread, counts who is here.

    config: the path of the host's configuration file. variables: what its environment wishes, see ``desk.variables``. pid: of the host.
    service: what runs it.
    """

    def __init__(self, *, config: str, variables: Mapping[str, str], pid: int, stopping: threading.Event, service: str | None = None) -> None:
        self._config, self._variables, self._pid, self._stopping, self._service = config, variables, pid, stopping, service
        self._verbs: Verbs | None = None
        self._room: asyncio.Semaphore | None = None
        self.followers = self.calls = self.begun = 0

    def open(self, verbs: Verbs) -> None:
        """Who answers."""
        self._verbs = verbs

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request (ASGI 3)."""
        loop = asyncio.get_running_loop()
        channel = Channel(loop, receive, send)
        try:
            call = Call(scope, channel)
            self._check(call)
            self.begun += 1
        except SendoffError as error:
            await _refuse(send, error)
            return
        taking = loop.create_task(channel.pump_in())
        try:
            if not call.stays:
                await self._wait_for_room()
            self._begin(call, loop)
            await channel.pump_out()
        except asyncio.CancelledError:  # the time is over that a host which stops gives its calls
            if channel.started:
                raise
            await _refuse(send, _cut_short(call))
        finally:
            channel.leave()
            taking.cancel()

    def _check(self, call: Call) -> None:
        """Refuse, before anything is done, who speaks another version, means another configuration, or comes too late."""
        if _OF_A_BROWSER & call.headers.keys():
            raise Refused("this host answers programs of its user; a browser asks, and whatever page it shows has no say here")
        if self._stopping.is_set():
            raise HostUnavailable(f"the host (pid {self._pid}) is stopping", stopping=True)
        version = call.headers.get("sendoff-version", __version__)
        if version != __version__ and not (call.verb == "ask" and call.text("what") in {"stop", "status"}):
            raise OtherVersion(
                f"the host (pid {self._pid}) is of version {__version__}, the client of {version}",
                hint=f"{self._service} runs it with {sys.executable}: upgrade sendoff there, or let this one take over: sendoff host install"
                if self._service
                else None,
                version=__version__, pid=self._pid, service=self._service,
            )  # fmt: skip
        self._check_config(call.headers.get("sendoff-config"))
        if call.verb != "ask":  # the cure must not be refused
            self._check_variables(call.headers.get("sendoff-variables"))
        call.stays = call.verb == "follow" and self.followers < FOLLOWERS

    def _check_config(self, named: str | None) -> None:
        meant = self._config if named is None else str(codec.parse(named))
        if os.path.realpath(meant) != os.path.realpath(self._config):
            raise ConfigurationError(
                f"the host (pid {self._pid}) reads {self._config}, the client means {meant}",
                hint="stop the host with: sendoff host stop; or give the second configuration a state folder of its own with SENDOFF_STATE_DIR",
            )

    def _check_variables(self, named: str | None) -> None:
        for name, digest in codec.parse_object(named or "{}").items():
            if self._variables.get(name) != digest:
                raise ConfigurationError(
                    f"{name} is set here, and the host (pid {self._pid}) runs {'with another value' if name in self._variables else 'without it'}",
                    hint="write it into the configuration file, or end the host with: sendoff host stop; the next one is started with it",
                )

    async def _wait_for_room(self) -> None:
        if self._room is None:
            self._room = asyncio.Semaphore(CALLS)
        await self._room.acquire()

    def _begin(self, call: Call, loop: asyncio.AbstractEventLoop) -> None:
        following = call.stays
        self.followers += following
        self.calls += not following

        def left() -> None:
            self.followers -= following
            self.calls -= not following
            if not following and self._room is not None:
                self._room.release()

        def run() -> None:
            try:
                self._serve(call)
            finally:
                _on_loop(loop, left)

        try:
            threading.Thread(target=run, name=f"sendoff-{call.verb}", daemon=True).start()
        except RuntimeError:  # no more threads: the caller gets a 500
            left()
            raise

    def _serve(self, call: Call) -> None:
        assert self._verbs is not None
        try:
            try:
                self._verbs.answer_to(call)
            except Interrupted:
                raise
            except SendoffError as error:
                call.fail(error)
            except Exception as error:  # whatever the work raises is told and named; the host lives on
                log.exception("%s failed", call.verb)
                call.fail(error)
        except Interrupted:
            log.debug("%s: the client has hung up", call.verb)


def _on_loop(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(function)
    except RuntimeError:
        log.debug("the loop has ended before a call had")


def _cut_short(call: Call) -> HostUnavailable:
    """What a call is told that the host's end has overtaken."""
    hint = UNSURE if call.verb in ("create", "order", "keep") else None
    return HostUnavailable("the host was stopped before it had answered", hint=hint, lost=True)


async def _refuse(send: Send, error: SendoffError) -> None:
    body = json.dumps(to_json(error)).encode() + b"\n"
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Server(uvicorn.Server):
    """uvicorn, which stops when it is told to and leaves the process to us.

    tick: called about once a second. stop: called when a signal asks for the end.
    """

    def __init__(self, reception: Reception, *, tick: Callable[[], Awaitable[None]], stop: Callable[[], None]) -> None:
        self._stop = stop
        self._lock, self._coming, self._ended = threading.Lock(), deque[socket.socket](), False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._welcomes: set[asyncio.Task[Any]] = set()
        super().__init__(
            uvicorn.Config(
                reception, http=KnownPeerProtocol, ws="none", loop="asyncio", lifespan="off", interface="asgi3", log_config=None, access_log=False,
                proxy_headers=False, server_header=False, date_header=False, headers=[("Sendoff-Version", __version__)],
                callback_notify=tick, timeout_notify=1, timeout_graceful_shutdown=GRACE, backlog=ACCEPTED_AT_ONCE,
            )
        )  # fmt: skip

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002 - uvicorn's signature
        """A signal asks the host to stop; it is not raised again afterwards, because ending well is the answer to it."""
        self._stop()

    def take(self, connection: socket.socket) -> bool:
        """Serve a connection that is made already, from any thread; False when the server has ended."""
        with self._lock:
            if self._ended:
                return False
            self._coming.append(connection)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._welcome)
            return True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; then whoever came before. As many may stand in line as before, whatever is accepted at once."""
        await super().startup(sockets=sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)
        with self._lock:
            self._loop = asyncio.get_running_loop()
        self._welcome()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; whoever comes too late is told by the end of the connection."""
        try:
            await super().serve(sockets=sockets)
        finally:
            with self._lock:
                self._ended = True
                for connection in self._coming:
                    connection.close()

    def _welcome(self) -> None:
        assert self._loop is not None
        while self._coming:
            task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, self._coming.popleft()))
            self._welcomes.add(task)
            task.add_done_callback(self._welcomes.discard)

    def _protocol(self) -> KnownPeerProtocol:
        return KnownPeerProtocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=self._loop)
