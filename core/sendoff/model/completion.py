"""What happens once all of a completion group has ended."""

from __future__ import annotations

import re
from dataclasses import dataclass

FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A function to call in a process of its own, as the program would that registered it.

    function: ``module:function``. interpreter, folder: absolute paths. path: where it looks for modules.
    """

    function: str
    interpreter: str
    folder: str
    path: tuple[str, ...] = ()


def key_of(batch: str) -> str:
    """What stays the same however often a handler is called for the same group."""
    return f"{batch}.completed"
