"""How long the texts of a request may be, and what a caller's own data may be made of."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from sendoff.errors import InvalidArgument, SourceMissing
from sendoff.model.document import encode
from sendoff.model.operation import Request

_MOST_TEXT, _MOST_ADDRESS, _MOST_NAME = 64 * 1024, 8 * 1024, 512  # characters
_MOST_METADATA = 16 * 1024  # bytes as JSON: each notice carries them, and three events of each upload
_DEEPEST = 32  # levels of a caller's own data


def check_sizes(request: Request) -> None:
    """Every text of a request is one that the journal can keep; ``InvalidArgument``."""
    if not request.source and request.spool is None and request.form is None:
        raise SourceMissing("no source was named")
    headers = repr(request.headers) + repr(request.secret_headers) if request.headers or request.secret_headers else ""
    for what, values in (("--meta", request.metadata), ("an option", request.options)):
        _check_json(values, what, _DEEPEST)
    _check_metadata(request.metadata)
    options = repr(dict(request.options)) if request.options else ""
    texts = (
        ("--label", request.label, _MOST_TEXT), ("the options", options, _MOST_TEXT), ("the headers", headers, _MOST_TEXT),
        ("the destination", request.destination, _MOST_ADDRESS), ("the name", request.name, _MOST_ADDRESS), ("the source", request.source, _MOST_ADDRESS),
        ("--credential", request.credential, _MOST_NAME), ("--idempotency-key", request.idempotency_key, _MOST_NAME), ("--method", request.method, _MOST_NAME),
        ("--id", request.id, _MOST_NAME), ("--group", request.group, _MOST_NAME), ("--priority", request.priority, _MOST_NAME),
        ("--cost", request.cost_policy, _MOST_NAME), ("--then", request.then, _MOST_ADDRESS),
    )  # fmt: skip
    for what, text, most in texts:
        if text is not None and len(text) > most:
            raise InvalidArgument(f"{what}: {len(text)} characters are too many; at most {most} are kept")


def _check_metadata(metadata: Mapping[str, Any]) -> None:
    size = len(json.dumps(encode(metadata), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")) if metadata else 0
    if size > _MOST_METADATA:
        raise InvalidArgument(
            f"the metadata (--meta): {size} bytes of JSON are too many; at most {_MOST_METADATA} are kept", hint="keep the rest, and put its key here"
        )


def _check_json(value: Any, what: str, deeper: int) -> None:
    """Only what JSON can say, and not too deep: whoever reads the journal later must be able to."""
    if isinstance(value, str | int | None) or (isinstance(value, float) and math.isfinite(value)):
        return
    if deeper == 0:
        raise InvalidArgument(f"{what}: it is nested deeper than {_DEEPEST} levels")
    if not isinstance(value, list | tuple | Mapping):
        raise InvalidArgument(f"{what}: {value!r} is no JSON value")
    for key in value if isinstance(value, Mapping) else ():
        if not isinstance(key, str):
            raise InvalidArgument(f"{what}: the name {key!r} is no text")
    for one in value.values() if isinstance(value, Mapping) else value:
        _check_json(one, what, deeper - 1)
