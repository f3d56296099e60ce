"""The commands as people type them: real processes, a real host, a real receiver."""

import json
import os
import signal
import time

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.machine import Machine


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    yield made
    made.run("host", "stop")


@pytest.fixture
def receiver(tmp_path):
    (tmp_path / "received").mkdir()
    with Receiver(tmp_path / "received") as made:
        yield made


@pytest.fixture
def slow(tmp_path):
    (tmp_path / "slow").mkdir()
    with Receiver(tmp_path / "slow", rate=256 * 1024) as made:
        yield made


# -- put --------------------------------------------------------------------------------------------------------------


@pytest.mark.parity("F28")
def test_put_wait_ends_when_the_server_has_the_bytes(machine, receiver):
    content = os.urandom(300_000)
    done = machine.run("put", "--wait", machine.file(content=content), f"{receiver.url}in/")
    (id,) = done.stdout.split()
    assert receiver.stored("in/a.bin") == content
    assert f"completed  1  {receiver.url}" in done.stderr
    assert machine.objects("receipt", id)[0]["size"] == 300_000
    assert "300000" in machine.run("receipt", id).stdout


def test_put_returns_at_once_and_the_host_does_the_work(machine, slow):
    id, other = machine.put(machine.file("a", b"x" * 400_000), machine.file("b"), slow.url)
    assert machine.show(id)["status"] in ("idle", "running")
    assert machine.show(id)["batch"] == machine.show(other)["batch"]
    assert machine.run("wait", id, other).returncode == 0


def test_a_relative_path_is_the_callers(machine, receiver):
    machine.file("deep/a.bin", b"deep")
    machine.put("--wait", "deep/../deep/a.bin", receiver.url)
    assert receiver.stored("a.bin") == b"deep"


def test_standard_input_is_uploaded_whole_and_its_copy_goes_away(machine, receiver):
    content = os.urandom(3_000_000)
    done = machine.run("put", "--wait", "-", f"{receiver.url}in/stream.bin", feed=content)
    assert receiver.stored("in/stream.bin") == content
    assert machine.show(done.stdout.decode().strip())["source"]["kind"] == "spool"
    assert [path for path in (machine.state / "spool").rglob("*") if path.is_file()] == []


def test_headers_method_label_and_data_reach_server_and_record(machine, receiver):
    headers = machine.folder / "headers"
    headers.write_text("X-From-File: yes\n")
    (id,) = machine.put(
        *("--wait", machine.file(), f"{receiver.url}a", "--method", "post", "--header", "X-One: 1", "--header", f"@{headers}"),
        *("--header-secret", "X-Token: env:TOKEN", "--label", "l", "--meta", "order=7", "--group", "g", "--priority", "high", "--cost", "always"),
        TOKEN="hunter2",
    )
    (request,) = receiver.requests
    assert request.method == "POST"
    assert [request.header(name) for name in ("X-One", "X-From-File", "X-Token")] == ["1", "yes", "hunter2"]
    shown = machine.run("show", id, "--json").stdout
    view = json.loads(shown)
    assert "hunter2" not in shown
    assert (view["label"], view["metadata"], view["group"], view["priority"], view["cost_policy"]) == ("l", {"order": "7"}, "g", "high", "always")
    assert [one["id"] for one in machine.objects("list", "--all", "--meta", "order=7")] == [id]
    assert machine.objects("list", "--all", "--meta", "order=8") == []


def test_the_same_id_with_the_same_request_is_the_same_operation(machine, receiver):
    file = machine.file()
    first = machine.objects("put", file, receiver.url, "--id", "my-1")[0]
    again = machine.objects("put", file, receiver.url, "--id", "my-1")[0]
    assert (first["existing"], again["existing"], again["number"]) == (False, True, first["number"])
    other = machine.run("put", machine.file("b.bin"), receiver.url, "--id", "my-1", fine=(2,))
    assert "a.bin" in other.stderr and "b.bin" in other.stderr


