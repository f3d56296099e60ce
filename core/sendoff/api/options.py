"""What can be said about an upload besides source and destination: one table, with the names and defaults of ``sendoff put``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal, TypedDict

from sendoff.errors import InvalidArgument
from sendoff.model.complaint import nearest
from sendoff.model.delivery import Demand
from sendoff.model.header import login_header
from sendoff.model.moment import moment
from sendoff.model.quantity import seconds
from sendoff.model.secret import Credential, Secret, reveal
from sendoff.model.status import CostPolicy, TransferPriority
from sendoff.model.then import Then
from sendoff.model.web_error import numbers_of

Fields = Mapping[str, str | Secret] | Iterable[tuple[str, str | Secret]]
Length = float | str | timedelta


class Options(TypedDict, total=False):
    """The options of ``put``; None is the same as not given.

    method: HTTP method, ``PUT`` where not said. headers: sent with the request; a mapping, or pairs. secret_headers: the same, kept sealed; a value
    may be a reference ``env:NAME`` or ``file:NAME``. credential: ``driver:name``, a ``[credentials]`` section, or a ``Credential``, which is kept
    sealed. id: your own; the same id with the same request gives the same operation. group, label: text. priority: ``high default low``.
    cost: ``unrestricted-only default always``. metadata: what JSON can say, 16 KiB at most; found again by ``find(metadata=)``. patience: seconds, ``"5m"``
    or a ``timedelta`` without one newly confirmed byte; as configured (3 days) where not said. recoverable_errors: ``WebErrorStatus`` members, or HTTP
    statuses, at which it waits for you instead of failing. existing: ``overwrite skip fail``. verify: ``auto size
    digest read-back``. digest: ``auto none sha256``. sha256: what it must be, hex. if_changed: where the file was changed after it was queued,
    ``fail``, or ``restart`` with what it holds then. protocol: ``auto plain tus rufh``, or another that is installed. idempotency_key: True, or the
    name of the header that carries the same key at each try. retry_unsafe: send a POST again even when it may have been carried out. again: a new
    operation even where an unchanged source is queued for the same target. only_new: skip what has a receipt for the same target with the same size and
    time. offset, length: bytes of a file, all from there on where no length is said. copy: take over what the file holds now; what becomes of it later
    is no matter. then: ``delete`` or ``move:DIR``, what becomes of the file once it was seen to be there. options: any key of the destination. start:
    False = created, and waits for ``start()``.

    >>> night: sendoff.Options = {"group": "night", "patience": "12h", "cost": "unrestricted-only"}
    >>> sendoff.put("a.iso", "archive:", **night).group
    'night'
    """

    method: str | None
    headers: Fields | None
    secret_headers: Fields | None
    credential: str | Credential | None
    id: str | None
    group: str | None
    priority: Literal["high", "default", "low"] | TransferPriority | None
    cost: Literal["unrestricted-only", "default", "always"] | CostPolicy | None
    label: str | None
    metadata: Mapping[str, Any] | None
    patience: Length | None
    recoverable_errors: Iterable[int] | None
    existing: Literal["overwrite", "skip", "fail"] | None
    verify: Literal["auto", "size", "digest", "read-back"] | None
    digest: Literal["auto", "none", "sha256"] | None
    sha256: str | None
    if_changed: Literal["fail", "restart"] | None
    protocol: str | None
    idempotency_key: bool | str | None
    retry_unsafe: bool
    again: bool
    only_new: bool
    offset: int | None
    length: int | None
    copy: bool
    then: str | None
    options: Mapping[str, Any] | None
    start: bool


NAMES = tuple(Options.__annotations__)
_OF_THE_DESTINATION = ("existing", "verify", "digest", "if_changed", "protocol")  # stronger here than in its section
_ASIDE = frozenset({"start", "only_new", "copy", "credential", "sha256", *_OF_THE_DESTINATION})  # they become no field of their own


def fields_of(options: Mapping[str, Any], verb: str = "put") -> dict[str, Any]:
    """Options as fields of a ``Request``; ``InvalidArgument`` names the option, and the nearest known one."""
    for name in options:
        if name not in NAMES:
            raise InvalidArgument(f"{verb}() has no option {name!r}{nearest(name, NAMES)}", hint=f"its options are {', '.join(NAMES)}")
    given = {name: value for name, value in options.items() if value is not None}
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _ASIDE:
            field, turn = _TURNS.get(name, (name, _text))
            fields[field] = turn(name, value)
    said = {name: _text(name, given[name]) for name in _OF_THE_DESTINATION if name in given}
    if said:
        fields["options"] = {**fields.get("options", {}), **said}
    if "sha256" in given:
        fields["demand"] = Demand(expected_sha256=_text("sha256", given["sha256"]))
    _add_credential(fields, given.get("credential"))
    return fields


def flag(options: Mapping[str, Any], name: str, default: bool) -> bool:
    """An option that is True or False."""
    found = options.get(name)
    return default if found is None else _flag(name, found)


def _add_credential(fields: dict[str, Any], credential: object) -> None:
    """A reference travels as it is. A credential itself is kept sealed with the operation, for whatever way of proving it the server asks for."""
    if credential is None:
        return
    if not isinstance(credential, Credential):
        fields["credential"] = _text("credential", credential)
        return
    fields["identities"] = {**fields.get("identities", {}), "server": checked_credential(credential)}


def checked_credential(credential: Credential) -> Credential:
    """One that can be sent; ``InvalidArgument`` says what it lacks."""
    named = credential.kind in ("basic", "header")
    missing = "secret" if not credential.secret else "user name" if named and not credential.username else None
    if missing:
        raise InvalidArgument(f"the credential has no {missing}")
    login_header(credential)
    return credential


# -- how each is read ---------------------------------------------------------------------------------------------------


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{name}={value!r}: a text is expected")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{name}: it cannot be written as UTF-8") from None
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidArgument(f"{name}={value!r}: True or False is expected")
    return value


def _pairs(name: str, value: object) -> tuple[tuple[str, str], ...]:
    """Headers; their values are not repeated in a complaint, because they may be secret."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise InvalidArgument(f"{name}: a mapping, or pairs of name and value, is expected")
    found = list(value.items() if isinstance(value, Mapping) else value)
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str | Secret) for pair in found):
        raise InvalidArgument(f"{name}: each is a name and a value, both text")
    return tuple((_text(name, key), reveal(one)) for key, one in found)


