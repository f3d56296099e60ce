"""The environment of a program: the host says where programs are, the submitter who is asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence

WHOSE = ("HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")  # they say whose store a program reads
_OF_THE_HOST = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
_IDENTITY = re.compile(r"AWS_\w+|(?:https?|all|no)_proxy|SSH_AUTH_SOCK|SSL_CERT_\w+", re.IGNORECASE)
_SECRET = re.compile(r"AWS_\w*(?:KEY|TOKEN|SECRET)\w*", re.IGNORECASE)


def surroundings(environment: Mapping[str, str] | None, named: Sequence[str]) -> dict[str, str]:
    """What a program sees of the submitter's environment, and of the host's. environment: None where it is asked for no upload: then all is the host's."""
    asked = os.environ if environment is None else environment
    own = {name: os.environ[name] for name in _OF_THE_HOST if name in os.environ}
    return own | {name: value for name, value in asked.items() if name in WHOSE or name in named or _IDENTITY.fullmatch(name)}


def secrets_among(seen: Mapping[str, str], named: Sequence[str]) -> Iterator[str]:
    """The values that nobody else is told: those of variables that the section names, keys of an account, the login of a proxy."""
    for name, value in seen.items():
        if name in named or _SECRET.fullmatch(name):
            yield value
        login = value.partition("://")[2].rpartition("@")[0]
        if login:
            yield login.partition(":")[2]
