"""Where the work is done: by a host, or in this very process."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sendoff.desk.place import Place
from sendoff.errors import ConfigurationError, InvalidArgument
from sendoff.model.complaint import nearest

MODES = ("auto", "host", "embedded")


def mode_of(asked: str, place: Place, environment: Mapping[str, str]) -> str:
    """The mode in force: what was asked, unless that is ``auto``; then ``SENDOFF_MODE``, then ``mode =`` of the configuration file."""
    if asked not in MODES:
        raise InvalidArgument(f"mode={asked!r}: it is one of {', '.join(MODES)}{nearest(str(asked), MODES)}")
    if asked != "auto":
        return asked
    variable = environment.get("SENDOFF_MODE")
    found = variable or _of_the_file(place.config)
    if found not in MODES:
        where = "SENDOFF_MODE" if variable else f"{place.config}: mode"
        raise ConfigurationError(f"{where} = {found!r}: it is one of {', '.join(MODES)}")
    return found


def _of_the_file(path: str) -> str:
    """What the file says. One that cannot be read is the host's to complain of: it reads all of it."""
    if not os.path.exists(path):
        return "auto"
    import tomllib

    try:
        with open(path, "rb") as file:
            return str(tomllib.load(file).get("mode", "auto"))
    except (OSError, ValueError):
        return "auto"
