"""A line of the screen: pieces of text, each with the style it is drawn in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sendoff.cli.text import cells, cut

Line = list[tuple[str, str]]  # (style, text), as prompt_toolkit takes it
LONGEST_BAR = 40


def plain(line: Sequence[tuple[str, str]]) -> str:
    """Its text."""
    return "".join(text for _, text in line)


def columns(line: Sequence[tuple[str, str]]) -> int:
    """How many columns it takes."""
    return sum(cells(text) for _, text in line)


def fitted(line: Iterable[tuple[str, str]], width: int) -> Line:
    """Its beginning, in at most so many columns."""
    found: Line = []
    for style, text in line:
        room = width - columns(found)
        if room <= 0:
            break
        found.append((style, cut(text, room)))
    return found


def padded(line: Line, width: int) -> Line:
    """The line in exactly so many columns."""
    line = fitted(line, width)
    return [*line, ("", " " * (width - columns(line)))]


def bar(share: float, width: int, *, ascii: bool) -> Line:
    """A line of which this share is thick."""
    full, half, rest = ("#", "#", "-") if ascii else ("━", "╸", "─")
    halves = int(min(max(share, 0.0), 1.0) * width * 2)
    done = full * (halves // 2) + half * (halves % 2)
    return [("class:bar", done), ("class:rest", rest * (width - len(done)))]
