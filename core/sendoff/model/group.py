"""What a group may be called."""

from __future__ import annotations

import re

from sendoff.errors import InvalidArgument

_NAME = re.compile(r"[^|\0-\x1f]{1,128}")


def checked_group(name: str, where: str = "--group") -> str:
    """A group's name: 1 to 128 characters and no bar. where: who named it, for ``InvalidArgument``."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidArgument(f"{where} {name!r}: a group's name has 1 to 128 characters and no bar")
    return name
