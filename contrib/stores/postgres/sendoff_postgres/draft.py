"""What a batch of units comes to: each unit whole or not at all, decided on what stands before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sendoff import Append, DropCheckpoint, Insert, Record, Reply, Reserve, SaveCheckpoint, SaveNote, SaveTodo, Unit, Update

from sendoff_postgres.row import column

Key = tuple[str, str]
Standing = tuple[int, int, str | None]  # version, epoch, want
_NONE: Any = object()


@dataclass(slots=True, kw_only=True)
class Ground:
    """What stands of all that a batch may touch: the operations by number and by id, the versions of to-dos and notes, what was given last."""

    number: int = 0
    seq: int = 0
    standing: dict[int, Standing] = field(default_factory=dict)
    ids: dict[str, Record] = field(default_factory=dict)
    todos: dict[Key, int] = field(default_factory=dict)
    notes: dict[Key, int] = field(default_factory=dict)


class Draft:
    """Takes units one after the other as if each were written, and remembers what is to be written; the last word about a thing counts."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.inserts: dict[int, Record] = {}
        self.updates: dict[int, dict[str, Any]] = {}
        self.checkpoints: dict[int, SaveCheckpoint | DropCheckpoint] = {}
        self.todos: dict[Key, SaveTodo] = {}
        self.notes: dict[Key, SaveNote] = {}
        self.events: dict[int, Append] = {}
        self._given: dict[str, int] = {"number": ground.number, "seq": ground.seq}
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    @property
    def number(self) -> int:
        """The last number that was given."""
        return self._given["number"]

    @property
    def seq(self) -> int:
        """The last position in the history that was given."""
        return self._given["seq"]

    def apply(self, units: Iterable[Unit]) -> list[list[Reply]]:
        """Each unit whole or not at all; their replies."""
        return [self._unit(unit) for unit in units]

    # -- one decision -------------------------------------------------------------------------------------------------

    def _unit(self, unit: Unit) -> list[Reply]:
        self._undo.clear()
        replies: list[Reply] = []
        for change in unit:
            reply = self._change(change)
            replies.append(reply)
            if reply.refused:
                self._take_back()
                return self._all_refused(unit, replies)
        return _as_they_are_now(replies)

    def _change(self, change: object) -> Reply:
        match change:
            case Update():
                return self._update(change)
            case Append():
                return self._append(change)
            case SaveCheckpoint() | DropCheckpoint():
                return self._checkpoint(change)
            case Insert():
                return self._insert(change.record)
            case SaveTodo():
                return self._todo(change)
            case SaveNote():
                return self._note(change)
            case Reserve():
                return Reply(number=self._next("number"))
        raise TypeError(f"{type(change).__name__} is not a change that a store knows")

    def _all_refused(self, unit: Unit, replies: list[Reply]) -> list[Reply]:
        last = replies.pop()
        standing = [self._standing(getattr(change, "number", 0)) for change in unit]
        return [*standing[: len(replies)], last, *standing[len(replies) + 1 :]]

    def _insert(self, record: Record) -> Reply:
        taken = self.ground.ids.get(record.id)
        if taken is not None:
            version, epoch, want = self.ground.standing[taken.number]
            existing = replace(taken, version=version, epoch=epoch, want=want)
            return Reply(refused="id", number=existing.number, version=version, want=want, existing=existing)
        number = self._next("number")
        stored = replace(record, number=number, rank=float(number) if record.rank is None else record.rank)
        self._set(self.inserts, number, stored)
        self._set(self.ground.ids, record.id, stored)
        self._set(self.ground.standing, number, (record.version, record.epoch, record.want))
        return Reply(number=number, version=record.version, want=record.want)

    def _update(self, change: Update) -> Reply:
        for name in change.fields:
            column(name)
        standing = self.ground.standing.get(change.number)
        if standing is None:
            return Reply(refused="missing", number=change.number)
        version, epoch, want = standing
        late = change.epoch is not None and change.epoch != epoch
        if late or version != change.seen:
            return Reply(refused="epoch" if late else "version", number=change.number, version=version, want=want)
        now = (version + 1, change.fields.get("epoch", epoch), change.fields.get("want", want))
        self._set(self.updates, change.number, {**self.updates.get(change.number, {}), **change.fields})
        self._set(self.ground.standing, change.number, now)
        return Reply(number=change.number, version=now[0], want=now[2])

    def _append(self, change: Append) -> Reply:
        seq = self._next("seq")
        self._set(self.events, seq, change)
        return Reply(seq=seq)

    def _checkpoint(self, change: SaveCheckpoint | DropCheckpoint) -> Reply:
        standing = self.ground.standing.get(change.number)
        if standing is None:
            return Reply(refused="missing", number=change.number)
        version, epoch, want = standing
        if epoch != change.epoch:
            return Reply(refused="epoch", number=change.number, version=version, want=want)
        self._set(self.checkpoints, change.number, change)
        return Reply(number=change.number, version=version, want=want)

    def _todo(self, change: SaveTodo) -> Reply:
        key = (change.about, change.kind)
        version = self.ground.todos.get(key, 0)
        if version != change.seen:
            return Reply(refused="version", version=version)
        return self._fact(self.ground.todos, self.todos, key, change, 0 if change.payload is None else version + 1)

    def _note(self, change: SaveNote) -> Reply:
        key = (change.kind, change.key)
        version = self.ground.notes.get(key, 0)
        if change.seen is not None and version != change.seen:
            return Reply(refused="version", version=version)
        return self._fact(self.ground.notes, self.notes, key, change, 0 if change.value is None else version + 1)

    def _fact(self, versions: dict[Key, int], facts: dict[Key, Any], key: Key, change: object, version: int) -> Reply:
        self._set(versions, key, version)
        self._set(facts, key, change)
        return Reply(version=version)

    # -- and back -----------------------------------------------------------------------------------------------------

    def _standing(self, number: int) -> Reply:
        found = self.ground.standing.get(number)
        return Reply(refused="unit", number=number, version=found[0], want=found[2]) if found else Reply(refused="unit")

    def _next(self, name: str) -> int:
        self._set(self._given, name, self._given[name] + 1)
        return self._given[name]

    def _set(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((table, key, table.get(key, _NONE)))
        table[key] = value

    def _take_back(self) -> None:
        for table, key, before in reversed(self._undo):
            if before is _NONE:
                del table[key]
            else:
                table[key] = before


def _as_they_are_now(replies: list[Reply]) -> list[Reply]:
    """Each operation's version and want as they are after the unit, in every reply about it."""
    numbers = [reply.number for reply in replies if reply.number]
    if len(numbers) == len(set(numbers)):
        return replies
    last = {reply.number: reply for reply in replies if reply.number}
    return [Reply(number=one.number, version=last[one.number].version, want=last[one.number].want) if one.number else one for one in replies]
