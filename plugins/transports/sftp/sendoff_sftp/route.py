"""The way to a server: what ``~/.ssh/config`` says of it, and the hosts in between."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sendoff import ConfigurationError

from sendoff_sftp.address import PORT, Place
from sendoff_sftp.known_hosts import name_of
from sendoff_sftp.settings import Settings

if TYPE_CHECKING:
    from paramiko import SSHConfig

_MOST_HOPS = 8
_PLAIN = re.compile(r"[\w.:%@+][\w.:%@+-]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One host on the way. name: as files of known hosts call it. user: None = nobody says. identity_files: in the order in which they are tried.

    only: no other keys than these. command: what carries the connection instead of a socket.
    """

    host: str
    port: int
    name: str
    user: str | None = None
    identity_files: tuple[str, ...] = ()
    only: bool = False
    known_hosts: tuple[str, ...] = ()
    command: str | None = None


def route_to(place: Place, settings: Settings) -> list[Hop]:
    """Every host on the way, the server itself last. Errors: ``ConfigurationError``."""
    config = _config(settings)
    found = _looked_up(config, place.host)
    jumps = settings.proxy_jump if settings.proxy_jump is not None else found.get("proxyjump")
    hops = [] if jumps in (None, "none") else _jumps(str(jumps), config, settings, depth=0)
    if hops and settings.proxy_jump is not None:
        found.pop("proxycommand", None)
    return [*hops, _hop(place, found, settings, own=True)]


def _jumps(text: str, config: SSHConfig | None, settings: Settings, depth: int) -> list[Hop]:
    """The hosts of a ``ProxyJump``, those before the first of them included (ssh_config(5))."""
    hops: list[Hop] = []
    for number, word in enumerate(text.split(",")):
        place = _place(word.strip())
        found = _looked_up(config, place.host)
        if number == 0 and found.get("proxyjump") not in (None, "none"):
            if depth >= _MOST_HOPS:
                raise ConfigurationError(f"ProxyJump runs in a circle at {place.host}", hint=f"correct it in {settings.ssh_config}")
            hops += _jumps(found["proxyjump"], config, settings, depth + 1)
        hops.append(_hop(place, found, settings, own=False))
    return hops


def _place(word: str) -> Place:
    user, at, rest = word.removeprefix("ssh://").rpartition("@")
    host, colon, port = rest.rpartition(":") if not rest.endswith("]") and rest.count(":") != 0 and not _bare_v6(rest) else (rest, "", "")
    if colon and not port.isdigit():
        raise ConfigurationError(f"{word!r} is no host to jump through", hint="write [user@]host[:port]")
    return Place(host.strip("[]"), int(port) if colon else None, user if at else None)


def _bare_v6(text: str) -> bool:
    return text.count(":") > 1 and not text.startswith("[")


def _config(settings: Settings) -> SSHConfig | None:
    from paramiko import SSHConfig, SSHException

    path = Path(settings.ssh_config).expanduser()
    if settings.ssh_config == "none":
        return None
    try:
        return SSHConfig.from_path(str(path))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError, SSHException) as cause:
        raise ConfigurationError(f"{path} cannot be used: {cause}", hint='correct it, or set ssh_config = "none" for this destination') from cause


def _looked_up(config: SSHConfig | None, host: str) -> dict[str, Any]:
    from paramiko import SSHException

    try:
        return dict(config.lookup(host)) if config else {}
    except (SSHException, ImportError) as cause:
        raise ConfigurationError(
            f"what ~/.ssh/config says of {host} is not understood: {cause}", hint='set ssh_config = "none" for this destination'
        ) from cause


def _hop(place: Place, found: Mapping[str, Any], settings: Settings, *, own: bool) -> Hop:
    host, port = str(found.get("hostname") or place.host), place.port or int(found.get("port") or PORT)
    alias = found.get("hostkeyalias")
    files = settings.host_keys
    if "host_keys" not in settings.model_fields_set and found.get("userknownhostsfile"):
        files = (*str(found["userknownhostsfile"]).split(), *files[2:])
    keys = settings.identity_file if own and settings.identity_file else tuple(found.get("identityfile") or ())
    only = bool(own and settings.identity_file) or str(found.get("identitiesonly", "no")).lower() == "yes"
    command = found.get("proxycommand") if str(found.get("proxycommand", "none")).lower() != "none" else None
    if command and not settings.proxy_command:
        raise ConfigurationError(
            f"{settings.ssh_config} reaches {place.host} through a ProxyCommand, which sendoff does not run unasked",
            hint="set proxy_command = true for this destination to allow it, or use ProxyJump",
        )
    if command and not (_PLAIN.fullmatch(host) and _PLAIN.fullmatch(place.user or "x")):
        raise ConfigurationError(f"{place.host!r} cannot be put into a ProxyCommand: a shell would see more in it than the name of a host or a user")
    return Hop(
        host=host, port=port, name=str(alias).lower() if alias else name_of(host, port), user=place.user or found.get("user"),
        identity_files=keys, only=only, known_hosts=files, command=str(command) if command else None,
    )  # fmt: skip
