"""Bare ``sendoff``, and how lists read on a terminal and in a pipe."""

import os

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule, Stall

from tests.end_to_end.machine import Machine
from tests.end_to_end.terminal import Terminal


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    yield made
    made.tried("host", "stop")


def test_where_nothing_was_put_it_says_how_to_begin_and_starts_no_host(machine):
    done = machine.run()
    assert "to begin: sendoff put" in done.stdout
    assert not machine.state.exists()
    (told,) = machine.objects()
    assert (told["type"], told["open"], told["operations"]["failed"]) == ("overview", 0, [])
    assert not machine.state.exists()
    machine.state.mkdir(0o700)
    machine.run()
    assert os.listdir(machine.state) == []


def test_it_shows_what_waits_what_needs_somebody_and_what_failed_each_with_the_command(machine, tmp_path):
    script = [Rule(do=Answer(404), path="/gone", times=None), Rule(do=Answer(401), path="/locked", times=None)]
    with Receiver(tmp_path / "received", script=script) as receiver:
        (failed,) = machine.put(machine.file(), f"{receiver.url}gone", "--label", "gone one")
        machine.tried("wait", failed)
        (needs,) = machine.put(machine.file(), f"{receiver.url}locked", "--label", "locked one")
        machine.tried("wait", needs)
        (waits,) = machine.put(machine.file(), "http://127.0.0.1:9/x", "--label", "waiting one")
        machine.until(waits, "running", reason="unreachable")
        (paused,) = machine.put(machine.file(), "http://127.0.0.1:9/y", "--label", "paused one")
        machine.run("pause", paused)
        lines = machine.run().stdout.splitlines()
        (told,) = machine.objects()
    named = {word: next(line for line in lines if f"{word} one" in line) for word in ("gone", "locked", "waiting", "paused")}
    assert f"sendoff retry {machine.show(failed)['number']} " in named["gone"] and "404" in named["gone"]
    assert f"{machine.show(needs)['needs']['command']}    " in named["locked"] and "401" in named["locked"]
    assert "1 needs you; only you can help on" in lines and any(line.startswith("1 failed; ") for line in lines)
    assert f"sendoff resume {machine.show(paused)['number']}    paused" in named["paused"]
    assert "unreachable" in named["waiting"] and any(line.startswith("3 waiting: ") for line in lines)
    assert {name: [one["id"] for one in views] for name, views in told["operations"].items()} == {
        "running": [], "again": [waits], "queued": [], "held": [paused], "needs": [needs], "failed": [failed],
    }  # fmt: skip
    with Terminal(machine.command, environment=machine.environment, folder=machine.folder, columns=80) as terminal:
        assert terminal.ended() == 0
        shown = terminal.text()
    assert machine.show(needs)["needs"]["command"] in shown and all(len(line) <= 80 for line in terminal.shown())
    assert b"\x1b" not in terminal.raw
    machine.run("cancel", waits, needs, paused)
    machine.run("cancel", "--failed")
    assert "nothing is running, waiting or failed" in machine.run().stdout


def test_what_is_queued_is_told_what_for_and_found_by_that(machine, tmp_path):
    machine.config.write_text("[limits]\nconcurrency = 1\n")
    with Receiver(tmp_path / "received", script=[Rule(do=Stall(), path="/slow")]) as receiver:
        (slow,) = machine.put(machine.file(), f"{receiver.url}slow")
        receiver.wait_until(lambda rows: rows)
        first, second = (*machine.put(machine.file("b.bin"), f"{receiver.url}b"), *machine.put(machine.file("c.bin"), f"{receiver.url}c"))
        lines = machine.run().stdout.splitlines()
        (told,) = machine.objects()
        assert [one["id"] for one in machine.objects("list", "--reason", "limit")] == [first, second]
        assert [one["id"] for one in told["operations"]["queued"]] == [first]
        (said,) = [line for line in lines if "b.bin" in line]
        assert "limit: 1 upload runs, as many as may at once; the end of one of them" in said and not any("c.bin" in line for line in lines)
        machine.run("cancel", slow, first, second)


def test_when_all_is_well_it_says_so(machine, tmp_path):
    with Receiver(tmp_path / "received") as receiver:
        machine.put("--wait", machine.file(), receiver.url)
    assert "nothing is running, waiting or failed" in machine.run().stdout


def test_what_has_completed_and_nobody_has_seen_is_told_of(machine, tmp_path):
    with Receiver(tmp_path / "received") as receiver:
        (id,) = machine.put(machine.file(), receiver.url)
        machine.until(id, "completed")
    said = machine.run().stdout
    assert "1 has completed; sendoff list shows it" in said and "to begin" not in said
    machine.run("wait", id)
    assert "to begin" in machine.run().stdout


def test_a_list_fits_a_terminal_and_is_whole_in_a_pipe(machine):
    url = f"http://127.0.0.1:9/{'a-rather-long-folder/' * 8}"
    (id,) = machine.put(machine.file("the-end-of-it.bin"), url)
    assert id in machine.run("list").stdout and f"{url}the-end-of-it.bin" in machine.run("list").stdout
    with Terminal([*machine.command, "list"], environment=machine.environment, folder=machine.folder, columns=80) as terminal:
        assert terminal.ended() == 0
        heading, row, *rest = terminal.shown()
    assert heading.startswith("NUMBER  STATUS") and rest[0].startswith("1: ") and all(line.startswith("    ") for line in rest[1:] if line)
    assert " ".join(line.strip() for line in rest).strip().endswith("sendoff resume 1 --now"), "a line did not fit"
    assert row.endswith("the-end-of-it.bin") and id not in row


def test_a_batch_is_shown_as_a_whole_with_the_beginning_of_it(machine):
    files = [machine.file(f"{number:02}.bin") for number in range(25)]
    ids = machine.put(*files, "http://127.0.0.1:9/in/")
    batch = machine.show(ids[0])["batch"]
    shown = machine.run("show", batch).stdout
    assert shown.splitlines()[0].startswith("batch") and batch in shown.splitlines()[0]
    assert "operations  25" in shown and "and 5 more: sendoff list --all --batch" in shown
    assert ids[0] in shown and ids[24] not in shown
    assert [one["id"] for one in machine.objects("show", batch)] == ids


def test_after_a_put_a_person_at_a_terminal_is_told_what_else_needs_him(machine, tmp_path):
    script = [Rule(do=Answer(401), path="/locked", times=None)]
    with Receiver(tmp_path / "received", script=script) as receiver:
        (needs,) = machine.put(machine.file(), f"{receiver.url}locked", "--label", "locked one")
        machine.tried("wait", needs)
        words = [*machine.command, "put", machine.file("b.bin"), receiver.url]
        with Terminal(words, environment=machine.environment, folder=machine.folder, columns=80) as terminal:
            assert terminal.ended() == 0
    command, number = machine.show(needs)["needs"]["command"], machine.show(needs)["number"]
    assert f"1 other upload needs you; {number} locked one: " in terminal.text() and f"  {command}" in terminal.shown()
    assert all(len(line) <= 80 for line in terminal.shown())


def test_after_a_put_nothing_is_said_of_others_where_none_needs_anybody(machine, tmp_path):
    with Receiver(tmp_path / "received") as receiver:
        words = [*machine.command, "put", machine.file("b.bin"), receiver.url]
        with Terminal(words, environment=machine.environment, folder=machine.folder, columns=120) as terminal:
            assert terminal.ended() == 0
    assert "b.bin" in terminal.text() and "need" not in terminal.text()
