"""The one that writes: units into transactions, two journeys to the server for each, however many units there are."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sendoff import DropCheckpoint, Insert, Reply, SaveCheckpoint, SaveNote, SaveTodo, Unit, Update

from sendoff_postgres.draft import Draft, Ground
from sendoff_postgres.row import Row, cell, column, event_row, record_of, row_of, text_of
from sendoff_postgres.statements import Statements

if TYPE_CHECKING:
    from sendoff_postgres.connection import Connection

Replies = Sequence[Sequence[Reply]]


class Writing:
    """One commit, asked for until it is known what became of it: on a connection, and on another if that one breaks.

    name: of the process that writes. synced: on the server's disk when it returns.
    """

    def __init__(self, units: Sequence[Unit], statements: Statements, *, name: uuid.UUID, synced: bool) -> None:
        self._units, self._sql, self._name = units, statements, name
        self._lazy = not synced and _is_only_hints(units)
        self._mark = uuid.uuid4()
        self._replies: Replies | None = None

    @property
    def uncertain(self) -> bool:
        """Whether the server may have been told to commit."""
        return self._replies is not None

    def __call__(self, connection: Connection) -> Replies:
        """The replies, once all that was taken is written."""
        ground, mark = self._begun(connection)
        if self._replies is not None and mark == self._mark:  # the answer was lost, and not the commit
            connection.execute("rollback")
            return self._replies
        draft = Draft(ground)
        replies = draft.apply(self._units)
        self._replies = replies
        try:
            self._write(connection, draft)
        except Exception as cause:
            from sendoff_postgres.errors import is_away  # here: a driver's class is looked at often, and psycopg is heavy

            if not is_away(cause):
                self._replies = None  # the server has refused it, so it has committed nothing
            raise
        return replies

    def _begun(self, connection: Connection) -> tuple[Ground, uuid.UUID | None]:
        """The lock, and what stands under it; nobody can change that any more."""
        run, sql = connection.execute, self._sql
        todos, notes = _keys(self._units, SaveTodo), _keys(self._units, SaveNote)
        with connection.pipeline():
            run("begin")
            if self._lazy:
                run("set local synchronous_commit = off")
            given = run(sql["lock"])
            mark = run(sql["mark"], {"name": self._name})
            standing = run(sql["standing"], {"numbers": sorted(_numbers(self._units))})
            taken = run(sql["operations_by_id"], {"ids": [change.record.id for unit in self._units for change in unit if isinstance(change, Insert)]})
            about = run(sql["todo_versions"], {"abouts": [one.about for one in todos], "kinds": [one.kind for one in todos]}) if todos else None
            facts = run(sql["note_versions"], {"kinds": [one.kind for one in notes], "keys": [one.key for one in notes]}) if notes else None
        number, seq = given.fetchone() or (0, 0)
        signed = mark.fetchone()
        ground = Ground(number=number, seq=seq)
        for row in standing.fetchall():
            ground.standing[row[0]] = (row[1], row[2], row[3])
        for record in map(record_of, taken.fetchall()):
            ground.ids[record.id] = record
            ground.standing[record.number] = (record.version, record.epoch, record.want)
        ground.todos.update(((row[0], row[1]), row[2]) for row in (about.fetchall() if about else ()))
        ground.notes.update(((row[0], row[1]), row[2]) for row in (facts.fetchall() if facts else ()))
        return ground, signed[0] if signed else None

    def _write(self, connection: Connection, draft: Draft) -> None:
        with connection.pipeline():
            with connection.cursor() as cursor:
                for statement, rows in self._rows(draft):
                    if rows:
                        cursor.executemany(statement, rows)
            connection.execute(self._sql["count"], {"number": draft.number, "seq": draft.seq})
            connection.execute(self._sql["sign"], {"name": self._name, "mark": self._mark})
            connection.execute("commit")

    def _rows(self, draft: Draft) -> list[tuple[bytes, list[Row]]]:
        """Each statement with the rows that it is carried out for: what is new before what is changed in it."""
        sql = self._sql
        checkpoints, todos, notes = draft.checkpoints.values(), draft.todos.items(), draft.notes.items()
        return [
            (sql["insert_operation"], [row_of(record, number) for number, record in draft.inserts.items()]),
            *_updates(sql["update_operation"], draft),
            (sql["save_checkpoint"], [_checkpoint_row(one) for one in checkpoints if isinstance(one, SaveCheckpoint)]),
            (sql["drop_checkpoint"], [(one.number,) for one in checkpoints if isinstance(one, DropCheckpoint)]),
            (sql["save_todo"], [(*key, text_of(one.payload), one.due, one.tries, draft.ground.todos[key]) for key, one in todos if one.payload is not None]),
            (sql["drop_todo"], [key for key, one in todos if one.payload is None]),
            (sql["save_note"], [(*key, text_of(one.value), draft.ground.notes[key]) for key, one in notes if one.value is not None]),
            (sql["drop_note"], [key for key, one in notes if one.value is None]),
            (sql["insert_event"], [event_row(one.event, seq) for seq, one in draft.events.items()]),
        ]


def _updates(statement: bytes, draft: Draft) -> list[tuple[bytes, list[Row]]]:
    """One statement for each set of fields that changes together."""
    alike: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for number, fields in draft.updates.items():
        ranked = {**fields, "rank": float(number)} if "rank" in fields and fields["rank"] is None else fields
        cells: list[Any] = [cell(name, value) for name, value in ranked.items()]
        alike[tuple(fields)].append((*cells, draft.ground.standing[number][0], number))
    return [(statement.replace(b"{assignments}", "".join(f"{column(name)} = %s, " for name in names).encode()), rows) for names, rows in alike.items()]


def _checkpoint_row(change: SaveCheckpoint) -> Row:
    length, crc = change.prefix or (None, None)
    return change.number, change.session, change.confirmed, length, crc


def _numbers(units: Sequence[Unit]) -> set[int]:
    return {change.number for unit in units for change in unit if isinstance(change, Update | SaveCheckpoint | DropCheckpoint)}


def _keys(units: Sequence[Unit], kind: type[Any]) -> list[Any]:
    return [change for unit in units for change in unit if isinstance(change, kind)]


def _is_only_hints(units: Sequence[Unit]) -> bool:
    """Whether a host that lives on may lose it with the server: of a claim, an event or a number it must never know more than its journal does."""
    return all(isinstance(change, SaveCheckpoint) for unit in units for change in unit)
