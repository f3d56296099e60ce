"""What the commands do with a desk, and what they print."""

import fcntl
import os
import signal
from pathlib import Path

import pytest
from sendoff.errors import InvalidState

# -- which operation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["0198-aa", "2", "0198-a"])
def test_an_id_a_number_and_a_unique_prefix_mean_the_operation(word, desk, told):
    desk.add("0198-bb").add("0198-aa")
    assert [one["id"] for one in told("show", word, "--json").objects] == ["0198-aa"]


def test_a_batch_means_all_of_its_operations(desk, told):
    desk.add("a", batch="b-7").add("b", batch="b-7").add("c")
    assert [one["id"] for one in told("show", "b-7", "--json").objects] == ["a", "b"]


def test_an_id_of_digits_is_taken_for_the_id_first(desk, told):
    desk.add("x").add("1")
    assert [one["id"] for one in told("show", "1", "--json").objects] == ["1"]


def test_an_ambiguous_prefix_lists_its_candidates_and_is_exit_code_2(desk, told):
    for number in range(3):
        desk.add(f"0198-{number:02}")
    answer = told("show", "0198")
    assert answer.code == 2
    assert answer.err.count("https://h/0198-") == 3


@pytest.mark.parametrize("command", ["show", "receipt", "wait", "events"])
def test_no_such_operation_is_exit_code_4(command, told):
    answer = told(command, "nowhere")
    assert (answer.code, answer.out) == (4, "")
    assert "nowhere" in answer.err


# -- put --------------------------------------------------------------------------------------------------------------


def test_put_prints_the_ids_alone_and_names_the_batch_for_people(told):
    answer = told("put", "/a", "/b", "https://h/")
    assert (answer.code, answer.out) == (0, "new-0\nnew-1\n")
    assert "batch 99 (b-new): 2 operations queued" in answer.err
    assert told("put", "/a", "https://h/", "-q").err == ""


def test_put_with_one_bad_file_names_it_and_not_those_refused_with_it(desk, told):
    desk.missing = {"/b", "/d"}
    answer = told("put", "/a", "/b", "/c", "/d", "https://h/")
    assert (answer.code, answer.out, desk.views) == (2, "", {})
    assert answer.err == "sendoff: there is no file /b\n  there is no file /d\n"


def test_more_than_a_slice_is_checked_whole_before_the_first_is_stored(desk, told):
    files = [f"/x/{number}" for number in range(1001)]
    desk.missing = {"/x/1000"}
    assert told("put", *files, "https://h/").code == 2
    assert desk.calls == [("dry", 1001, True)]
    desk.missing = set()
    assert told("put", *files, "https://h/").code == 0
    assert desk.calls[1:] == [("dry", 1001, True), ("create", 1001, True)]


def test_a_dry_run_stores_nothing_and_says_what_would_go_where(desk, told):
    answer = told("put", "/a", "https://h/in/", "--dry-run", "--wait")
    assert (answer.code, answer.out, desk.calls) == (0, "would put /a to https://h/in/a\n", [("dry", 1, True)])
    assert told("put", "/a", "https://h/in/", "--dry-run", "--json").objects == [{"schema": 1, "dry_run": True, "source": "/a", "url": "https://h/in/a"}]


def test_a_secret_on_the_command_line_is_warned_about_and_not_repeated(told):
    answer = told("put", "/a", "https://h/a", "--header-secret", "T: hunter2")
    assert answer.code == 0
    assert "env:VARIABLE" in answer.err and "hunter2" not in answer.err


def test_put_wait_keeps_the_id_alone_on_standard_output(desk, told):
    desk.turns = [lambda: desk.become("new-0", "completed", receipt={"verified": "size"})]
    answer = told("put", "/a", "https://h/a", "--wait")
    assert (answer.code, answer.out) == (0, "new-0\n")
    assert "completed  1  https://h/new-0" in answer.err


def test_standard_input_is_on_disk_and_locked_until_it_is_created(desk, told, tmp_path, monkeypatch):
    seen = []
    create = desk.create

    def looking(requests, *, dry_run, **options):
        (one,) = list(requests)
        path = Path(one.source) if dry_run else tmp_path / "state" / "spool" / "incoming" / one.spool
        with path.open() as copy, pytest.raises(BlockingIOError):
            fcntl.flock(copy, fcntl.LOCK_EX | fcntl.LOCK_NB)
        seen.append((dry_run, path.read_bytes(), path.stat().st_mode & 0o777, path.parent))
        yield from create([one], dry_run=dry_run, **options)

    desk.create = looking
    reading, writing = os.pipe()
    os.write(writing, b"x" * 1000)
    os.close(writing)
    kept = os.dup(0)
    try:
        os.dup2(reading, 0)
        assert told("put", "-", "https://h/a").code == 0
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reading)
    folder = tmp_path / "state" / "spool" / "incoming"
    assert seen == [(True, b"", 0o600, folder), (False, b"x" * 1000, 0o600, folder)]
    assert list(folder.iterdir()) == []


