"""``sendoff purge`` where the database does not let go of the journal, or is gone for good: nothing is half removed."""

import pytest
from sendoff.testing.receiver import Receiver

from contrib.stores.postgres.tests.database import Postgres
from tests.end_to_end.machine import Machine

pytestmark = pytest.mark.needs_server

NOWHERE = "http://127.0.0.1:9/"
SIZE = 4 * 2**20  # bytes, a second for each million: it can be paused on its way


@pytest.fixture
def server(tmp_path):
    """One that may go away."""
    with Postgres(tmp_path / "postgres", synced=False) as made:
        yield made


@pytest.fixture
def machine(tmp_path, server):
    (tmp_path / "machine").mkdir()
    made = Machine(tmp_path / "machine")
    made.config.parent.mkdir(parents=True, exist_ok=True)
    made.config.write_text(f'[store]\nuse = "postgres"\ndsn = "{server.dsn}"\nschema = "journal"\nconnect_timeout = 1\n')
    yield made
    made.tried("host", "stop")


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=2**20) as made:
        yield made


def keys(machine):
    return list((machine.config.parent / "keys").glob("*"))


@pytest.mark.campaign
def test_what_somebody_has_built_on_the_journal_keeps_it_and_its_key(server, machine, receiver):
    """The uploads go on afterwards, their secrets too."""
    (id,) = machine.put(machine.file(content=bytes(SIZE)), receiver.url, "--header-secret", "X-Key: env:X", X="hush")
    machine.run("pause", id)
    with server.connect() as connection:
        connection.execute("create view waiting as select id from journal.operation")

        refused = machine.tried("purge", "--yes")

        assert refused.returncode != 0 and "journal.id" in refused.stderr and "waiting" in refused.stderr
        assert len(keys(machine)) == 1
        connection.execute("drop view waiting")
    machine.run("resume", id)
    machine.run("wait", id, "--timeout", "60")
    assert dict(receiver.requests[-1].headers)["X-Key"] == "hush" and receiver.requests[-1].complete

    machine.run("purge", "--yes")
    assert keys(machine) == [] and not machine.state.exists()


def test_a_database_that_is_gone_for_good_keeps_nobody_from_removing_the_rest(server, machine):
    machine.put(machine.file(), NOWHERE)
    machine.run("host", "stop")
    server.close()

    refused = machine.tried("purge", "--yes")
    assert refused.returncode != 0 and f"remove {machine.state / 'journal.id'} to leave the journal where it is" in refused.stderr
    (machine.state / "journal.id").unlink()
    machine.run("purge", "--yes")

    assert not machine.state.exists()
