"""The limits in force: those of the configuration, and over them what somebody has asked for while the work runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sendoff.errors import InvalidArgument, Json
from sendoff.model.complaint import nearest
from sendoff.model.configuration import Configuration
from sendoff.model.limits import MOST_AT_ONCE, Limits, PlaceLimits
from sendoff.model.moment import Moment, moment_text
from sendoff.policy.bandwidth import timetable
from sendoff.ports.clock import Clock

Key = tuple[str | None, str]  # a destination or None, and ``bandwidth`` or ``concurrency``
_KNOWN = ("bandwidth", "concurrency", "destination")


class Limiting:
    """What was asked for holds until the process ends, or until the file says something else of the same than it did then.

    take: puts another configuration in force; what it is given last is the latest, whoever asks at the same time. reread: reads the file anew, for ``refile``.
    """

    def __init__(self, clock: Clock, take: Callable[[Configuration], None], reread: Callable[[], None]) -> None:
        self._clock, self._take, self._reread = clock, take, reread
        self._lock = threading.RLock()
        self._asked: dict[Key, Any] = {}
        self._filed = Configuration()

    def over(self, filed: Configuration) -> Configuration:
        """The configuration in force, where the file says this."""
        with self._lock:
            before, self._filed = self._filed, filed
            self._asked = {key: value for key, value in self._asked.items() if _there(filed, key) and _said(filed, key) == _said(before, key)}
            return replace(filed, limits=self._limits())

    def refile(self, filed: Configuration) -> None:
        """The file says this now."""
        with self._lock:
            self._take(self.over(filed))

    def order(self, details: Mapping[str, Json]) -> None:
        """Other limits; or those that the file has by now, where somebody has just written it. Errors: ``InvalidArgument``, and nothing has changed."""
        if details.get("reread") is True:
            self._reread()
            return
        with self._lock:
            place = self._place(details)
            given = {(place, name): _checked(name, details[name]) for name in ("bandwidth", "concurrency") if details.get(name) is not None}
            if not given:
                raise InvalidArgument("a limit of what? bandwidth or concurrency")
            self._asked = {**self._asked, **given}
            self._take(replace(self._filed, limits=self._limits()))

    def told(self, most: Callable[[str | None], int | None], running: int) -> Json:
        """The limits for people and programs. most: how many at once the bandwidth keeps alive."""
        with self._lock:
            limits, asked, filed = self._limits(), self._asked, self._filed
        now = self._clock.wall()
        return {
            **_speed(limits.bandwidth, now), "concurrency": limits.concurrency, "per_destination": limits.per_destination, "fed": most(None),
            "running": running,
            "destinations": {name: {**_speed(one.bandwidth, now), "concurrency": one.concurrency, "fed": most(name)} for name, one in limits.places.items()},
            "unsaved": [_name(key) for key, value in sorted(asked.items(), key=_order) if value != _said(filed, key)],
        }  # fmt: skip

    def _limits(self) -> Limits:
        limits = self._filed.limits
        places = dict(limits.places)
        whole = {name: value for (place, name), value in self._asked.items() if place is None}
        for (place, name), value in self._asked.items():
            if place is not None:
                places[place] = replace(places.get(place, PlaceLimits()), **{name: value})
        return replace(limits, **whole, places=places)

    def _place(self, details: Mapping[str, Json]) -> str | None:
        for name in details:
            if name not in _KNOWN:
                raise InvalidArgument(f"a limit has no {name}; it has {', '.join(_KNOWN)}")
        place = details.get("destination")
        if place is None:
            return None
        name = str(place).removesuffix(":")
        if name not in self._filed.destinations:
            raise InvalidArgument(f"there is no [destinations.{name}]{nearest(name, self._filed.destinations)}", hint="a limit can be set for a section only")
        return name


def _there(filed: Configuration, key: Key) -> bool:
    """Whether the file has what it is a limit of."""
    place, _ = key
    return place is None or place in filed.destinations


def _said(filed: Configuration, key: Key) -> Any:
    """What the file says of it."""
    place, name = key
    return getattr(filed.limits if place is None else filed.limits.places.get(place, PlaceLimits()), name)


def _checked(name: str, value: Json) -> Json:
    if name == "bandwidth":
        if not isinstance(value, str):
            raise InvalidArgument("bandwidth: it is written as a text, 10M for instance")
        return timetable(value).text
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_AT_ONCE:
        raise InvalidArgument(f"concurrency {value!r}: it is a number of uploads, 1 or more and {MOST_AT_ONCE} at most")
    return value


def _speed(text: str | None, now: Moment) -> dict[str, Json]:
    """What a timetable says now, until when, and what then."""
    table = timetable(text) if text is not None else None
    until = table.until(now) if table is not None else None
    then = table.rate(until) if table is not None and until is not None else None
    rate = table.rate(now) if table is not None else None
    return {"bandwidth": text, "rate": rate, "until": moment_text(until) if until is not None else None, "then": then}


def _name(key: Key) -> str:
    place, name = key
    return f"limits.{name}" if place is None else f"destinations.{place}.{name}"


def _order(item: tuple[Key, Any]) -> tuple[str, str]:
    (place, name), _ = item
    return place or "", name
