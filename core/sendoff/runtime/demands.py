"""What is demanded of an upload and of its source: the caller's word, else the destination's, else the default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sendoff.errors import InvalidArgument
from sendoff.model.delivery import Demand
from sendoff.model.destination import Destination
from sendoff.model.operation import IDEMPOTENT, Request
from sendoff.policy.proof import surer

_DEMANDS = {"verify": ("auto", "size", "digest", "read-back"), "existing": ("overwrite", "skip", "fail"), "digest": ("auto", "none", "sha256")}
_IF_CHANGED = ("fail", "restart")  # the first is the default


def demand_of(request: Request, destination: Destination, method: str | None) -> Demand:
    """What is demanded: the caller's word, else the destination's, else the default. ``InvalidArgument`` for what cannot be had."""
    asked, usual, configured = request.demand, Demand(), _demanded(request, destination)
    if configured or request.options:
        said = {**configured, **request.options}
        unsaid = [name for name in _DEMANDS if getattr(asked, name) == getattr(usual, name) and name in said]
        asked = replace(asked, **{name: said[name] for name in unsaid})
    for name, words in _DEMANDS.items():
        if getattr(asked, name) not in words:
            raise InvalidArgument(f"{name} {getattr(asked, name)!r}: choose from {', '.join(words)}")
    if asked.expected_sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", asked.expected_sha256):
        raise InvalidArgument(f"--sha256 {asked.expected_sha256!r}: write 64 hexadecimal digits")
    if asked.existing != usual.existing and method is not None and method not in IDEMPOTENT:
        raise InvalidArgument(f"existing {asked.existing}: a {method} makes a new thing each time, and finds none of its name", hint="use it with PUT")
    return asked if request.then is None else _surer(request, asked, method)


def if_changed(request: Request, destination: Destination) -> str:
    """What is to be done where the source was changed after it was queued: ``fail`` or ``restart``. ``InvalidArgument`` for another word."""
    said = {**destination.options, **request.options}.get("if_changed", _IF_CHANGED[0])
    asked = said if request.if_changed == _IF_CHANGED[0] else request.if_changed
    if asked not in _IF_CHANGED:
        raise InvalidArgument(f"if_changed {asked!r}: choose from {', '.join(_IF_CHANGED)}")
    return str(asked)


def _demanded(request: Request, destination: Destination) -> Mapping[str, Any]:
    """What a destination says of files that are put there: a form is none, and whatever is posted finds nothing of its name."""
    if request.form is not None:
        return {}
    return {name: value for name, value in destination.options.items() if name != "existing"} if request.whole else destination.options


def _surer(request: Request, asked: Demand, method: str | None) -> Demand:
    """A file that is not kept has to be seen at the server; what a POST brought is seen by nobody who was not told where to look."""
    if asked.verify == "auto" and method is not None and method not in IDEMPOTENT:
        raise InvalidArgument(
            f"then {request.then}: what a {method} brought is not looked for, and the file would go without a proof", hint="say verify, or use PUT"
        )
    return surer(asked)
