"""Every value in force and who said it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sendoff.model.header import is_secret_header
from sendoff.model.secret import STARS, is_secret_word, public_url
from sendoff.settings.fault import Location, Origins
from sendoff.settings.shape import Shape

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(\S*)")
_SAID = re.compile(  # as the words of a connection are written: name = value, also in quotes
    r"""([\w-]*(?:password|passwd|passphrase|secret|token|scram_\w+_key)\s*=\s*)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?:\\.|[^\s\\])+)""",
    re.IGNORECASE | re.DOTALL,
)


class Explained(NamedTuple):
    """One key. value: as it may be shown. origin: ``default``, ``argument``, the variable, or the file."""

    key: str
    value: Any
    origin: str


def explained(shape: Shape, origins: Origins) -> list[Explained]:
    """Every key with its value, secrets as three stars, in the order of the file's sections."""
    leaves = _leaves((), shape.model_dump(mode="json", exclude_none=True))
    return [Explained(".".join(map(str, place)), _public(place, value), origins.of(place, exactly=True)) for place, value in leaves]


def _leaves(place: Location, value: Any) -> Iterator[tuple[Location, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves((*place, key), inner)
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        for number, inner in enumerate(value):
            yield from _leaves((*place, number), inner)
    else:
        yield place, value


def _public(place: Location, value: Any) -> Any:
    if isinstance(value, list):
        return [_public(place, inner) for inner in value]
    name = str(place[-1])
    if name == "credential":  # names one, is none
        return value
    if is_secret_word(name) or is_secret_header(name):
        return STARS if value else value
    if not isinstance(value, str):
        return value
    if not _ADDRESS.match(value):
        value = _SAID.sub(rf"\1{STARS}", value)
    if "://" not in value:
        return value
    if _has_two_readings(value):
        return f"{value.partition('://')[0]}://{STARS}"
    return _ADDRESS.sub(_whose, value) if place[0] == "sinks" else public_url(value)


def _has_two_readings(url: str) -> bool:
    """Whether the half of a password may stand where a port does: a slash in it ends the server's name for whoever reads."""
    server, *more = re.split(r"[/?#\\]", url.partition("://")[2], maxsplit=1)
    if "@" in server:
        return False
    ports = [port for one in server.split(",") if (port := re.sub(r"^\[[^]]*\]", "", one).partition(":")[2])]
    return not all(port.isdecimal() for port in ports) or (bool(ports) and "@" in "".join(more))


def _whose(address: re.Match[str]) -> str:
    """Of an address to be told at: its scheme, and the server of HTTP. Whoever knows its path may tell there, too; with others what stands for the host."""
    scheme, rest = address.groups()
    if scheme.lower() not in ("http", "https"):
        return f"{scheme}://{STARS}"
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    return f"{scheme}://{host}" if authority == rest else f"{scheme}://{host}/{STARS}"
