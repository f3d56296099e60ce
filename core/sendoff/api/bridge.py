"""From calls that wait to calls that are awaited: the caller's loop never stands still."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from sendoff.api.crew import CREW

ROOM = 1000  # items that wait for a slow reader
LOOK = 1.0  # seconds after which a thread that waits for room looks whether anybody still wants it

Given = ParamSpec("Given")
Result = TypeVar("Result")
Item = TypeVar("Item")


async def in_thread(function: Callable[Given, Result], *args: Given.args, **named: Given.kwargs) -> Result:
    """What a function gives that may wait: it does so in another thread. Of ten thousand at once most stand in line.

    Whoever stops waiting leaves what has begun to its end, and nobody waits for it; what has not begun is not.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()
    context = contextvars.copy_context()

    def run() -> None:
        if future.cancelled():
            return
        try:
            result = context.run(function, *args, **named)
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to whoever waits
            _tell(loop, future, lambda error=error: future.set_exception(error))  # type: ignore[misc]
        else:
            _tell(loop, future, lambda: future.set_result(result))

    CREW.do(run)
    return await future


def _tell(loop: asyncio.AbstractEventLoop, future: asyncio.Future[Result], how: Callable[[], None]) -> None:
    def told() -> None:
        if not future.done():
            how()

    with suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(told)


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


async def flowing(begin: Callable[[], Iterator[Item | None]]) -> AsyncIterator[Item]:
    """What an iterator gives that may wait; None is skipped. Whoever stops reading lets its thread end with the next item."""
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[Item | _End] = asyncio.Queue()
    room, left = threading.Semaphore(ROOM), threading.Event()

    def put(item: Item | _End) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody reads
            loop.call_soon_threadsafe(items.put_nowait, item)

    def run() -> None:
        try:
            for item in _wanted(begin(), room, left):
                put(item)
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to whoever reads
            put(_End(error))
        else:
            put(_End(None))

    threading.Thread(target=run, name="sendoff-iterate", daemon=True).start()
    try:
        while not isinstance(item := await items.get(), _End):
            room.release()
            yield item
        if item.error is not None:
            raise item.error
    finally:
        left.set()


def _wanted(found: Iterator[Item | None], room: threading.Semaphore, left: threading.Event) -> Iterator[Item]:
    """As long as somebody reads, and as fast as they do."""
    for item in found:
        while item is not None and not left.is_set() and not room.acquire(timeout=LOOK):
            pass
        if left.is_set():
            return
        if item is not None:
            yield item
