"""From the words of ``put`` to requests: paths made absolute, names under folders, nothing else checked."""

from __future__ import annotations

import os
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sendoff.cli.headers import headers
from sendoff.cli.parser import pair
from sendoff.cli.text import is_whole
from sendoff.errors import InvalidArgument, SourceUnsuitable
from sendoff.model.operation import Request
from sendoff.model.quantity import seconds

INPUT = "-"


def requests(options: Namespace, sources: Sequence[str], destination: str) -> list[Request]:
    """One request for each source, in order; ``InvalidArgument`` where the words contradict each other."""
    _check_words(sources, destination, options)
    folder = is_folder(destination)
    if len(sources) > 1 and not folder:
        raise InvalidArgument(f"{len(sources)} files cannot all become {destination}", hint="end the destination with / to put them below it")
    if len(sources) > 1 and options.id:
        raise InvalidArgument("--id names one operation, and there are several files")
    names = [_name(source) for source in sources] if folder else [None] * len(sources)
    _check_names(names, destination)
    common = _common(options, destination)
    return [Request(source=_absolute(source), name=name, **common) for source, name in zip(sources, names, strict=True)]


def is_folder(destination: str) -> bool:
    """Whether files land below it under their names: it ends in ``/``, or is the root of a named destination (``archive:``)."""
    return destination.endswith("/") or (destination.endswith(":") and "/" not in destination)


def _check_words(sources: Sequence[str], destination: str, options: Namespace) -> None:
    for source in sources:
        if not is_whole(source):
            raise SourceUnsuitable(f"the name of {source} is not valid UTF-8", hint="rename it, or name the target: sendoff put - TARGET < FILE")
        if source == "":
            raise InvalidArgument("the name of a file is empty")
    given = [destination, options.id, options.group, options.label, options.credential, *options.meta, *options.header, *options.header_secret]
    if not all(map(is_whole, filter(None, given))):
        raise InvalidArgument("a word of the command is not valid UTF-8")
    if sources.count(INPUT) > 1:
        raise InvalidArgument("standard input (-) can be sent only once")
    if INPUT in sources and "@-" in (*options.header, *options.header_secret):
        raise InvalidArgument("standard input cannot be both the file (-) and the headers (@-)")


def _name(source: str) -> str:
    if source == INPUT:
        raise InvalidArgument("standard input has no name to put below a folder", hint="write the whole target: it must not end with /")
    return os.path.basename(os.path.abspath(source))


def _check_names(names: Sequence[str | None], destination: str) -> None:
    twice = [name for name, times in Counter(names).items() if name is not None and times > 1]
    if twice:
        raise InvalidArgument(f"two files would both become {destination}{twice[0]}", hint="nothing was stored; put them below different folders")


def _absolute(source: str) -> str:
    return "" if source == INPUT else os.path.abspath(source)


def _common(options: Namespace, destination: str) -> dict[str, Any]:
    return {
        "destination": destination,
        "method": options.method.upper() if options.method else None,
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
    }