def _mapping(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidArgument(f"{name}={value!r}: a mapping with texts as keys is expected")
    try:
        json.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError) as cause:
        raise InvalidArgument(f"{name}: it cannot be written as JSON: {cause}") from cause
    return dict(value)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _word(kind: type[TransferPriority | CostPolicy]) -> Callable[[str, object], str]:
    def turn(name: str, value: object) -> str:
        words = [one.name.lower().replace("_", "-") for one in kind]
        word = value.name.lower().replace("_", "-") if isinstance(value, kind) else value
        if word not in words:
            raise InvalidArgument(f"{name}={value!r}: it is one of {', '.join(words)}")
        return str(word)

    return turn


def _bytes(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidArgument(f"{name}={value!r}: a number of bytes is expected")
    return value


def _then(name: str, value: object) -> str:
    return Then.asked(_text(name, value))


def _patience(name: str, value: object) -> int:
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InvalidArgument(f"{name}={value!r}: seconds, a text like '5m' or a timedelta is expected")
    length = seconds(value)
    if not 0 <= length < float("inf"):
        raise InvalidArgument(f"{name}={value!r}: a length of time is not negative and not infinite")
    return moment(length)


def _listed(name: str, value: object) -> tuple[int, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise InvalidArgument(f"{name}={value!r}: several are expected, like [403, sendoff.WebErrorStatus.GONE]")
    return numbers_of(value)


def _key_header(name: str, value: object) -> str | None:
    if isinstance(value, bool):
        return "Idempotency-Key" if value else None
    return _text(name, value)


_TURNS: Mapping[str, tuple[str, Callable[[str, object], object]]] = {
    "headers": ("headers", _pairs), "secret_headers": ("secret_headers", _pairs),
    "priority": ("priority", _word(TransferPriority)), "cost": ("cost_policy", _word(CostPolicy)), "metadata": ("metadata", _mapping),
    "patience": ("patience", _patience), "idempotency_key": ("idempotency_key", _key_header), "retry_unsafe": ("retry_unsafe", _flag),
    "again": ("again", _flag), "recoverable_errors": ("recoverable_errors", _listed),
    "offset": ("offset", _bytes), "length": ("length", _bytes), "then": ("then", _then), "options": ("options", _mapping),
}  # fmt: skip
