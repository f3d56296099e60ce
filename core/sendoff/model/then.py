"""What becomes of a file once its upload was seen to be there."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sendoff.errors import InvalidArgument

_MOVE = "move:"


@dataclass(frozen=True, slots=True)
class Then:
    """Delete it, or move it. folder: where to; None = it is deleted."""

    folder: str | None = None

    @classmethod
    def read(cls, word: str) -> Then:
        """``delete`` or ``move:DIR``; ``InvalidArgument`` for anything else."""
        if word == "delete":
            return cls()
        folder = word.removeprefix(_MOVE)
        if folder == word or not folder or "\0" in folder:
            raise InvalidArgument(f"then {word!r}: it is delete, or move:DIR with a folder")
        return cls(folder)

    @classmethod
    def asked(cls, word: str) -> str:
        """The same word with the folder's whole path: a relative one is meant from here."""
        then = cls.read(word)
        return word if then.folder is None else f"{_MOVE}{os.path.abspath(os.path.expanduser(then.folder))}"
