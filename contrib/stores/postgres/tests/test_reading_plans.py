"""What is asked all the time is answered by an index, however long the queue."""

import re

import pytest
from sendoff_postgres.statements import Statements

pytestmark = pytest.mark.needs_server

ASKED_ALL_THE_TIME = [
    "lanes", "due_count", "due_by_rank", "due_in_lane", "lowest_rank", "rank_below", "wake",
    "by_id", "by_batch", "by_status", "by_group", "by_listed", "by_claim", "by_due", "by_open_batch", "by_open_target", "by_open", "by_file",
    "by_target", "by_number", "by_prefix", "find", "checkpoint", "events", "last_event", "events_of_operation", "events_of_batch", "todos", "todos_of_kind",
    "notes", "named_notes", "standing", "operations_by_id", "todo_versions", "note_versions", "past", "forget_events", "forget_checkpoints",
    "forget_operations", "forget_batches", "forget_environments",
]  # fmt: skip
SORTED_FEW = {"due_in_lane", "by_open_target", "by_target", "by_prefix", "find", "named_notes", "notes"}


@pytest.fixture
def filled(store, database, schema):
    """A connection to a journal in which much waits."""
    store.open()
    with database.connect(options=f"-csearch_path={schema} -cenable_seqscan=off -cjit=off") as connection:
        connection.execute(
            "insert into operation (number, id, batch, version, epoch, round, status, point, lane, rank, site, due, target, holds_target, open, priority,"
            " created_at, spec, tally, file, metadata) select n, n::text, (n / 100)::text, 1, 0, 1, 1, false, 'a', n, '', n, n::text, true, true, 1, 1,"
            " '{}', '{}', n::text::bytea, '{}' from generate_series(1, 20000) as n"
        )
        connection.execute(
            "insert into event (seq, id, time, type, operation, batch, round, data) select n, n::text, 1, 'created', n::text, (n / 100)::text, 1, '{}'"
            " from generate_series(1, 20000) as n"
        )
        connection.execute("analyze operation; analyze event")
        yield connection


def test_no_table_is_read_from_end_to_end_or_sorted(filled):
    sql = Statements("read", "queue", "write", "trim")
    bad = {}
    for name in ASKED_ALL_THE_TIME:
        statement = re.sub(r"%\((\w+)\)s", _parameters(), sql[name].decode())
        plan = [row[0] for row in filled.execute(f"explain (generic_plan) {statement}".encode())]
        scans = [line for line in plan if re.search(r"Seq Scan on (operation|event|checkpoint|note|todo)", line)]
        sorts = [line for line in plan if "Sort" in line] if name not in SORTED_FEW else []
        if scans or sorts:
            bad[name] = plan

    assert bad == {}


def _parameters():
    """Each name as one place of PostgreSQL's own."""
    places = {}

    def place(found):
        return f"${places.setdefault(found[1], len(places) + 1)}"

    return place