# -- list, show, receipt, events, orders ------------------------------------------------------------------------------


def test_list_goes_through_all_pages_and_stops_at_the_limit(desk, told):
    for number in range(1203):
        desk.add(f"id-{number:04}")
    assert len(told("list", "--json").objects) == 1203
    assert [one["id"] for one in told("list", "--json", "--limit", "2", "--after", "id-0500").objects] == ["id-0501", "id-0502"]


def test_list_shows_history_only_when_asked(desk, told):
    desk.add("a", status="completed").add("b", status="error")
    assert [one["id"] for one in told("list", "--json").objects] == ["b"]
    assert [one["id"] for one in told("list", "--all", "--json").objects] == ["a", "b"]
    assert [one["id"] for one in told("list", "--failed", "--json").objects] == ["b"]


def test_list_finds_what_was_put_with_a_value(desk, told):
    desk.add("a", metadata={"order": "7"}).add("b")
    assert [one["id"] for one in told("list", "--meta", "order=7", "--json").objects] == ["a"]


def test_an_empty_list_is_empty_on_standard_output(told):
    assert (told("list").out, told("list", "--json").out) == ("", "")


def test_a_list_for_people_has_a_heading_and_no_control_characters(desk, told):
    desk.add("a", url="https://h/\x1b]0;x\x07")
    lines = told("list").out.splitlines()
    assert lines[0].split() == ["NUMBER", "ID", "STATUS", "DONE", "SIZE", "URL"]
    assert "\\x1b]0;x\\x07" in lines[1]


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ({"status": "paused_by_application"}, "sendoff resume 1"),
        ({"status": "error", "error": {"code": "rejected", "message": "403"}}, "sendoff retry 1"),
        ({"status": "paused_recoverable", "reason": "credential_needed", "needs": {"what": "credential", "command": "sendoff retry x"}}, "sendoff retry x"),
        ({"status": "paused_no_network", "reason": "offline"}, "when the network is back"),
        ({"status": "running", "reason": "backoff", "reason_text": "503 from h", "retry_at": "2026-01-01T00:00:08.000000Z"}, "503 from h"),
    ],
)
def test_show_says_why_it_waits_and_what_would_help(state, shown, desk, told):
    desk.add("a", **state)
    assert shown in told("show", "a").out


def test_a_receipt_is_printed_or_its_absence_has_an_exit_code(desk, told):
    receipt = {"url": "https://h/a", "size": 10, "digests": {"sha256": "aa"}, "verified": "size"}
    desk.add("a", status="completed", receipt=receipt).add("b", status="error").add("c")
    assert told("receipt", "a", "--json").objects == [{"id": "a", **receipt}]
    assert "digests sha256" in told("receipt", "a").out
    assert [told("receipt", id).code for id in "abc"] == [0, 1, 3]


def test_events_prints_the_history_in_order_and_after_a_position(desk, told):
    desk.add("a").add("b")
    for id in "aba":
        desk.become(id, "running")
    assert [one["seq"] for one in told("events", "--json").objects] == [1, 2, 3]
    assert [one["operation"] for one in told("events", "a", "--json").objects] == ["a", "a"]
    assert [one["seq"] for one in told("events", "--after", "2", "--json").objects] == [3]
    assert set(told("events", "--json").objects[0]) == {"seq", "id", "time", "operation", "batch", "round", "type", "data"}


def test_events_follow_prints_what_comes_until_it_is_told_to_stop(desk, told):
    desk.add("a")
    desk.turns = [lambda: desk.become("a", "completed"), lambda: signal.raise_signal(signal.SIGTERM)]
    answer = told("events", "--follow", "--json")
    assert [one["type"] for one in answer.objects] == ["completed"]


def test_an_order_says_what_it_did_and_whom_it_could_not_reach(desk, told):
    desk.add("a").add("b", status="completed")
    answer = told("pause", "a", "b")
    assert (answer.code, answer.out) == (2, "")
    assert "paused 1 operation" in answer.err and "b: it is completed" in answer.err
    assert told("pause", "--all").code == 0
    assert told("cancel", "a", "--json").objects == [{"count": 1, "ids": ["a"], "skipped": []}]


def test_retry_failed_is_a_selection_of_its_own(desk, told):
    told("retry", "--failed")
    (verb, which) = desk.calls[-1]
    assert (verb, which.failed, which.all, which.ids) == ("retry", True, False, ())


def test_an_error_of_the_desk_has_its_exit_code(desk, told):
    assert told("host", "status").code == 5
    assert told("plugins", "--json").code == 5

    def refuse(order, which):
        raise InvalidState("it is completed")

    desk.order = refuse
    desk.add("a")
    assert told("retry", "a").code == 2


def test_config_path_needs_no_host(told, tmp_path):
    assert told("config", "path").out == f"{tmp_path}/sendoff.toml\n"
    assert told("config", "path", "--json").objects == [{"path": f"{tmp_path}/sendoff.toml", "exists": False}]
