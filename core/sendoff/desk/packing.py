"""What the parts of a form hold, made fit to travel: a little goes in the request, the rest through the spool."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

from sendoff.desk.incoming import BLOCK, incoming, read_block
from sendoff.errors import InvalidArgument
from sendoff.model.form import MOST_KEPT, is_secret_part
from sendoff.model.source import Part, Source

if TYPE_CHECKING:
    from sendoff.desk.place import Place
    from sendoff.desk.room import Room

_WHAT = "a part of the form"


@dataclass(frozen=True, slots=True)
class Loose:
    """A part whose content is still in its caller's hands. content: bytes, or what gives them block by block up to an empty one; None = ``part`` has a file."""

    part: Part
    content: bytes | Callable[[], bytes] | None = None


def outline(parts: Sequence[Loose]) -> tuple[Part, ...]:
    """The parts with nothing in them: enough to find whatever else is wrong before something is read that can be read only once."""
    return tuple(one.part if one.content is None else replace(one.part, content="") for one in parts)


@contextmanager
def packed(place: Place, parts: Sequence[Loose], room: Room | None = None) -> Iterator[tuple[Part, ...]]:
    """The parts with what they hold, on disk as long as the block lasts; an operation that is created in it takes it over.

    room: what the spool still takes. Errors: ``InvalidArgument`` for a secret that is too long to be sealed, ``NoSpace``, ``SourceUnreadable``.
    """
    with ExitStack() as stack:
        packing, full = _Packing(place, stack, room), [one.part for one in parts]
        for number in sorted(
            range(len(parts)), key=lambda number: not is_secret_part(parts[number].part.name)
        ):  # they come in first: only there they are sealed
            content = parts[number].content
            if content is not None:
                full[number] = packing.part(full[number], content)
        yield tuple(full)


class _Packing:
    """Counts how much room there is in the request. stack: closes what was opened."""

    def __init__(self, place: Place, stack: ExitStack, spool: Room | None) -> None:
        self._place, self._stack, self._spool, self._room = place, stack, spool, MOST_KEPT

    def part(self, part: Part, content: bytes | Callable[[], bytes]) -> Part:
        read = _blocks(content) if isinstance(content, bytes) else content
        first = _beginning(read, self._room + 1)
        if len(first) <= self._room:
            self._room -= len(first)
            return replace(part, content=b64encode(first).decode("ascii"))
        if is_secret_part(part.name):
            raise InvalidArgument(
                f"part {part.name!r} is a secret because of its name, and secrets longer than {MOST_KEPT // 1024} KiB in all cannot be kept sealed;"
                " nothing was stored",
                hint="give it another name, or hand it over as a file, which is read when it is sent, without copy",
            )
        return replace(part, source=Source(kind="spool", path=self._spooled(first, read)))

    def _spooled(self, first: bytes, read: Callable[[], bytes]) -> str:
        held = [first]
        file = self._stack.enter_context(incoming(self._place, _WHAT, self._spool))
        file.fill_from(lambda: held.pop() if held else read())
        return file.name


def _blocks(content: bytes) -> Callable[[], bytes]:
    stream = BytesIO(content)
    return lambda: stream.read(BLOCK)


def _beginning(read: Callable[[], bytes], enough: int) -> bytes:
    """What a function gives until it is enough, or all of it."""
    found = bytearray()
    while len(found) < enough and (block := read_block(read, _WHAT)):
        found += block
    return bytes(found)
