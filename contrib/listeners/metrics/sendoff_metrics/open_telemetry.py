"""The same measures for OpenTelemetry, where its API is installed; who has set up no SDK has asked for nothing, and nothing is kept."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from importlib import import_module
from typing import Any

from sendoff_metrics.measures import MEASURES, Kind, Measure


class OpenTelemetry:
    """Hands measures to the meter of the process. metrics: the module ``opentelemetry.metrics``."""

    def __init__(self, metrics: Any) -> None:
        self._metrics, meter = metrics, metrics.get_meter("sendoff_metrics")
        self._gauges: dict[Measure, dict[tuple[str, ...], float]] = {}
        self._instruments: dict[Measure, Any] = {measure: self._made(meter, measure) for measure in MEASURES}

    def add(self, measure: Measure, amount: float = 1, *labels: str) -> None:
        """As ``Meter.add``."""
        attributes = dict(zip(measure.labels, labels, strict=True))
        if measure.kind is Kind.HISTOGRAM:
            self._instruments[measure].record(amount, attributes)
        else:
            self._instruments[measure].add(amount, attributes)

    def put(self, measure: Measure, values: dict[tuple[str, ...], float]) -> None:
        """As ``Meter.put``; a reader fetches it when it wants."""
        self._gauges[measure] = dict(values)

    def _made(self, meter: Any, measure: Measure) -> Any:
        words = {"unit": measure.unit, "description": measure.meaning}
        if measure.kind is Kind.GAUGE:
            return meter.create_observable_gauge(measure.name, callbacks=[partial(self._observed, measure)], **words)
        make = meter.create_histogram if measure.kind is Kind.HISTOGRAM else meter.create_counter
        return make(measure.name, **words)

    def _observed(self, measure: Measure, _options: Any) -> Iterable[Any]:
        values = self._gauges.get(measure, {})
        return [self._metrics.Observation(value, dict(zip(measure.labels, labels, strict=True))) for labels, value in values.items()]


def found() -> OpenTelemetry | None:
    """None where its API is not installed, or nobody has set up an SDK: what the API itself provides keeps nothing."""
    try:
        metrics: Any = import_module("opentelemetry.metrics")
    except ImportError:
        return None
    provider = metrics.get_meter_provider()
    return None if type(provider).__module__.startswith("opentelemetry.metrics") else OpenTelemetry(metrics)
