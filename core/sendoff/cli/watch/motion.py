"""What moves: the tries under way as they were last told of, and how fast all of them are together."""

from __future__ import annotations

from collections.abc import Mapping

from sendoff.cli.watch.tally import passed_of
from sendoff.model.pace import Pace
from sendoff.model.progress import UploadProgress

HEARD = 1.5  # seconds after which a try that nobody tells of any more is over
WINDOW = 10.0  # seconds over which the rate is smoothed


class Motion:
    """Adds up what is told of each try. Time is handed in, in seconds. moved: bytes in all since the beginning; it never shrinks."""

    def __init__(self, now: float) -> None:
        self.moved = 0
        self._pace = Pace(WINDOW)
        self._began = now
        self._heard: dict[str, tuple[float, UploadProgress]] = {}

    def heard(self, one: UploadProgress, now: float) -> None:
        """A try is so far."""
        before = self._heard.get(one.operation)
        if before is not None:
            self.moved += max(passed_of(one) - passed_of(before[1]), 0)
        elif now - self._began > HEARD:  # it has begun since; what was under way before is not ours
            self.moved += min(one.bytes_sent, one.total_bytes)
        self._heard[one.operation] = now, one

    def ended(self, id: str, size: int) -> None:
        """An upload is through; size: 0 when it failed."""
        before = self._heard.pop(id, None)
        self.moved += max(size - (passed_of(before[1]) if before else 0), 0)

    def rested(self, id: str) -> None:
        """A try is over before its upload is."""
        self._heard.pop(id, None)

    def live(self, now: float) -> Mapping[str, UploadProgress]:
        """The tries under way."""
        self._heard = {id: told for id, told in self._heard.items() if now - told[0] <= HEARD}
        return {id: one for id, (_, one) in self._heard.items()}

    def rate(self, now: float) -> float | None:
        """Bytes a second, all together; None when nothing moves or it cannot be said yet."""
        return self._pace.rate(now, self.moved)
