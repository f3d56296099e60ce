"""What a plugin may be called: the one word for its driver, its distribution and its module."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution, entry_points

from sendoff.cli.new_plugin.kind import Kind
from sendoff.errors import InvalidArgument
from sendoff.model.destination import scheme_of

LONGEST = 30
_OTHER = "choose another name, or uninstall that one first"


def checked_name(kind: Kind, name: str) -> str:
    """The name, if a plugin of this kind may have it. Errors: ``InvalidArgument`` for one that is no word, or is taken here; ``UnsupportedScheme``."""
    if name.startswith("sendoff-"):
        raise InvalidArgument(f"the name of a plugin is {name.removeprefix('sendoff-')!r} alone; its distribution is then called {name}")
    if len(name) > LONGEST or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise InvalidArgument(f"{name!r} cannot be the name of a plugin: write up to {LONGEST} small letters and digits, with single dashes between them")
    if kind.word == "transport":
        scheme_of(f"{name}://")
    _check_free(kind, name)
    return name


def _check_free(kind: Kind, name: str) -> None:
    """Two drivers of one name cannot be used, and two distributions of one name not be installed."""
    for entry in entry_points(group=kind.group, name=name):
        raise InvalidArgument(f"{entry.dist.name if entry.dist else entry.value} brings a {kind.word} {name!r} already", hint=_OTHER)
    try:
        found = distribution(f"sendoff-{name}")
    except PackageNotFoundError:
        return
    raise InvalidArgument(f"a distribution sendoff-{name} {found.version} is installed already", hint=_OTHER)