def test_one_bad_file_of_many_stores_nothing_even_past_a_slice(machine, receiver):
    files = [machine.file(f"many/{number:04}", b"") for number in range(1001)]
    done = machine.run("put", *files, "missing", receiver.url, fine=(2,))
    assert "missing" in done.stderr
    assert machine.objects("list", "--all") == []


def test_more_than_a_slice_is_one_batch(machine):
    files = [machine.file(f"many/{number:04}", b"x") for number in range(1003)]
    created = machine.objects("put", *files, "http://127.0.0.1:9/")
    batches = {one["batch"] for one in created}
    assert (len(created), len(batches)) == (1003, 1)
    assert [one["id"] for one in machine.objects("list", "--batch", batches.pop())] == [one["id"] for one in created]


def test_a_dry_run_checks_and_stores_nothing(machine, receiver):
    assert machine.run("put", "--dry-run", machine.file(), f"{receiver.url}in/").stdout == f"would put {machine.folder}/a.bin to {receiver.url}in/a.bin\n"
    machine.run("put", "--dry-run", "missing", receiver.url, fine=(2,))
    assert (machine.objects("list", "--all"), receiver.requests) == ([], ())


def test_a_named_destination_is_a_folder_and_more(machine, receiver):
    machine.config.write_text(f'[destinations.archive]\nurl = "{receiver.url}base/"\nheaders = {{ "X-Project" = "films" }}\n')
    for destination in ("archive:", "archive:2026/", "archive:2026/b.bin"):
        machine.put("--wait", machine.file(content=destination.encode()), destination)
    assert [receiver.stored(f"base/{name}") for name in ("a.bin", "2026/a.bin", "2026/b.bin")] == [b"archive:", b"archive:2026/", b"archive:2026/b.bin"]
    assert {request.header("X-Project") for request in receiver.requests} == {"films"}


@pytest.mark.parity("F48")
def test_an_id_that_was_printed_is_in_the_journal_whatever_happens_next(machine):
    for number in range(5):
        (id,) = machine.put(machine.file(f"{number}"), "http://127.0.0.1:9/x/")
        os.kill(machine.host(), signal.SIGKILL)
        assert machine.show(id)["id"] == id


# -- wait -------------------------------------------------------------------------------------------------------------


def test_a_failed_upload_is_exit_code_1_and_says_why(machine, receiver):
    receiver.script.add(Rule(do=Answer(403)))
    done = machine.run("put", "--wait", machine.file(), receiver.url, fine=(1,))
    (id,) = done.stdout.split()
    assert "403" in done.stderr
    assert machine.show(id)["error"]["http_status"] == 403
    assert "403" in machine.run("show", id).stdout and "check the credential of this destination, then: sendoff retry 1" in machine.run("show", id).stdout
    assert machine.run("wait", id, fine=(1,)).returncode == 1
    assert machine.run("receipt", id, fine=(1,)).stdout == ""
    assert [one["id"] for one in machine.objects("list", "--failed")] == [id]
    machine.run("retry", "--failed")
    assert machine.run("wait", id).returncode == 0
    assert machine.show(id)["round"] == 2


@pytest.mark.parity("F173")
def test_a_wait_that_times_out_or_is_told_to_end_leaves_the_work_running(machine, slow):
    (id,) = machine.put(machine.file(content=b"x" * 50_000_000), slow.url)
    assert "goes on" in machine.run("wait", id, "--timeout", "0.3", fine=(3,)).stderr
    machine.run("wait", id, "--timeout", "0", fine=(3,))
    for number, code in ((signal.SIGTERM, 3), (signal.SIGINT, 130)):
        with machine.begin("wait", id, "--heartbeat") as waiting:
            assert waiting.stderr.read(1) == "."
            waiting.send_signal(number)
            assert "goes on without this command" in waiting.communicate(timeout=10)[1]
        assert waiting.returncode == code
    assert machine.show(id)["status"] == "running"
    machine.run("cancel", id)


@pytest.mark.campaign
def test_a_wait_outlives_the_host(machine, slow):
    (id,) = machine.put(machine.file(content=b"x" * 700_000), slow.url)
    with machine.begin("wait", id) as waiting:
        slow.wait_for(bytes=100_000)
        os.kill(machine.host(), signal.SIGKILL)
        assert waiting.wait(60) == 0, waiting.stderr.read()
    assert len(machine.objects("list", "--all")) == 1


