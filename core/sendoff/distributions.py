"""What is installed: entry points, the distributions that bring them, and which of those are made for another sendoff."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import PurePath
from typing import TYPE_CHECKING

from sendoff import __version__
from sendoff.model.complaint import nearest

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_TORN = "~"  # what pip puts in front of a folder that it is about to remove, and leaves behind where it is interrupted


def entries(group: str) -> list[EntryPoint]:
    """Everything that is registered in a group; the same of the same distribution once, for an interrupted installer leaves its folders twice."""
    found: dict[tuple[str, str, str], EntryPoint] = {}
    for entry in entry_points(group=group):
        if not _is_left_over(entry):
            found.setdefault((_canonical(entry), entry.name, entry.value), entry)
    return list(found.values())


def _is_left_over(entry: EntryPoint) -> bool:
    path = getattr(entry.dist, "_path", None)  # no distribution has to have one; those in folders do
    return path is not None and PurePath(str(path)).name.startswith(_TORN)


def _canonical(entry: EntryPoint) -> str:
    """The name of its distribution, as those compare it."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(entry.dist.name or "") if entry.dist is not None else ""


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
    from packaging.utils import canonicalize_name

    for line in (entry.dist.requires or ()) if entry.dist is not None else ():
        asked = _asked(line)
        if asked is None or canonicalize_name(asked.name) != "sendoff":
            continue
        if not asked.specifier.contains(__version__, prereleases=True):
            wanted = ",".join(sorted((str(one) for one in asked.specifier), reverse=True))
            return f"{origin(entry)} asks for sendoff {wanted}; this is {__version__}"
    return None


def _asked(line: str) -> Requirement | None:
    """What is asked for here; None where it is not, or nobody can read it: its installer has passed it by, too."""
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        asked = Requirement(line)
        return asked if asked.marker is None or asked.marker.evaluate({"extra": ""}) else None
    except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
        return None
