"""Uploads that go on while the machine saves power, where whoever configured it lets programs ask for that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sendoff.api.connection import Connection
from sendoff.api.operation import UploadOperation
from sendoff.errors import InvalidArgument, Refused
from sendoff.model.query import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class UnconstrainedResult:
    """What became of a request for uploads without constraints. is_unconstrained: granted.

    >>> sendoff.UnconstrainedResult(is_unconstrained=True).is_unconstrained
    True
    """

    is_unconstrained: bool


def requested(operations: Iterable[UploadOperation]) -> UnconstrainedResult:
    """Asks each host for its own; ``InvalidArgument`` where there is nothing to ask for."""
    by_host: dict[Connection, list[str]] = {}
    for operation in operations:
        if not isinstance(operation, UploadOperation):
            raise InvalidArgument(f"{operation!r} is no UploadOperation")
        by_host.setdefault(operation._connection, []).append(operation.id)
    if not by_host:
        raise InvalidArgument("no operation was named")
    granted = [_granted(connection, ids) for connection, ids in by_host.items()]
    return UnconstrainedResult(is_unconstrained=all(granted))


def _granted(connection: Connection, ids: list[str]) -> bool:
    try:
        connection.order("set", Selection(ids=tuple(dict.fromkeys(ids))), unconstrained=True)
    except Refused:
        return False
    return True