@pytest.mark.campaign
def test_the_client_may_die_and_the_upload_goes_on(machine, slow):
    with machine.begin("put", "--wait", machine.file(content=b"x" * 700_000), slow.url) as putting:
        id = putting.stdout.readline().strip()
        slow.wait_for(bytes=1)
        putting.kill()
    machine.run("wait", id)
    assert len(slow.requests) == 1


def test_what_only_a_person_can_help_is_exit_code_6(machine, tmp_path):
    with Receiver(tmp_path / "received", authorization="Bearer right") as receiver:
        (id,) = machine.put(machine.file(), receiver.url, "--credential", f"file:{machine.folder}/token")
        done = machine.run("wait", id, "--timeout", "30", fine=(6,))
        view = machine.show(id)
        assert (view["status"], view["reason"], view["needs"]["what"]) == ("paused_recoverable", "credential_needed", "credential")
        assert "1 needs you" in done.stderr and view["needs"]["command"] in done.stderr
        assert view["needs"]["command"] in machine.run("show", id).stdout
        machine.run("wait", id, "--patient", "--timeout", "0.5", fine=(3,))


def test_wait_takes_batches_groups_standard_input_and_everything(machine, receiver):
    created = machine.objects("put", machine.file("a"), machine.file("b"), receiver.url, "--group", "g")
    ids = {one["id"] for one in created}
    assert {one["id"] for one in machine.objects("wait", created[0]["batch"])} == ids
    assert {json.loads(line)["id"] for line in machine.run("wait", "-", "--json", feed="\n".join(ids)).stdout.splitlines()} == ids
    machine.run("wait", "--group", "g")
    machine.run("wait", "--all")


# -- the others -------------------------------------------------------------------------------------------------------


@pytest.mark.parity("F122")
def test_pause_resume_cancel_and_retry(machine, slow):
    (id,) = machine.put(machine.file(content=b"x" * 700_000), slow.url)
    slow.wait_for(bytes=1)
    assert "paused 1 operation" in machine.run("pause", id).stderr
    machine.until(id, "paused_by_application")
    assert "sendoff resume 1" in machine.run("show", id).stdout
    assert machine.objects("resume", id) == [{"count": 1, "ids": [id], "skipped": []}]
    machine.run("cancel", "--all")
    machine.until(id, "canceled")
    machine.run("wait", id, fine=(1,))
    machine.run("retry", id)
    machine.run("wait", id)
    assert "completed" in machine.run("retry", id, fine=(2,)).stderr


@pytest.mark.parametrize("command", ["show", "wait", "receipt", "events", "pause", "resume", "cancel", "retry"])
def test_no_such_operation_is_exit_code_4(command, machine):
    done = machine.run(command, "019fffff-nowhere", fine=(4,))
    assert done.stdout == ""
    error = json.loads(machine.run(command, "019fffff-nowhere", "--json", fine=(4,)).stderr)["error"]
    assert error["code"] == "unknown_operation" and "019fffff-nowhere" in error["message"]


def test_ids_numbers_and_prefixes_name_the_same_and_an_ambiguous_one_lists_them(machine):
    first, second = machine.put(machine.file("a"), machine.file("b"), "http://127.0.0.1:9/x/")
    number = str(machine.show(first)["number"])
    assert machine.show(number)["id"] == first
    batch = machine.show(first)["batch"]
    length = next(length for length in range(1, 37) if first[:length] not in (second[:length], batch[:length]))
    assert machine.show(first[:length])["id"] == first
    common = next(first[:length] for length in range(36, 0, -1) if second.startswith(first[:length]))
    for command in ("show", "cancel"):
        done = machine.run(command, common, fine=(2,))
        assert first in done.stderr and second in done.stderr
    assert {one["status"] for one in machine.objects("list")} <= {"idle", "running"}


