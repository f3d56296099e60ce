"""What is installed: entry points, the distributions that bring them, and which of those are made for another sendoff."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from sendoff import __version__
from sendoff.model.complaint import nearest


def entries(group: str) -> list[EntryPoint]:
    """Everything that is registered in a group."""
    return list(entry_points(group=group))


def origin(entry: EntryPoint) -> str:
    """The distribution and its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.value


def origins(found: list[EntryPoint]) -> str:
    """Those that bring one name, as a sentence has them."""
    return " and ".join(sorted(origin(entry) for entry in found))


def is_disabled(entry: EntryPoint, disabled: frozenset[str]) -> bool:
    """Whether the configuration names it, or its distribution, among those that are not loaded."""
    return entry.name in disabled or (entry.dist is not None and entry.dist.name in disabled)


def unknown(disabled: Sequence[str]) -> list[str]:
    """A sentence for each word of ``disabled`` that is the name of nothing installed: no driver, no listener, no distribution that brings one."""
    if not disabled:
        return []
    found = entry_points()
    brought = [entry for group in found.groups if group.startswith("sendoff.") for entry in found.select(group=group)]
    known = {entry.name for entry in brought} | {entry.dist.name for entry in brought if entry.dist is not None}
    return [f"nothing installed is called {word!r}{nearest(word, sorted(known))}" for word in disabled if word not in known]


def unfit(entry: EntryPoint) -> str | None:
    """Why it must not be loaded: its distribution says that it was made for another version of sendoff. None = it does not say so."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    for line in (entry.dist.requires or ()) if entry.dist is not None else ():
        try:
            asked = Requirement(line)
        except InvalidRequirement:
            continue  # its installer has passed it by, too
        if canonicalize_name(asked.name) != "sendoff" or (asked.marker is not None and not asked.marker.evaluate({"extra": ""})):
            continue
        if not asked.specifier.contains(__version__, prereleases=True):
            wanted = ",".join(sorted((str(one) for one in asked.specifier), reverse=True))
            return f"{origin(entry)} asks for sendoff {wanted}; this is {__version__}"
    return None
