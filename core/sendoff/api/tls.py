"""Whom a program trusts, and as who it shows itself, where it says so for its own uploads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from sendoff.errors import InvalidArgument
from sendoff.model.complaint import nearest

_FILES = ("ca_file", "client_cert", "client_key")
_NAMES = (*_FILES, "pin", "min_tls")
NONE: Mapping[str, Any] = MappingProxyType({})


def checked_tls(value: object) -> Mapping[str, Any]:
    """Settings as options of a destination, files by their absolute paths; ``InvalidArgument`` for what is no such setting."""
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"tls={value!r}: a mapping is expected, like {{'ca_file': 'ca.pem'}}")
    for name in value:
        if name not in _NAMES:
            raise InvalidArgument(f"tls has no {name!r}{nearest(str(name), _NAMES)}", hint=f"it has {', '.join(_NAMES)}")
    return MappingProxyType({name: _read(name, one) for name, one in value.items() if one is not None})


def _read(name: str, value: object) -> Any:
    if name in _FILES:
        if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str) or not os.fspath(value):
            raise InvalidArgument(f"tls {name}={value!r}: the path of a file is expected")
        return os.path.abspath(os.path.expanduser(os.fspath(value)))
    if name == "pin" and isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return [_text(name, one) for one in value]
    return _text(name, value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"tls {name}={value!r}: a text is expected")
    return value