def test_events_are_the_history_and_can_be_followed(machine, receiver):
    (id,) = machine.put("--wait", machine.file(), receiver.url)
    events = machine.objects("events", id)
    assert [one["type"] for one in events if one["type"] != "started"] == ["created", "completed", "acknowledged"]
    assert [one["seq"] for one in events] == sorted(one["seq"] for one in events)
    after = events[0]["seq"]
    assert [one["seq"] for one in machine.objects("events", id, "--after", str(after))] == [one["seq"] for one in events[1:]]
    assert id in machine.run("events").stdout
    with machine.begin("events", "--follow", "--json", "--after", str(events[-1]["seq"])) as following:
        (other,) = machine.put(machine.file("b"), receiver.url)
        assert json.loads(following.stdout.readline())["operation"] == other
        following.terminate()


def test_the_host_starts_says_what_it_is_and_stops(machine):
    assert machine.run("host", "status", fine=(5,)).stdout == ""
    machine.run("host", "start")
    status = machine.objects("host", "status")[0]
    assert status["pid"] == machine.host()
    assert str(status["pid"]) in machine.run("host", "status").stdout
    assert machine.objects("host", "stop") == [{"stopped": True}]
    assert machine.objects("host", "stop") == [{"stopped": False}]
    machine.run("host", "status", fine=(5,))


def test_the_host_in_the_foreground_ends_well_on_term(machine):
    with machine.begin("host", "run") as host:
        while machine.run("host", "status", fine=(0, 5)).returncode:
            assert host.poll() is None, host.stderr.read()
            time.sleep(0.05)
        host.terminate()
        assert host.wait(15) == 0, host.stderr.read()
    assert "Traceback" not in host.stderr.read() if not host.stderr.closed else True


def test_plugins_check_and_config_say_what_there_is(machine, receiver):
    assert {"http", "sqlite", "env", "file"} <= {one["name"] for one in machine.objects("plugins")}
    assert "sendoff-http" in machine.run("plugins").stdout
    machine.config.write_text("[limits]\nconcurrency = 7\n")
    machine.run("host", "stop")
    assert machine.run("config", "path").stdout == f"{machine.config}\n"
    assert f"limits.concurrency = 7  # {machine.config}" in machine.run("config", "show").stdout
    assert {"key": "limits.concurrency", "value": 5, "origin": "SENDOFF_LIMITS__CONCURRENCY"} in machine.objects(
        "config", "show", SENDOFF_LIMITS__CONCURRENCY="5"
    )
    assert machine.run("check").returncode == 0
    assert machine.run("check", receiver.url).returncode == 0
    assert "archive" in machine.run("check", "archive:", fine=(2,)).stderr


@pytest.mark.parity("F66", "F171")
def test_apps_do_not_see_each_other(machine, receiver):
    state = {"SENDOFF_STATE_DIR": "", "XDG_STATE_HOME": str(machine.folder / "home")}
    try:
        machine.run("--app", "one", "put", machine.file(), receiver.url, **state)
        assert machine.run("list", "--all", "--app", "two", "--json", **state).stdout == ""
        assert len(machine.run("list", "--all", "--app=one", "--json", **state).stdout.splitlines()) == 1
    finally:
        for app in ("one", "two"):
            machine.run("--app", app, "host", "stop", **state)


def test_a_reader_that_leaves_early_hears_no_complaint(machine):
    machine.put(*[machine.file(f"{number}", b"x") for number in range(500)], "http://127.0.0.1:9/x/")
    with machine.begin("list", "--json") as listing:
        assert json.loads(listing.stdout.readline())
        listing.stdout.close()
        assert listing.wait(20) in (0, 141)
        assert listing.stderr.read() == ""


def test_a_name_with_control_characters_is_shown_as_escapes(machine, receiver):
    name = "a\x1b[2J.bin"
    (id,) = machine.put("--wait", machine.file(name), f"{receiver.url}plain")
    for words in (("show", id), ("list", "--all"), ("events", id)):
        assert "\x1b" not in machine.run(*words).stdout
    assert machine.show(id)["source"]["path"].endswith(name)
