"""Fair turns: everybody runs once in each round, and the median of the rounds counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Two figures side by side.

    ours, theirs: medians. shown: how one figure is printed. ratio: what the goal is about. low, high: that ratio's extremes over the rounds.
    at_most, at_least: the goal; neither = none yet. note: what a reader should know.
    """

    name: str
    labels: tuple[str, str]
    ours: float
    theirs: float
    shown: Callable[[float], str]
    ratio: float
    low: float
    high: float
    unit: str = "x"
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def goal(self) -> str:
        """The goal and whether it is met."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}{self.unit}: {'met' if self.ratio <= self.at_most else 'FALLS SHORT'}"
        if self.at_least is not None:
            return f"at least {self.at_least:g}{self.unit}: {'met' if self.ratio >= self.at_least else 'FALLS SHORT'}"
        return "no goal yet"


def interleaved(rounds: int, turns: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Every turn's figure, round by round; who begins changes from round to round, so that a machine that slows down slows all."""
    figures: dict[str, list[float]] = {name: [] for name in turns}
    order = list(turns)
    for _ in range(rounds):
        for name in order:
            figures[name].append(turns[name]())
        order.append(order.pop(0))
    return figures


def timed(action: Callable[[], object]) -> float:
    """Seconds on the caller's clock."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def compared(name: str, labels: tuple[str, str], ours: list[float], theirs: list[float], *, speed: bool, shown: Callable[[float], str], **more: object) -> Line:
    """The line of two lists of seconds. speed: the ratio says how many times as fast as the other; else how many times as long."""
    ratios = [their / our if speed else our / their for our, their in zip(ours, theirs, strict=True)]
    extremes = {"ratio": median(ratios), "low": min(ratios), "high": max(ratios)}
    return Line(name=name, labels=labels, ours=median(ours), theirs=median(theirs), shown=shown, **extremes, **more)  # type: ignore[arg-type]
