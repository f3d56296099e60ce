"""Which files of a tree are taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sendoff.errors import InvalidArgument

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Choice:
    """What ``--include``, ``--exclude`` and ``--min-age`` say.

    include, exclude: patterns as in ``.gitignore``, for the path below a source. before: nanoseconds since 1970; what changed later is left for another time.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = (), *, before: int | None = None) -> None:
        self._include = _spec("--include", include) if include else None
        self._exclude = _spec("--exclude", exclude) if exclude else None
        self.before = before

    def takes(self, path: str) -> bool:
        """Whether a file is one of those asked for."""
        return (self._include is None or self._include.match_file(path)) and not (self._exclude is not None and self._exclude.match_file(path))

    def enters(self, path: str) -> bool:
        """Whether something in this folder may be asked for."""
        return self._exclude is None or not self._exclude.match_file(f"{path}/")


def _spec(option: str, patterns: Sequence[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    for pattern in patterns:
        _check(option, pattern)
    return GitIgnoreSpec.from_lines(patterns)


def _check(option: str, pattern: str) -> None:
    """A pattern that can match nothing is a mistake."""
    from pathspec import GitIgnoreSpec

    if pattern.startswith("#"):
        raise InvalidArgument(f"{option} {pattern!r}: a # begins a comment", hint=f"for a name that begins with it write '\\{pattern}'")
    try:
        found = [one.include for one in GitIgnoreSpec.from_lines([pattern]).patterns]
    except ValueError:
        found = []
    if found in ([], [None]):
        raise InvalidArgument(f"{option} {pattern!r}: this is no pattern", hint="patterns are as in .gitignore: '*.jpg', 'cache/', '/top.txt', '**/old/*'")
