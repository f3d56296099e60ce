"""A configuration file looked at by this process, in force or not: what it names must be there, and understand what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sendoff.distributions import unknown
from sendoff.drivers import Drivers
from sendoff.errors import Json, SendoffError, to_json
from sendoff.model.configuration import Configuration
from sendoff.model.destination import Destination, scheme_of
from sendoff.model.secret import public_url
from sendoff.runtime.connections import check_allowed
from sendoff.settings import load

Finding = tuple[str, Callable[[], str]]


def inspected(path: Path, environ: Mapping[str, str]) -> Json:
    """What the question ``check`` answers, of one file: ``rows`` and ``ok``. Errors: ``ConfigurationError`` for a file that cannot be read as one."""
    configuration = load(path, environ, required=True)
    rows = [_row(what, look) for what, look in _findings(configuration, Drivers(configuration.disabled))]
    rows += [{"what": "disabled", "ok": True, "detail": sentence} for sentence in unknown(configuration.disabled)]
    return {"rows": [{"what": str(path), "ok": True, "detail": _counted(configuration)}, *rows], "ok": all(row["ok"] for row in rows)}


def _findings(configuration: Configuration, drivers: Drivers) -> Iterator[Finding]:
    def understood(kind: str, name: str, options: Mapping[str, Json], section: str) -> str:
        drivers.settings(kind, name, options, section=section)
        return drivers.load(kind, name).__name__

    def reached(one: Destination) -> str:
        check_allowed(one.url, configuration)
        _check_credential(one, drivers)
        name = one.transport or drivers.transport_for(scheme_of(one.url))
        made = understood("transports", name, {**configuration.transports.get(name, {}), **one.options}, f"destinations.{one.name}")
        return f"{public_url(one.url)}, by {made}"

    yield f"stores {configuration.store}", lambda: understood("stores", configuration.store, configuration.store_options, "store")
    if configuration.network != "auto":
        yield f"networks {configuration.network}", lambda: understood("networks", configuration.network, configuration.network_options, "network")
    for name, options in configuration.transports.items():
        yield f"transports.{name}", lambda name=name, options=options: understood("transports", name, options, f"transports.{name}")  # type: ignore[misc]
    for name, section in configuration.credentials.items():
        yield f"credentials.{name}", lambda name=name, one=section: understood("credentials", one.use, one.options, f"credentials.{name}")  # type: ignore[misc]
    for name, destination in configuration.destinations.items():
        yield f"destinations.{name}", lambda one=destination: reached(one)  # type: ignore[misc]
    for sink in configuration.sinks:
        yield f"sinks.{sink.name}", lambda one=sink: understood("sinks", one.use, one.options, f"sinks.{one.name}")  # type: ignore[misc]


def _check_credential(destination: Destination, drivers: Drivers) -> None:
    """That whoever keeps ``driver:name`` is there; whether it has the credential only the host can tell."""
    driver, colon, _ = (destination.credential or "").partition(":")
    if colon:
        drivers.load("credentials", driver)


def _counted(configuration: Configuration) -> str:
    """What there is in it, in words."""
    counts = (("destination", len(configuration.destinations)), ("credential", len(configuration.credentials)), ("sink", len(configuration.sinks)))
    return "can be used: " + ", ".join(f"{count or 'no'} {noun}{'' if count == 1 else 's'}" for noun, count in counts)


def _row(what: str, look: Callable[[], str]) -> dict[str, Json]:
    try:
        return {"what": what, "ok": True, "detail": look()}
    except SendoffError as error:
        return {"what": what, "ok": False, "detail": error.message, "error": to_json(error)}
