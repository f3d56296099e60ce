"""Several processes write into one journal; whoever reads by position sees all of it, once and in order."""

import subprocess
import sys
from itertools import pairwise

import pytest
from sendoff import Query
from sendoff.testing.store_sample import names

from contrib.stores.postgres.tests.database import store_in

pytestmark = [pytest.mark.campaign, pytest.mark.needs_server]

WRITERS, COMMITS = 3, 60
WRITING = """
import sys
from itertools import pairwise
from pathlib import Path
from contrib.stores.postgres.tests.database import store_in
from sendoff import Append, Insert
from sendoff.testing.store_sample import happened, sample
from sendoff_postgres import PostgresSettings
folder, dsn, schema, name, commits = sys.argv[1:]
store = store_in(Path(folder), PostgresSettings(dsn=dsn, schema=schema))
store.open()
print("ready", flush=True)
sys.stdin.readline()
for place in range(int(commits)):
    id = f"{name}-{place:03}"
    store.commit([[Insert(sample(id)), Append(happened(id))], [Append(happened(f"{id}-more"))]], synced=False)
store.close()
"""


def test_nothing_appears_behind_what_was_read_whoever_writes(database, schema, tmp_path):
    with_name = [sys.executable, "-c", WRITING]
    writers = [
        subprocess.Popen([*with_name, str(tmp_path / name), database.dsn, schema, name, str(COMMITS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in "abc"[:WRITERS]
    ]
    for one in writers:
        assert one.stdout.readline() == "ready\n"
    for one in writers:
        one.stdin.write("\n")
        one.stdin.flush()

    store = store_in(tmp_path / "reader", database.settings(schema=schema))
    store.open()
    seen, finished = [], False
    while not finished:
        finished = all(one.poll() is not None for one in writers)
        seen += store.events(seen[-1].seq if seen else 0, 7 if not finished else 10**6)
    for one in writers:
        one.communicate()

    assert [one.returncode for one in writers] == [0] * WRITERS
    assert [event.seq for event in seen] == list(range(1, 2 * WRITERS * COMMITS + 1))
    assert [event.operation for event in seen if event.operation.count("-") == 1] == names(store, Query()), "numbers are in the order of the history, too"
    mixed = [event.operation[0] for event in seen]
    assert sum(one != other for one, other in pairwise(mixed)) > WRITERS, "they wrote at the same time"
    store.close()
