"""Whether what is installed works here and now, where that can be told without sending anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sendoff.deadline import attempted
from sendoff.errors import Json
from sendoff.model.conditions import Conditions
from sendoff.model.configuration import Configuration
from sendoff.policy.cost import described
from sendoff.runtime.credentials import Credentials

_Row = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """configuration: in force. conditions: what is known of the network. sinks: who is told, and how far they are."""

    credentials: Credentials
    configuration: Callable[[], Configuration]
    conditions: Callable[[], Conditions]
    sinks: Callable[[], Json]

    def of(self, drivers: Sequence[_Row]) -> list[dict[str, Json]]:
        """Each driver with its ``health``: what is known of it; None where it is not in use, or that cannot be told. All are asked at once."""
        if not drivers:
            return []
        sinks = self.sinks()
        with ThreadPoolExecutor(max_workers=len(drivers), thread_name_prefix="sendoff-health") as threads:
            told = threads.map(lambda one: self._anyhow(one, sinks) if one["state"] == "ok" else None, drivers)
            return [{**one, "health": health} for one, health in zip(drivers, told, strict=True)]

    def _anyhow(self, driver: _Row, sinks: Sequence[_Row]) -> str | None:
        """As ``_told``; one whose health cannot be told takes nobody's with it."""
        told, error = attempted(lambda: self._told(driver, sinks))
        return told if error is None else f"it cannot be told: {type(error).__name__}"

    def _told(self, driver: _Row, sinks: Sequence[_Row]) -> str | None:
        kind, name = driver["kind"], driver["name"]
        if kind == "credentials":
            return self.credentials.usable(name) or "usable"
        if kind == "stores":
            return "in use" if self.configuration().store == name else None
        if kind == "networks":
            return self._network(name)
        if kind == "sinks":
            return "; ".join(_sink(sink) for sink in sinks if sink["use"] == name) or None
        return None

    def _network(self, name: str) -> str | None:
        conditions = self.conditions()
        return f"in use: {described(conditions)}" if name in (self.configuration().network, conditions.name) else None


def _sink(sink: _Row) -> str:
    """One that is in use, and what keeps it."""
    waiting = f", {sink['waiting']} waiting" if sink["waiting"] else ""
    return f"in use as {sink['name']}{waiting}{': ' + sink['message'] if sink['message'] else ''}"
