"""``host start --adopt`` and ``--recover``: the journal came from elsewhere, or its disk failed; the uploads go on."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from sendoff.testing.receiver import Receiver

pytestmark = pytest.mark.only_with(store="sqlite")


@pytest.fixture
def waiting(stage, tmp_path):
    """Uploads that wait for a receiver which is not there yet, and no host; the address it will have, and their ids."""
    with Receiver(tmp_path / "received") as receiver:
        url, port = receiver.url, int(receiver.url.rstrip("/").rpartition(":")[2])
    ids = stage.put("--label", "l" * 900, *(stage.file(1000, f"{number}.bin")[0] for number in range(12)), url)
    stage.run("host", "stop")
    return port, ids


def receive(tmp_path, port):
    return Receiver(tmp_path / "received", port=port)


# -- from another machine -------------------------------------------------------------------------------------------------


def of_another_machine(stage):
    with closing(sqlite3.connect(stage.state / "journal.db")) as connection:
        connection.execute("update journal set value = ? where name = 'machine'", ("a" * 32,))
        connection.commit()


def test_a_journal_of_another_machine_is_refused_with_the_command_that_takes_it_over(stage, waiting, tmp_path):
    port, ids = waiting
    of_another_machine(stage)

    refused = stage.run("list", fine=(5,)).stderr
    assert "belongs to another machine" in refused
    assert "sendoff host start --adopt" in refused

    with receive(tmp_path, port):
        said = stage.run("host", "start", "--adopt").stderr
        assert "12 of its uploads have not ended and go on here" in said
        assert "arrives twice" in said
        stage.run("wait", *ids)


def test_what_is_ours_needs_no_adopting_and_a_host_that_runs_keeps_its_journal(stage, waiting):
    assert "this machine's already" in stage.run("host", "start", "--adopt").stderr
    refused = stage.run("host", "start", "--adopt", fine=(2,)).stderr
    assert "sendoff host stop" in refused
    stage.run("host", "start", "--recover", fine=(2,))


# -- damaged --------------------------------------------------------------------------------------------------------------


def damage(stage):
    """Noise over one page of operations."""
    journal = stage.state / "journal.db"
    content = journal.read_bytes()
    at = content.index(b"l" * 800) // 4096 * 4096
    journal.write_bytes(content[:at] + Random(1).randbytes(4096) + content[at + 4096 :])
    return journal


def test_what_is_left_of_a_damaged_journal_goes_on_and_what_is_lost_is_named(stage, waiting, tmp_path):
    port, ids = waiting
    journal = damage(stage)
    damaged = journal.read_bytes()
    assert "sendoff host start --recover" in stage.run("list", fine=(5,)).stderr
    assert journal.read_bytes() == damaged

    with receive(tmp_path, port) as receiver:
        told = [json.loads(line) for line in stage.run("host", "start", "--recover", "--json").stdout.splitlines()]

        salvage = told[0]
        assert 0 < len(salvage["lost"]) < len(ids)
        assert set(salvage["lost"]) <= set(ids)
        assert Path(salvage["kept"]).read_bytes() == damaged
        assert told[1]["pid"] == stage.host()
        stage.run("wait", *sorted(set(ids) - set(salvage["lost"])))
        assert len(receiver.requests) == len(ids) - len(salvage["lost"])
    stage.run("show", salvage["lost"][0], fine=(4,))


def test_where_nothing_can_be_read_it_says_so_and_touches_nothing(stage, waiting):
    journal = damage(stage)
    journal.write_bytes(Random(2).randbytes(journal.stat().st_size))
    damaged = journal.read_bytes()

    said = stage.run("host", "start", "--recover", fine=(5,)).stderr

    assert "nothing in" in said
    assert journal.read_bytes() == damaged
    assert not stage.runs()


def test_a_sound_journal_is_not_touched(stage, waiting):
    before = (stage.state / "journal.db").read_bytes()

    assert "sound" in stage.run("host", "start", "--recover").stderr

    stage.run("host", "stop")
    assert not list(stage.state.glob("journal.damaged*"))
    assert before[:16] == (stage.state / "journal.db").read_bytes()[:16]
