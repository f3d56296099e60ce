"""What goes out as the body of a request, block by block, and how far it got."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sendoff import SourceChanged, Span

from sendoff_http.watch import Watch

if TYPE_CHECKING:
    from sendoff_http.line import Lines

BLOCK = 2**20  # a try holds one; 256 KiB is a sixth slower on loopback, larger ones are no faster


class Body:
    """The body of one request, to be iterated once; this one is empty. sent: bytes the network took. complete: it took all of them.

    size: bytes; None = there is no body. before: to be called when nothing has gone out yet. lines: those it goes out over.
    """

    sha256: str | None = None
    before: Callable[[], None] | None = None

    def __init__(self, watch: Watch, size: int | None = None) -> None:
        self._watch, self.size = watch, size
        self.sent, self.complete = 0, False
        self.lines: Lines | None = None

    def __iter__(self) -> Iterator[memoryview]:
        self.complete = True
        self._watch.answering()
        return iter(())


class BytesBody(Body):
    """A body that a protocol made."""

    def __init__(self, watch: Watch, content: bytes) -> None:
        super().__init__(watch, len(content))
        self._content = content

    def __iter__(self) -> Iterator[memoryview]:
        self._watch.sending()
        if self._content:
            yield memoryview(self._content)
        self.sent, self.complete = len(self._content), True
        self._watch.answering()


class SpanBody(Body):
    """A part of the source. sha256: of all that went out, hex; None when it was not asked for or not all went out."""

    def __init__(self, watch: Watch, span: Span) -> None:
        super().__init__(watch, span.size)
        self._span = span
        self._digest = hashlib.sha256() if span.digest else None
        if span.completes and span.size == 0:
            self.before = span.shipment.commit_point

    def __iter__(self) -> Iterator[memoryview]:
        span, shipment = self._span, self._span.shipment
        self._watch.sending()
        if self.lines is not None:
            self.lines.told = shipment.handed
        shipment.handed(0)
        buffer = memoryview(bytearray(min(BLOCK, span.size)))
        while self.sent < span.size:
            block = self._next(buffer[: min(BLOCK, span.size - self.sent)])
            yield block
            self.sent += len(block)
        if self._digest is not None:
            self.sha256 = self._digest.hexdigest()
        self.complete = True
        self._watch.answering()

    def _next(self, room: memoryview) -> memoryview:
        span, shipment = self._span, self._span.shipment
        count = shipment.readinto(room, span.start + self.sent)
        if not count:
            raise SourceChanged(f"the file ended after {span.start + self.sent} of {shipment.size} bytes")
        if self._digest is not None:
            self._digest.update(room[:count])
        if span.completes and self.sent + count == span.size:
            shipment.commit_point()
        return room[:count]


def body_of(content: bytes | Span | None, watch: Watch) -> Body:
    """The body that a protocol asked for."""
    if isinstance(content, Span):
        return SpanBody(watch, content)
    return Body(watch) if content is None else BytesBody(watch, content)
