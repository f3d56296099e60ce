"""Whether a record, or an event, is what a query asks for."""

from __future__ import annotations

from collections.abc import Callable

from sendoff.errors import InvalidArgument
from sendoff.model.event import Event
from sendoff.model.operation import Record
from sendoff.model.query import Query
from sendoff.model.status import TransferStatus

Test = Callable[[Record], bool]


def matcher(query: Query) -> Test:
    """Whether every filter of a query that is set holds for a record."""
    tests = [*_names(query), *_standing(query), *_marks(query)]
    return lambda record: all(test(record) for test in tests)


def event_matcher(query: Query) -> Callable[[Event], bool]:
    """Whether the ids, the batch and the types of a query let an event pass."""
    ids, types, batch = frozenset(query.ids), frozenset(query.types), query.batch

    def passes(event: Event) -> bool:
        return (not types or event.type in types) and (batch is None or event.batch == batch) and (not ids or event.operation in ids or event.batch in ids)

    return passes


def _names(query: Query) -> list[Test]:
    tests: list[Test] = []
    ids, prefix = frozenset(query.ids), query.prefix
    if ids:
        tests.append(lambda one: one.id in ids or one.batch in ids)
    if prefix is not None:
        tests.append(lambda one: one.id.startswith(prefix) or one.batch.startswith(prefix))
    if query.batch is not None:
        tests.append(lambda one: one.batch == query.batch)
    if query.group is not None:
        tests.append(lambda one: one.group == query.group)
    if query.grouped is not None:
        tests.append(lambda one: (one.group is not None) == query.grouped)
    if query.targets:
        targets = frozenset(query.targets)
        tests.append(lambda one: one.target in targets)
    return tests


def _standing(query: Query) -> list[Test]:
    tests: list[Test] = []
    statuses = frozenset(_status(word) for word in query.statuses)
    if statuses:
        tests.append(lambda one: one.status in statuses)
    if query.reason is not None:
        tests.append(lambda one: one.reason == query.reason)
    due_after = query.due_after
    if due_after is not None:
        tests.append(lambda one: one.due is not None and one.due > due_after)
    return tests


def _marks(query: Query) -> list[Test]:
    tests: list[Test] = []
    if query.open is not None:
        tests.append(lambda one: one.open == query.open)
    if query.listed is not None:
        tests.append(lambda one: (one.open or one.acknowledged_at is None) == query.listed)
    if query.claimed is not None:
        tests.append(lambda one: (one.owner is not None) == query.claimed)
    if query.reads is not None:
        tests.append(lambda one: one.spec.source.path == query.reads and (one.open or (one.status is TransferStatus.ERROR and one.acknowledged_at is None)))
    if query.metadata:
        tests.append(lambda one: all(key in one.spec.metadata and one.spec.metadata[key] == value for key, value in query.metadata.items()))
    return tests


def _status(word: str) -> TransferStatus:
    found = {status.word: status for status in TransferStatus}.get(word)
    if found is None:
        raise InvalidArgument(f"{word!r} is not a status")
    return found
