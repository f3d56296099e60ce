"""A text file for Prometheus: what node_exporter's textfile collector reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from sendoff_metrics.measures import MEASURES, SECONDS, Kind, Measure

_READ_BY_ALL = 0o644  # whoever collects is another user


class TextFile:
    """Keeps measures in memory, and writes them when it is told to; whoever reads sees the old file or the new one, never a half.

    path: where. Its folder is made, for this user only, if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._registry = path, CollectorRegistry()
        self._series: dict[Measure, Any] = {measure: self._made(measure) for measure in MEASURES}

    def add(self, measure: Measure, amount: float = 1, *labels: str) -> None:
        """As ``Meter.add``."""
        one = self._series[measure].labels(*labels) if measure.labels else self._series[measure]
        if measure.kind is Kind.HISTOGRAM:
            one.observe(amount)
        else:
            one.inc(amount)

    def put(self, measure: Measure, values: dict[tuple[str, ...], float]) -> None:
        """As ``Meter.put``."""
        gauge = self._series[measure]
        if measure.labels:
            gauge.clear()
        for labels, value in values.items():
            (gauge.labels(*labels) if labels else gauge).set(value)

    def write(self) -> None:
        """Put everything into the file. Errors: ``OSError``."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")  # a collector reads what ends in .prom
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, _READ_BY_ALL)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, _READ_BY_ALL)
            file.write(generate_latest(self._registry))
        new.replace(self.path)

    def _made(self, measure: Measure) -> Any:
        if measure.kind is Kind.HISTOGRAM:
            return Histogram(measure.name, measure.meaning, measure.labels, buckets=SECONDS, registry=self._registry)
        kind = Counter if measure.kind is Kind.COUNTER else Gauge
        return kind(measure.name, measure.meaning, measure.labels, registry=self._registry)
