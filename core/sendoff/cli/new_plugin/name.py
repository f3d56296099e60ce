"""What a plugin may be called: the one word for its driver, its distribution and its module."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution, entry_points

from sendoff.cli.new_plugin.kind import Kind
from sendoff.errors import InvalidArgument, UnsupportedScheme
from sendoff.model.destination import REFUSED

LONGEST = 30
_OWN_WORD = {"network": "the network is chosen among those that are installed", "http-protocol": "the protocol is what the server announces"}  # ``auto``
_OTHER = "choose another name, or uninstall that one first"


def checked_name(kind: Kind, name: str) -> str:
    """The name, if a plugin of this kind may have it. Errors: ``InvalidArgument`` for one that is no word, or is taken here; ``UnsupportedScheme``."""
    if kind.word == "transport" and name.lower() in REFUSED:
        raise UnsupportedScheme(f"{name.lower()}:// is not supported: {REFUSED[name.lower()]}", hint="nothing was written")
    if name.startswith("sendoff-"):
        raise InvalidArgument(f"the name of a plugin is {name.removeprefix('sendoff-')!r} alone; its distribution is then called {name}")
    if len(name) > LONGEST or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise InvalidArgument(f"{name!r} cannot be the name of a plugin: write up to {LONGEST} small letters and digits, with single dashes between them")
    if name == "auto" and kind.word in _OWN_WORD:
        raise InvalidArgument(f"'auto' cannot be the name of a {kind.word}: in a configuration it says that {_OWN_WORD[kind.word]}", hint="choose another name")
    _check_free(kind, name)
    return name


def _check_free(kind: Kind, name: str) -> None:
    """Two drivers of one name cannot be used, and two distributions of one name not be installed."""
    for entry in entry_points(group=kind.group, name=name):
        raise InvalidArgument(f"{entry.dist.name if entry.dist else entry.value} brings a {kind.word} {name!r} already", hint=_OTHER)
    if kind.word == "transport":
        _check_scheme(name)
    try:
        found = distribution(f"sendoff-{name}")
    except PackageNotFoundError:
        return
    raise InvalidArgument(f"a distribution sendoff-{name} {found.version} is installed already", hint=_OTHER)


def _check_scheme(name: str) -> None:
    """What another transport carries to would go by the new one from the moment it is installed."""
    from sendoff.drivers import Drivers

    drivers = Drivers()
    if name in drivers.schemes():
        raise InvalidArgument(f"the transport {drivers.transport_for(name)!r} carries to {name}:// already", hint=_OTHER)
