"""How a file is cut into blocks: decided once, and kept with the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sendoff import TooLarge

from sendoff_azure_blob.settings import Settings

MIB = 2**20
USUAL = 8 * MIB
MOST = 50_000  # blocks of a blob ("Scalability and performance targets for Blob Storage")
LARGEST = 4000 * MIB  # bytes of a block, from version 2019-12-12 on
_SPARE = 100  # blocks that are left of the most, so that no rounding reaches it


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Equal blocks, only the last may be shorter. size: bytes in all. block: bytes of one."""

    size: int
    block: int

    @classmethod
    def of(cls, size: int, settings: Settings) -> Plan:
        """For a file of so many bytes. ``TooLarge`` where even the largest blocks are too few for it."""
        own = settings.block_size
        block = max(own, -(-size // MOST)) if isinstance(own, int) else max(USUAL, _up(-(-size // (MOST - _SPARE))))
        if block > LARGEST:
            raise TooLarge(f"{size} bytes are more than {MOST} blocks of 4000 MiB, which is all that a blob has")
        return cls(size=size, block=block)

    @classmethod
    def recorded(cls, size: int, data: Mapping[str, Any]) -> Plan:
        """The one that a session was begun with."""
        return cls(size=size, block=int(data["block"]))

    @property
    def count(self) -> int:
        """How many blocks."""
        return max(1, -(-self.size // self.block))

    def length(self, number: int) -> int:
        """Bytes of a block; the first is number 1."""
        return min(self.block, self.size - self.start(number))

    def start(self, number: int) -> int:
        """Where a block begins in the file."""
        return (number - 1) * self.block


def _up(count: int) -> int:
    return -(-count // MIB) * MIB
