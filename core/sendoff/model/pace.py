"""How fast a number grows: over the last seconds, so that a figure neither jumps with each block nor remembers an hour ago."""

from __future__ import annotations

WINDOW = 5.0  # seconds that are looked back upon
APART = 0.25  # seconds between two samples that are kept
SETTLED = 0.5  # seconds below which nothing can be said


class Pace:
    """Looks back upon a number that grows. Time is handed in, in seconds; several threads may tell and ask."""

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._samples: tuple[tuple[float, float], ...] = ()  # replaced, never changed: whoever reads needs no lock

    def note(self, now: float, total: float) -> None:
        """It is ``total`` at ``now``."""
        samples = self._samples
        if samples and now - samples[-1][0] < APART:
            return
        old = [place for place, (time, _) in enumerate(samples) if time <= now - self._window]
        self._samples = (*samples[old[-1] if old else 0 :], (now, total))

    def rate(self, now: float, total: float) -> float | None:
        """Growth a second; None while it cannot be said yet, and when nothing has moved lately."""
        self.note(now, total)
        base = self._samples[0]
        for sample in self._samples:
            if sample[0] <= now - self._window:
                base = sample
        passed, grown = now - base[0], total - base[1]
        return grown / passed if passed >= SETTLED and grown > 0 else None


def left(rest: float, rate: float | None) -> float | None:
    """Seconds until the rest is done; None when nobody can say, or only an answer is awaited."""
    return rest / rate if rate and rest > 0 else None
