"""Names of blocks. Each tells whose it is, which it is, and the MD5 of what is in it: a list of them says what the server has."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass

OTHERS = "of another program"
_NAME = re.compile(r"sendoff-([0-9a-f]{16})-(\d{6})-([A-Za-z0-9_-]{22})")


@dataclass(frozen=True, slots=True)
class Name:
    """A block's name. id: of the session. All names are 54 characters: Azure wants those of one blob equally long, of at most 64 bytes."""

    id: str
    number: int
    digest: str

    @classmethod
    def of(cls, id: str, number: int, md5: bytes) -> Name:
        """The name of a block with this content."""
        return cls(id, number, urlsafe_b64encode(md5).decode().rstrip("="))

    @classmethod
    def read(cls, text: str) -> Name | None:
        """What a name tells; None where it is none of ours."""
        found = _NAME.fullmatch(text)
        return cls(found[1], int(found[2]), found[3]) if found else None

    def __str__(self) -> str:
        return f"sendoff-{self.id}-{self.number:06}-{self.digest}"


def owner_of(text: str) -> str:
    """The id of the session that a block belongs to, or ``OTHERS``."""
    name = Name.read(text)
    return name.id if name else OTHERS
