"""What the server of ``sendoff demo`` saw, told try by try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sendoff.cli.demo.receiver import Request
from sendoff.errors import Json
from sendoff.model.quantity import size_text


@dataclass(frozen=True, slots=True)
class Sightings:
    """The requests of one upload of ``size`` bytes, in order of arrival. A try ends where its connection broke, and another begins with the question (HEAD)
    how far the server is: a host may die between two pieces, or when the rest of one is in the kernel's hands.
    """

    rows: Sequence[Request]
    size: int

    @property
    def tries(self) -> list[Sequence[Request]]:
        """The requests of each try."""
        broken = {place + 1 for place, row in enumerate(self.rows) if row.broken}
        asked = {place for place, row in enumerate(self.rows) if row.method == "HEAD"}
        edges = sorted({0, len(self.rows), *broken, *asked})
        return [self.rows[start:stop] for start, stop in pairwise(edges) if start < stop]

    @property
    def twice(self) -> int:
        """Bytes of the file that came more than once."""
        return max(sum(row.received for row in self.rows) - self.size, 0)

    @property
    def taken(self) -> bool:
        """The last request was answered well."""
        return bool(self.rows) and self.rows[-1].taken

    def lines(self) -> list[tuple[str, str]]:
        """A line for each try."""
        return [(f"try {number}", _of_one(rows)) for number, rows in enumerate(self.tries, 1)]

    def as_json(self) -> list[Json]:
        """Each request, and which try it belongs to."""
        return [
            {"try": number, "method": row.method, "size": row.size, "received": row.received, "complete": row.complete, "status": row.status}
            for number, rows in enumerate(self.tries, 1)
            for row in rows
        ]


def _of_one(rows: Sequence[Request]) -> str:
    """What a try consisted of: equal requests in a row are one word."""
    words: list[str] = []
    for row in rows:
        if words and words[-1].partition(" x ")[2] == row.method:
            words[-1] = f"{int(words[-1].partition(' ')[0]) + 1} x {row.method}"
        elif words and words[-1] == row.method:
            words[-1] = f"2 x {row.method}"
        else:
            words.append(row.method)
    last = rows[-1]
    end = f"answered {last.status}" if last.status is not None else "then the connection broke" if last.broken else "without an answer"
    return f"{', '.join(words)}; {size_text(sum(row.received for row in rows))} came, {end}"
