"""A driver that this interpreter has and the host's has not."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points

from sendoff.errors import DriverMissing, SendoffError, UnsupportedScheme


def explained(error: SendoffError) -> SendoffError:
    """The error of a host that lacks a driver; where this interpreter has it, one that names both and both cures. Any other error as it came."""
    theirs = error.facts.get("interpreter")
    if theirs in (None, sys.executable) or not isinstance(error, DriverMissing | UnsupportedScheme):
        return error
    found = _found(error)
    if found is None:
        return error
    what = f"{error.facts['scheme']}://" if "scheme" in error.facts else f"{error.facts['name']!r}"
    package = found.dist.name if found.dist is not None else found.value
    return type(error)(
        f"the host runs with {theirs}, which has no driver for {what}; this command runs with {sys.executable}, which has one, of {package}",
        hint=f"install {package} for {theirs}, or let this interpreter be the host: sendoff host stop, then the command again "
        "(sendoff host install, where a service runs it)",
        **error.facts,
    )


def _found(error: SendoffError) -> EntryPoint | None:
    """Its entry point here."""
    if "scheme" in error.facts:
        return next((entry for entry in entry_points(group="sendoff.transports") if _carries(entry, error.facts["scheme"])), None)
    return next(iter(entry_points(group=f"sendoff.{error.facts.get('kind')}", name=str(error.facts.get("name")))), None)


def _carries(entry: EntryPoint, scheme: str) -> bool:
    if entry.name == scheme:
        return True
    try:
        return scheme in entry.load().schemes
    except Exception:  # noqa: BLE001 - a stranger's module is imported, and nothing is done with it
        return False
