"""From a file that was found to a request: what the options of ``put`` ask, for each of them alike."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sendoff.cli.headers import headers
from sendoff.cli.parser import pair
from sendoff.cli.put.walk import Found
from sendoff.cli.text import is_whole
from sendoff.errors import InvalidArgument
from sendoff.model.delivery import Demand
from sendoff.model.operation import Request
from sendoff.model.quantity import seconds, size
from sendoff.model.then import Then
from sendoff.model.web_error import numbers_of

ELSEWHERE = {
    "credential": "say --credential REF", "headers": "say --header 'NAME: VALUE'", "url": "the last word says where to",
    "use": "only the destination's section can say it", "cleartext": "only the destination's section can say it",
}  # fmt: skip
_OF_THE_DESTINATION = ("existing", "verify", "digest", "if_changed", "protocol")  # stronger here than in its section
Asking = Callable[[Found], Request]


def asking(options: Namespace, destination: str) -> Asking:
    """How each file is asked for; ``InvalidArgument`` where an option cannot be understood."""
    _check_text([destination, options.id, options.group, options.label, options.credential])
    _check_text([*options.meta, *options.header, *options.header_secret, *options.option, options.then])
    common = _common(options, destination)

    def asked(one: Found) -> Request:
        return Request(source=one.path, name=one.name, only_new=one.seen, found=one.walked, **common)

    return asked


def _check_text(words: Sequence[str | None]) -> None:
    if not all(is_whole(word) for word in words if word):
        raise InvalidArgument("a word of the command is not valid UTF-8")


def _common(options: Namespace, destination: str) -> dict[str, Any]:
    asked = {
        "destination": destination,
        "method": options.method,
        "headers": headers(options.header),
        "secret_headers": headers(options.header_secret),
        "credential": options.credential,
        "id": options.id,
        "group": options.group,
        "priority": options.priority,
        "cost_policy": options.cost,
        "label": options.label,
        "metadata": dict(pair(text, "=", "KEY=VALUE") for text in options.meta),
        "idempotency_key": options.idempotency_key,
        "retry_unsafe": options.retry_unsafe,
        "patience": None if options.patience is None else round(seconds(options.patience) * 1_000_000),
        "recoverable_errors": listed(options.recoverable_errors),
        "again": options.again,
        "offset": size(options.offset) if options.offset else 0,
        "length": None if options.length is None else size(options.length),
        "then": None if options.then is None else Then.asked(options.then),
        "demand": None if options.sha256 is None else Demand(expected_sha256=options.sha256),
        "options": _options(options),
    }
    return {name: value for name, value in asked.items() if value not in (None, (), {})}  # 0 is a length


def listed(words: Sequence[str]) -> tuple[int, ...]:
    """Errors as ``--recoverable-errors`` has them: numbers or names with commas between them."""
    return numbers_of(word.strip() for text in words for word in text.split(",") if word.strip())


def _options(options: Namespace) -> Mapping[str, Any]:
    """What is asked of the destination for these uploads only, by the keys of its section."""
    found = {key: _value(text) for key, text in (pair(word, "=", "-o KEY=VALUE") for word in options.option)}
    for key in found:
        if key in ELSEWHERE:
            raise InvalidArgument(f"-o {key}: {ELSEWHERE[key]}")
    said = {name: getattr(options, name) for name in _OF_THE_DESTINATION}
    return found | {name: word for name, word in said.items() if word is not None}


def _value(text: str) -> Any:
    """A value as in the configuration, where quotes may be left out: the destination's driver reads ``5`` and ``true`` as what it expects there."""
    if text[:1] not in ("[", "{", '"', "'"):
        return text
    from tomllib import TOMLDecodeError, loads

    try:
        return loads(f"value = {text}")["value"]
    except TOMLDecodeError as cause:
        raise InvalidArgument(f"-o: {text} is not a value as the configuration has it: {cause}") from cause
