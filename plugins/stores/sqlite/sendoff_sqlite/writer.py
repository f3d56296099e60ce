"""The one that writes: units into transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import groupby

from sendoff import Append, DropCheckpoint, Insert, Record, Reply, Reserve, SaveCheckpoint, SaveNote, SaveTodo, Unit, Update

from sendoff_sqlite.row import Row, cell, column, event_row, record_of, row_of, text_of
from sendoff_sqlite.spec_text import SpecText
from sendoff_sqlite.statements import Statements

Replies = list[Reply]


class Writer:
    """Applies units on one connection, inside a transaction that somebody else begins and ends."""

    def __init__(self, connection: sqlite3.Connection, statements: Statements) -> None:
        self._run = connection.execute
        self._run_many = connection.executemany
        self._sql = statements
        self._spec = SpecText()
        self._updates: dict[tuple[str, ...], str] = {}
        self._number: int | None = None
        self._seq: int | None = None

    def apply(self, units: Iterable[Unit]) -> list[Replies]:
        """Each unit whole or not at all; their replies."""
        self._forget()
        replies: list[Replies] = []
        for new, run in groupby(units, _only_new):
            together = list(run)
            replies.extend(self._create(together) if new and len(together) > 1 else map(self._unit, together))
        return replies

    # -- many new operations at once ----------------------------------------------------------------------------------

    def _create(self, units: list[Unit]) -> list[Replies]:
        self._run("savepoint many")
        try:
            replies, operations, events = self._rows(units)
            self._run_many(self._sql["insert_operation"], operations)
            self._run_many(self._sql["insert_event"], events)
        except sqlite3.IntegrityError:
            self._undo("many")
            return [self._unit(unit) for unit in units]
        self._run("release many")
        return replies

    def _rows(self, units: list[Unit]) -> tuple[list[Replies], list[Row], list[Row]]:
        replies, operations, events = [], [], []
        for unit in units:
            answers = []
            for change in unit:
                if isinstance(change, Insert):
                    number = self._next_number()
                    operations.append(row_of(change.record, number, self._spec(change.record.spec)))
                    answers.append(Reply(number=number, version=change.record.version, want=change.record.want))
                elif isinstance(change, Append):
                    seq = self._next_seq()
                    events.append(event_row(change.event, seq))
                    answers.append(Reply(seq=seq))
            replies.append(answers)
        return replies, operations, events

    # -- one decision -------------------------------------------------------------------------------------------------

    def _unit(self, unit: Unit) -> Replies:
        """Only a unit in which something can be refused after something was written needs a way back."""
        guarded = any(not isinstance(change, Append) for change in unit[1:])
        if guarded:
            self._run("savepoint unit")
        replies: Replies = []
        for change in unit:
            reply = self._change(change)
            replies.append(reply)
            if reply.refused:
                if guarded:
                    self._undo("unit")
                return self._all_refused(unit, replies)
        if guarded:
            self._run("release unit")
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
                return self._reserve()
        raise TypeError(f"{type(change).__name__} is not a change that a store knows")

    def _all_refused(self, unit: Unit, replies: Replies) -> Replies:
        last = replies.pop()
        standing = [self._standing(getattr(change, "number", 0), "unit") for change in unit]
        return [*standing[: len(replies)], last, *standing[len(replies) + 1 :]]

    def _insert(self, record: Record) -> Reply:
        taken = self._run(self._sql["operation_by_id"], (record.id,)).fetchone()
        if taken:
            existing = record_of(taken)
            return Reply(refused="id", number=existing.number, version=existing.version, want=existing.want, existing=existing)
        number = self._next_number()
        self._run(self._sql["insert_operation"], row_of(record, number, self._spec(record.spec)))
        return Reply(number=number, version=record.version, want=record.want)

    def _update(self, change: Update) -> Reply:
        fields = change.fields
        sql = self._updates.get(tuple(fields)) or self._statement(tuple(fields))
        cells = [cell(name, value) for name, value in fields.items()]
        found = self._run(sql, (*cells, change.number, change.seen, change.epoch)).fetchone()
        if found:
            return Reply(number=change.number, version=found[0], want=found[1])
        standing = self._run(self._sql["standing"], (change.number,)).fetchone()
        if standing is None:
            return Reply(refused="missing", number=change.number)
        version, epoch, want = standing
        late = change.epoch is not None and change.epoch != epoch
        return Reply(refused="epoch" if late else "version", number=change.number, version=version, want=want)

    def _statement(self, names: tuple[str, ...]) -> str:
        each = [f"{column(name)} = coalesce(?, number)," if name == "rank" else f"{column(name)} = ?," for name in names]
        self._updates[names] = self._sql["update_operation"].replace("{assignments}", " ".join(each))
        return self._updates[names]

    def _append(self, change: Append) -> Reply:
        seq = self._next_seq()
        self._run(self._sql["insert_event"], event_row(change.event, seq))
        return Reply(seq=seq)

    def _checkpoint(self, change: SaveCheckpoint | DropCheckpoint) -> Reply:
        standing = self._run(self._sql["standing"], (change.number,)).fetchone()
        if standing is None:
            return Reply(refused="missing", number=change.number)
        version, epoch, want = standing
        if epoch != change.epoch:
            return Reply(refused="epoch", number=change.number, version=version, want=want)
        if isinstance(change, SaveCheckpoint):
            length, crc = change.prefix or (None, None)
            self._run(self._sql["save_checkpoint"], (change.number, change.session, change.confirmed, length, crc))
        else:
            self._run(self._sql["drop_checkpoint"], (change.number,))
        return Reply(number=change.number, version=version, want=want)

    def _todo(self, change: SaveTodo) -> Reply:
        key = (change.about, change.kind)
        version = self._version("todo_version", key)
        if version != change.seen:
            return Reply(refused="version", version=version)
        if change.payload is None:
            self._run(self._sql["drop_todo"], key)
            return Reply()
        self._run(self._sql["save_todo"], (*key, text_of(change.payload), change.due, change.tries, version + 1))
        return Reply(version=version + 1)

    def _note(self, change: SaveNote) -> Reply:
        key = (change.kind, change.key)
        version = self._version("note_version", key)
        if change.seen is not None and version != change.seen:
            return Reply(refused="version", version=version)
        if change.value is None:
            self._run(self._sql["drop_note"], key)
            return Reply()
        self._run(self._sql["save_note"], (*key, text_of(change.value), version + 1))
        return Reply(version=version + 1)

    def _reserve(self) -> Reply:
        number = self._next_number()
        asked = {"number": number}
        if self._run(self._sql["reserve_number"], asked).rowcount == 0:
            self._run(self._sql["first_number"], asked)
        return Reply(number=number)

    # -- what is known inside the transaction -------------------------------------------------------------------------

    def _version(self, statement: str, key: tuple[str, str]) -> int:
        found = self._run(self._sql[statement], key).fetchone()
        return int(found[0]) if found else 0

    def _standing(self, number: int, refused: str) -> Reply:
        found = self._run(self._sql["standing"], (number,)).fetchone() if number else None
        return Reply(refused=refused, number=number, version=found[0], want=found[2]) if found else Reply(refused=refused, number=number)

    def _next_number(self) -> int:
        self._number = 1 + (self._last("last_number") if self._number is None else self._number)
        return self._number

    def _next_seq(self) -> int:
        self._seq = 1 + (self._last("last_seq") if self._seq is None else self._seq)
        return self._seq

    def _last(self, statement: str) -> int:
        found = self._run(self._sql[statement]).fetchone()
        return int(found[0]) if found else 0

    def _undo(self, savepoint: str) -> None:
        self._run(f"rollback to {savepoint}")
        self._run(f"release {savepoint}")
        self._forget()

    def _forget(self) -> None:
        """What comes next is read anew: another process, or an undone unit, may have moved it."""
        self._number = self._seq = None


def _only_new(unit: Unit) -> bool:
    """An operation and what is told of it: nothing here can be refused but a taken id."""
    return bool(unit) and isinstance(unit[0], Insert) and all(isinstance(change, Append) for change in unit[1:])


def _as_they_are_now(replies: Replies) -> Replies:
    """Each operation's version and want as they are after the unit, in every reply about it."""
    numbers = [reply.number for reply in replies if reply.number]
    if len(numbers) == len(set(numbers)):
        return replies
    last = {reply.number: reply for reply in replies if reply.number}
    return [Reply(number=one.number, version=last[one.number].version, want=last[one.number].want) if one.number else one for one in replies]
