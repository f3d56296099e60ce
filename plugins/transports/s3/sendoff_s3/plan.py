"""How a file is cut into parts: decided once, and kept with the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sendoff import TooLarge

from sendoff_s3.servers import MIB, Server
from sendoff_s3.settings import Settings

USUAL = 8 * MIB
LARGEST_PART = 5 * 2**30  # Amazon S3 user guide, "Amazon S3 multipart upload limits"
_SPARE = 100  # parts that are left of a server's most, so that no rounding reaches it


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Equal parts, only the last may be shorter. size: bytes in all. part: bytes of one."""

    size: int
    part: int

    @classmethod
    def of(cls, size: int, settings: Settings, server: Server) -> Plan:
        """For a file of so many bytes. ``TooLarge`` where the server's parts are too few for it."""
        most = server.most_parts if server.multipart else 1
        if isinstance(settings.part_size, int):
            part = max(settings.part_size, -(-size // most))
        else:
            part = max(USUAL, server.smallest_part, _up(-(-size // max(most - _SPARE, 1))))
        if not server.multipart:
            part = max(size, 1)
        if part > LARGEST_PART:
            raise TooLarge(f"{size} bytes are more than {most} parts of 5 GiB, which is all that the server takes")
        return cls(size=size, part=part)

    @classmethod
    def recorded(cls, size: int, data: Mapping[str, Any]) -> Plan:
        """The one that a session was begun with."""
        return cls(size=size, part=int(data["part"]))

    @property
    def count(self) -> int:
        """How many parts."""
        return max(1, -(-self.size // self.part))

    def length(self, number: int) -> int:
        """Bytes of a part; the first is number 1."""
        return min(self.part, self.size - self.start(number))

    def start(self, number: int) -> int:
        """Where a part begins in the file."""
        return (number - 1) * self.part


def _up(count: int) -> int:
    return -(-count // MIB) * MIB
