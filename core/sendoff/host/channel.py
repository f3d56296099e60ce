"""The bytes between one connection, which lives in the event loop, and the thread that serves it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from sendoff.errors import Interrupted

HELD = 256 * 1024  # bytes kept in either direction before the faster side waits

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]


class Channel:
    """Both directions of one request. The methods of the thread block; a client that has gone raises ``Interrupted`` there."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, send: Send) -> None:
        self._loop, self._receive, self._send = loop, receive, send
        self._changed = threading.Condition()
        self._came: deque[bytes] = deque()
        self._whole = self._gone = self._ended = False
        self._held_in = self._held_out = 0
        self._goes: list[bytes] = []
        self._start: tuple[int, list[Header]] = (200, [])
        self._space, self._news = asyncio.Event(), asyncio.Event()
        self.started = False

    # -- for the thread -----------------------------------------------------------------------------------------------

    def pieces(self) -> Iterator[bytes]:
        """The body of the request, as it comes."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._came or self._whole or self._gone)
                self._check()
                if not self._came:
                    return
                piece = self._came.popleft()
                self._held_in -= len(piece)
            self._tell(self._space)
            yield piece

    def begin(self, status: int, headers: list[Header]) -> None:
        """Say how the answer begins; it goes out with the first bytes, or at once after ``write(b"")``."""
        self._start = (status, headers)

    def write(self, data: bytes) -> None:
        """Send more of the answer; waits while the client reads more slowly than we write."""
        with self._changed:
            self._changed.wait_for(lambda: self._held_out < HELD or self._gone)
            self._check()
            self.started = True
            self._goes.append(data)
            self._held_out += len(data)
            first = len(self._goes) == 1
        if first:
            self._tell(self._news)

    def end(self) -> None:
        """The answer is whole."""
        with self._changed:
            self.started = self._ended = True
        self._tell(self._news)

    @property
    def gone(self) -> bool:
        """The client has hung up."""
        return self._gone

    def leave(self) -> None:
        """Make the thread's next call raise ``Interrupted``."""
        with self._changed:
            self._gone = True
            self._changed.notify_all()
        self._tell(self._news)

    def _check(self) -> None:
        if self._gone:
            raise Interrupted("the client has hung up")

    def _tell(self, event: asyncio.Event) -> None:
        self._loop.call_soon_threadsafe(event.set)

    # -- for the loop -------------------------------------------------------------------------------------------------

    async def pump_in(self) -> None:
        """Take in the body, no faster than it is used; then wait for the client to hang up."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.leave()
                return
            with self._changed:
                if message.get("body"):
                    self._came.append(message["body"])
                    self._held_in += len(message["body"])
                self._whole = not message.get("more_body", False)
                full = self._held_in >= HELD
                self._changed.notify_all()
            while full:
                self._space.clear()
                if self._held_in >= HELD:
                    await self._space.wait()
                full = self._held_in >= HELD

    async def pump_out(self) -> None:
        """Send what the thread writes, in as few pieces as the client's speed asks for; returns when the answer is whole or nobody reads it."""
        begun = False
        while True:
            await self._news.wait()
            self._news.clear()
            with self._changed:
                data, self._goes = b"".join(self._goes), []
                self._held_out = 0
                ended, gone = self._ended, self._gone
                self._changed.notify_all()
            if gone:
                return
            if not begun:
                begun = True
                await self._send({"type": "http.response.start", "status": self._start[0], "headers": self._start[1]})
            await self._send({"type": "http.response.body", "body": data, "more_body": not ended})
            if ended:
                return
