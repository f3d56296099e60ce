"""What is asked all the time is answered by an index, however long the queue."""

import sqlite3
from contextlib import closing

import pytest
from sendoff_sqlite.statements import Statements, migrations

ASKED_ALL_THE_TIME = [
    "lanes", "due_count", "due_by_rank", "due_in_lane", "wake",
    "operation_by_id", "by_id", "by_batch", "by_status", "by_group", "by_listed", "by_claim", "by_due", "by_open_batch", "by_open_target", "by_open", "by_file",
    "by_number", "by_prefix", "find", "checkpoint", "events", "events_of_operation", "events_of_batch", "todos_of_kind", "notes", "named_notes",
    "standing", "past", "forget_events", "forget_operations", "forget_batches", "forget_environments",
]  # fmt: skip
SORTED_FEW = {"due_in_lane", "todos_of_kind", "by_claim", "by_open_target"}


@pytest.fixture(scope="module")
def connection():
    with closing(sqlite3.connect(":memory:")) as connection:
        for script in migrations():
            connection.executescript(script)
        yield connection


@pytest.mark.parametrize("name", ASKED_ALL_THE_TIME)
def test_no_table_is_read_from_end_to_end_or_sorted(name, connection):
    sql = Statements("read", "queue", "write", "trim")[name]
    names = {word.strip(",;()\n") for word in sql.replace("(", " ").replace(")", " ").split() if word.startswith(":")}
    asked = {one[1:]: "1" for one in names} or ("1",) * sql.count("?")

    plan = [row[3] for row in connection.execute(f"explain query plan {sql}", asked)]

    tables = ("operation", "one", "earlier", "event", "checkpoint", "note", "todo")
    scans = [line for line in plan if line.startswith("SCAN") and line.split()[1] in tables and " INDEX " not in line]
    assert scans == []
    assert name in SORTED_FEW or not [line for line in plan if "TEMP B-TREE FOR ORDER" in line]
