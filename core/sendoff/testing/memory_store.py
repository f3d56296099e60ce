"""A store in memory, with the promises of the one on disk."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import islice
from operator import attrgetter
from threading import RLock
from typing import Any

from sendoff.errors import InvalidArgument
from sendoff.model.change import Append, Checkpoint, DropCheckpoint, Insert, Opened, Reply, Reserve, SaveCheckpoint, SaveNote, SaveTodo, Unit, Update
from sendoff.model.event import Event
from sendoff.model.lane import Lane
from sendoff.model.limits import Retention
from sendoff.model.moment import Moment
from sendoff.model.note import Note, Todo
from sendoff.model.operation import Record
from sendoff.model.query import Page, Query
from sendoff.ports.store import Store
from sendoff.testing.memory_queue import WaitingLine
from sendoff.testing.memory_search import event_matcher, matcher

_FIELDS = tuple(one.name for one in fields(Record))
_VALUES = attrgetter(*_FIELDS)
_PUTS = tuple(getattr(Record, name).__set__ for name in _FIELDS)
_PLACES = {name: place for place, name in enumerate(_FIELDS)}
_FIXED = frozenset({"number", "id", "version"})
Undo = Callable[[], object]


class MemoryStore(Store):
    """Keeps everything in dictionaries; closed and opened again it is the same journal. For tests and simulations, thousands of decisions a second.

    >>> from sendoff.testing.store_sample import create, due_names
    >>> store = MemoryStore()
    >>> opened = store.open()
    >>> number = create(store, "a")
    >>> due_names(store)
    ['a']
    """

    Settings = dict

    def __init__(self, settings: Any = None, toolkit: Any = None) -> None:
        super().__init__(settings, toolkit)
        self._lock = RLock()
        self._records: dict[int, Record] = {}
        self._order: list[int] = []
        self._ids: dict[str, int] = {}
        self._waiting: dict[str, WaitingLine] = {}
        self._holders: dict[str, list[int]] = {}
        self._checkpoints: dict[int, Checkpoint] = {}
        self._events: list[Event] = []
        self._todos: dict[tuple[str, str], Todo] = {}
        self._notes: dict[tuple[str, str], Note] = {}
        self._number = 0
        self._seq = 0

    def open(self) -> Opened:
        return Opened(journal="memory", schema=1, machine="memory")

    def close(self) -> None:
        """Nothing is lost: this instance is the disk."""

    # -- writing ------------------------------------------------------------------------------------------------------

    def commit(self, units: Sequence[Unit], *, synced: bool) -> Sequence[Sequence[Reply]]:
        with self._lock:
            return [self._unit(unit) for unit in units]

    def _unit(self, unit: Unit) -> list[Reply]:
        undo: list[Undo] = []
        replies: list[Reply] = []
        for change in unit:
            reply = self._apply[type(change)](self, change, undo)
            replies.append(reply)
            if reply.refused:
                for back in reversed(undo):
                    back()
                return self._all_refused(unit, replies)
        return replies if len(replies) < 2 else self._as_they_are_now(replies)

    def _all_refused(self, unit: Unit, replies: list[Reply]) -> list[Reply]:
        place = len(replies) - 1
        standing = [self._standing(getattr(change, "number", 0), "unit") for change in unit]
        return [*standing[:place], replies[place], *standing[place + 1 :]]

    def _as_they_are_now(self, replies: list[Reply]) -> list[Reply]:
        numbers = [reply.number for reply in replies if reply.number]
        return replies if len(numbers) == len(set(numbers)) else [self._standing(one.number, None) if one.number else one for one in replies]

    def _standing(self, number: int, refused: str | None) -> Reply:
        record = self._records.get(number)
        return Reply(refused=refused, number=number, version=record.version, want=record.want) if record else Reply(refused=refused, number=number)

    def _insert(self, change: Insert, undo: list[Undo]) -> Reply:
        record = change.record
        taken = self._ids.get(record.id)
        if taken is not None:
            there = self._records[taken]
            return Reply(refused="id", number=taken, version=there.version, want=there.want, existing=there)
        self._number += 1
        number = self._number
        record = _revised(record, {"number": number, "rank": float(number if record.rank is None else record.rank)})
        self._put(None, record)
        undo.append(lambda: self._put(record, None))
        return Reply(number=number, version=record.version, want=record.want)

    def _update(self, change: Update, undo: list[Undo]) -> Reply:
        old = self._records.get(change.number)
        if old is None:
            return Reply(refused="missing", number=change.number)
        if change.epoch is not None and change.epoch != old.epoch:
            return Reply(refused="epoch", number=old.number, version=old.version, want=old.want)
        if change.seen != old.version:
            return Reply(refused="version", number=old.number, version=old.version, want=old.want)
        new = _revised(old, {**_checked(change.fields), "version": old.version + 1})
        if new.rank is None:
            new = replace(new, rank=float(new.number))
        self._put(old, new)
        undo.append(lambda: self._put(new, old))
        return Reply(number=new.number, version=new.version, want=new.want)

    def _checkpoint(self, change: SaveCheckpoint | DropCheckpoint, undo: list[Undo]) -> Reply:
        record = self._records.get(change.number)
        if record is None:
            return Reply(refused="missing", number=change.number)
        if change.epoch != record.epoch:
            return Reply(refused="epoch", number=record.number, version=record.version, want=record.want)
        new = None
        if isinstance(change, SaveCheckpoint):
            new = Checkpoint(session=change.session, confirmed=change.confirmed, prefix=change.prefix)
        _keep(self._checkpoints, change.number, new, undo)
        return Reply(number=record.number, version=record.version, want=record.want)

    def _append(self, change: Append, undo: list[Undo]) -> Reply:
        self._seq += 1
        one = change.event
        self._events.append(
            Event(id=one.id, time=one.time, type=one.type, operation=one.operation, batch=one.batch, round=one.round, data=one.data, seq=self._seq)
        )
        undo.append(self._events.pop)
        return Reply(seq=self._seq)

    def _todo(self, change: SaveTodo, undo: list[Undo]) -> Reply:
        key = (change.about, change.kind)
        version = self._todos[key].version if key in self._todos else 0
        if change.seen != version:
            return Reply(refused="version", version=version)
        gone = change.payload is None
        new = Todo(kind=change.kind, about=change.about, payload=change.payload, due=change.due, tries=change.tries, version=version + 1)
        _keep(self._todos, key, None if gone else new, undo)
        return Reply(version=0 if gone else version + 1)

    def _note(self, change: SaveNote, undo: list[Undo]) -> Reply:
        key = (change.kind, change.key)
        version = self._notes[key].version if key in self._notes else 0
        if change.seen is not None and change.seen != version:
            return Reply(refused="version", version=version)
        gone = change.value is None
        _keep(self._notes, key, None if gone else Note(kind=change.kind, key=change.key, value=change.value, version=version + 1), undo)
        return Reply(version=0 if gone else version + 1)

    def _reserve(self, change: Reserve, undo: list[Undo]) -> Reply:
        self._number += 1  # a number that was undone is not given again either
        return Reply(number=self._number)

    _apply: Mapping[type, Callable[..., Reply]] = {
        Insert: _insert,
        Update: _update,
        SaveCheckpoint: _checkpoint,
        DropCheckpoint: _checkpoint,
        Append: _append,
        SaveTodo: _todo,
        SaveNote: _note,
        Reserve: _reserve,
    }

    def _put(self, old: Record | None, new: Record | None) -> None:
        """Replace a record and keep the indexes true."""
        if old is not None:
            self._leave(old)
        if new is None and old is not None:
            del self._records[old.number], self._ids[old.id], self._order[bisect_left(self._order, old.number)]
        if new is not None:
            if old is None:
                self._order.append(new.number)
                self._ids[new.id] = new.number
            self._records[new.number] = new
            self._enter(new)

    def _leave(self, record: Record) -> None:
        if record.due is not None and record.owner is None:
            line = self._waiting[record.lane]
            line.remove(record)
            if not line:
                del self._waiting[record.lane]
        if record.target is not None and record.holds_target and record.open:
            self._holders[record.target].remove(record.number)

    def _enter(self, record: Record) -> None:
        if record.due is not None and record.owner is None:
            self._waiting.setdefault(record.lane, WaitingLine()).add(record)
        if record.target is not None and record.holds_target and record.open:
            insort(self._holders.setdefault(record.target, []), record.number)

    # -- operations ---------------------------------------------------------------------------------------------------

    def find(self, query: Query, *, after: str | None = None, limit: int = 100) -> Page[Record]:
        with self._lock:
            found = list(islice(self._matching(query, int(after or 0)), limit + 1))
        return Page(items=found[:limit], next=str(found[limit - 1].number) if len(found) > limit else None)

    def _matching(self, query: Query, after: int) -> Iterator[Record]:
        numbers = self._order
        if query.numbers:
            numbers = sorted(number for number in set(query.numbers) if number in self._records)
        elif query.ids and all(one in self._ids for one in query.ids):
            numbers = sorted({self._ids[one] for one in query.ids})
        records = (self._records[numbers[place]] for place in range(bisect_right(numbers, after), len(numbers)))
        return filter(matcher(query), records)

    def checkpoint(self, number: int) -> Checkpoint | None:
        return self._checkpoints.get(number)

    # -- the queue ----------------------------------------------------------------------------------------------------

    def lanes(self, now: Moment, *, after: str | None = None, limit: int = 1000) -> Page[Lane]:
        with self._lock:
            found = [Lane(key=key, since=line.since) for key, line in sorted(self._waiting.items()) if key > (after or "") and line.since <= now]
        return Page(items=found[:limit], next=found[limit - 1].key if len(found) > limit else None)

    def due(self, lane: str, now: Moment, limit: int) -> Sequence[Record]:
        with self._lock:
            line = self._waiting.get(lane)
            records = (self._records[number] for number in line.by_rank()) if line else iter(())
            return list(islice((one for one in records if one.due is not None and one.due <= now and not self._behind(one)), limit))

    def _behind(self, record: Record) -> bool:
        """Whether an earlier one holds its target."""
        holders = self._holders.get(record.target) if record.target is not None else None
        return holders is not None and len(holders) > 0 and holders[0] < record.number

    def rank(self, lane: str, *, below: float | None = None) -> float | None:
        with self._lock:
            line = self._waiting.get(lane)
            return line.rank(below) if line else None

    def wake(self, now: Moment) -> Moment | None:
        with self._lock:
            return min((found for line in self._waiting.values() if (found := line.after(now)) is not None), default=None)

    # -- history, to-dos, notes ---------------------------------------------------------------------------------------

    def events(self, after: int, limit: int, *, query: Query | None = None) -> Sequence[Event]:
        with self._lock:
            start = bisect_right(self._events, after, key=attrgetter("seq"))
            passes = event_matcher(query or Query())
            return list(islice((event for event in islice(self._events, start, None) if passes(event)), limit))

    def todos(self, now: Moment, *, kind: str | None = None, limit: int = 100) -> Sequence[Todo]:
        with self._lock:
            found = [todo for todo in self._todos.values() if todo.due <= now and kind in (None, todo.kind)]
        return sorted(found, key=attrgetter("due", "kind", "about"))[:limit]

    def notes(self, kind: str, *, after: str | None = None, limit: int = 1000) -> Page[Note]:
        with self._lock:
            found = sorted((note for note in self._notes.values() if note.kind == kind and note.key > (after or "")), key=attrgetter("key"))
        return Page(items=found[:limit], next=found[limit - 1].key if len(found) > limit else None)

    def note(self, kind: str, keys: Sequence[str]) -> Mapping[str, Note]:
        with self._lock:
            return {key: self._notes[kind, key] for key in keys if (kind, key) in self._notes}

    # -- forgetting ---------------------------------------------------------------------------------------------------

    def trim(self, keep: Retention, *, limit: int) -> int:
        with self._lock:
            wanted = {name for about, _ in self._todos for name in (about, about.rpartition(".")[0])}
            before = keep.now - keep.finished
            past = [one for one in self._records.values() if not one.open and (one.finished_at or before) < before and one.id not in wanted]
            past = sorted(past, key=lambda one: one.finished_at or 0)[:limit]
            for record in past:
                self._checkpoints.pop(record.number, None)
                self._put(record, None)
            if past:
                self._forget_about(past)
        return len(past)

    def _forget_about(self, past: Sequence[Record]) -> None:
        """Events of what is gone, and notes that nobody refers to any more."""
        batches = {one.batch for one in past} - {one.batch for one in self._records.values()}
        ids = {one.id for one in past}
        self._events = [event for event in self._events if event.operation not in ids and event.batch not in batches]
        removals = [json.dumps(todo.payload) for todo in self._todos.values() if todo.kind == "abort"]
        for one in {one.environment for one in past if one.environment} - {one.environment for one in self._records.values()}:
            if not any(json.dumps(one) in payload for payload in removals):
                self._notes.pop(("environment", one), None)


def _revised(record: Record, fields: Mapping[str, Any]) -> Record:
    """The record with these fields, as ``dataclasses.replace`` makes it, in less time: a simulation does this most of all."""
    values = list(_VALUES(record))
    for name, value in fields.items():
        values[_PLACES[name]] = value
    new = object.__new__(Record)
    for put, value in zip(_PUTS, values, strict=True):
        put(new, value)
    return new


def _checked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fields that an update may name."""
    for name in fields:
        if name in _FIXED or name not in _PLACES:
            raise InvalidArgument(f"{name!r} is not a field of a record that can be updated")
    return fields


def _keep(where: dict[Any, Any], key: Any, new: Any, undo: list[Undo]) -> None:
    """Put or remove one value, and know the way back."""
    old = where.get(key)
    undo.append(lambda: where.pop(key, None) if old is None else where.update({key: old}))
    if new is None:
        where.pop(key, None)
    else:
        where[key] = new
