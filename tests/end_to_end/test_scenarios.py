"""The scenarios of the Windows SDK's sample, with real processes, each named after its row."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Delay, Receiver, Rule, Stall

from tests.core.owned import eventually
from tests.end_to_end.completing import program
from tests.end_to_end.stage import MIB, Stage

SOON = 60
PLACE = "Upload.aspx"
SAMPLE = Path(__file__).with_name("sample.py")


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.config.write_text('[retry]\nbackoff = ["0.05s", "0.1s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=8 * MIB) as made:
        made.script.add(Rule(do=Answer(200, (("Content-Type", "text/plain"),), b"Filename is source.bin"), path=f"/{PLACE}", times=None))
        yield made


def begun(stage, *words):
    """The sample, on its way."""
    command = [sys.executable, "-W", "error", str(SAMPLE), *map(str, words)]
    return subprocess.Popen(command, env=stage.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines(process):
    """What it said, progress first, for that is told by another thread; it ended well, and complained of nothing but that a POST cannot be repeated."""
    said, complaints = process.communicate(timeout=SOON)
    assert process.returncode == 0, complaints
    assert [line for line in complaints.splitlines() if "a POST " not in line] == []
    said = said.splitlines()
    return [line for line in said if line.startswith("Progress")] + [line for line in said if not line.startswith("Progress")]


@pytest.mark.parity("A1", "A8", "F184")
def test_a1_a8_one_file_is_sent_shown_and_answered(stage, receiver):
    path, digest = stage.file(24 * MIB)

    said = lines(begun(stage, receiver.url + PLACE, path))

    (request,) = receiver.requests
    assert (request.method, request.header("Filename"), request.sha256) == ("POST", "source.bin", digest)
    id = said[-2].rpartition(" ")[2]
    assert said[-3:-1] == ["Loading background uploads: 0", f"Uploading to {receiver.url}{PLACE}, {id}"]
    assert any(line.startswith(f"Progress: {id}, Status: RUNNING, ") for line in said)
    assert said[-1].startswith(f"Completed: {id}, Status Code: 200, ") and said[-1].endswith(" headers, Filename is source.bin")


@pytest.mark.parity("A2")
def test_a2_what_is_no_address_is_told_and_nothing_created(stage, receiver):
    assert lines(begun(stage, "abc", stage.file(1000)[0]))[-1] == "Invalid URI."
    assert stage.listed() == []


@pytest.mark.parity("A3")
def test_a3_nothing_chosen_or_too_much_of_it_is_told_and_nothing_sent(stage, receiver):
    large = stage.folder / "large"
    large.touch()
    with large.open("r+b") as file:
        file.truncate(100 * MIB + 1)

    assert lines(begun(stage, receiver.url + PLACE))[-1] == "No file selected."
    assert lines(begun(stage, receiver.url + PLACE, large))[-1] == "Files larger than 104857600 bytes are not taken."
    assert (stage.listed(), receiver.requests) == ([], ())


@pytest.mark.parity("A4")
def test_a4_several_files_go_in_one_form(stage, tmp_path):
    files = [stage.file(MIB, f"f{number}.bin") for number in range(3)]
    with Receiver(tmp_path / "forms") as receiver:
        said = lines(begun(stage, "--multipart", receiver.url + PLACE, *(path for path, _ in files)))
        (request,) = receiver.requests
        body = receiver.stored(f"/{PLACE}")

    assert said[-1].startswith("Completed: ") and len(stage.listed()) == 1
    for number, (path, _) in enumerate(files):
        assert f'name="File{number}"; filename="f{number}.bin"'.encode() in body and Path(path).read_bytes() in body
    assert request.size == len(body)


@pytest.mark.parity("A5")
def test_a5_cancel_all_ends_each_and_later_ones_are_possible(stage, receiver, tmp_path):
    path, _ = stage.file(48 * MIB)
    with Receiver(tmp_path / "slow", rate=2 * MIB) as slow:
        running = [begun(stage, f"{slow.url}{number}", path) for number in range(2)]
        slow.wait_until(lambda rows: len([row for row in rows if row.received > MIB]) == 2, timeout=SOON)

        stage.run("cancel", "--all")

        for said in [lines(process) for process in running]:
            assert said[-1].startswith("Canceled: ")
        slow.wait_until(lambda rows: all(row.over for row in rows), timeout=SOON)
        assert not [row for row in slow.requests if row.complete]
    assert lines(begun(stage, receiver.url + PLACE, stage.file(1000, "later.bin")[0]))[-1].startswith("Completed: ")


@pytest.mark.parity("A6")
def test_a6_opened_again_it_finds_what_it_began_and_attaches(stage, tmp_path):
    path, digest = stage.file(40 * MIB)
    with Receiver(tmp_path / "slow", rate=4 * MIB) as receiver:
        first = begun(stage, receiver.url + PLACE, path)
        receiver.wait_for(bytes=MIB)
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=SOON)

        said = lines(begun(stage))
        requests = receiver.requests

    assert said[-3] == "Loading background uploads: 1"
    assert said[-2].startswith("Discovered background upload: ") and said[-2].endswith("Status: RUNNING")
    assert said[-1].startswith("Completed: ") and [row.sha256 for row in requests] == [digest]


@pytest.mark.parity("A7")
def test_a7_a_server_that_is_down_or_broken_is_an_error_with_its_name_and_ends_no_program(stage, receiver, tmp_path):
    stage.config.write_text('[retry]\nbackoff = ["0.05s", "0.1s"]\nconnect_timeout = "2s"\n')
    path, _ = stage.file(1000)
    receiver.script.add(Rule(do=Answer(500), path="/broken", times=None))
    with Receiver(tmp_path / "gone") as gone:
        down = gone.url

    assert lines(begun(stage, f"{receiver.url}broken", path))[-1].endswith(" - Error: INTERNAL_SERVER_ERROR")
    assert lines(begun(stage, f"{down}a", path))[-1].endswith(" - Error: CANNOT_CONNECT")


THREE = """
import sys, uuid
import sendoff

uploader = sendoff.BackgroundUploader()
uploader.method = "PUT"
uploader.transfer_group = sendoff.TransferGroup.create(str(uuid.uuid4()))
with uploader.batch() as batch:
    for name in sys.argv[3:]:
        uploader.create_upload(sys.argv[1] + name, sys.argv[2]).start()
print(batch.id)
"""


def three_in_a_group(stage, tmp_path, names):
    """The id of the batch of a program that starts them and leaves, the requests, and every notice of a batch, as soon as all that is to happen has."""
    notices = tmp_path / "notices"
    told = f"import sys; open({str(notices)!r}, 'a').write(sys.stdin.read().strip() + chr(10))"
    stage.config.write_text(f'[[sinks]]\nuse = "command"\nargv = {json.dumps([sys.executable, "-c", told])}\non = ["batch_completed"]\n')
    pauses = [Rule(do=Delay(seconds), path=f"/{seconds}") for seconds in (0.2, 1.0, 2.0)]
    with Receiver(tmp_path / "three", script=[*pauses, Rule(do=Answer(403), path="/refused", times=None)]) as receiver:
        words = [sys.executable, "-W", "error", "-c", THREE, receiver.url, stage.file(1000)[0], *names]
        batch = subprocess.run(words, env=stage.environment, capture_output=True, text=True, timeout=SOON, check=True).stdout.strip()
        eventually(lambda: notices.exists() and notices.read_text().endswith("\n"), "the notice")
        eventually(lambda: json.loads(stage.run("host", "status", "--json").stdout)["todos"] == 0, "that nothing more is to be told")
        return batch, receiver.requests, [json.loads(line) for line in notices.read_text().splitlines()]


@pytest.mark.parity("A9", "F97", "F100")
def test_a9_three_in_a_group_are_told_of_once_after_the_slowest_though_their_program_is_gone(stage, tmp_path):
    batch, requests, notices = three_in_a_group(stage, tmp_path, ("0.2", "1.0", "2.0"))

    (notice,) = notices
    assert {name: notice["data"][name] for name in ("batch", "total", "completed", "failed", "outcome")} == {
        "batch": batch, "total": 3, "completed": 3, "failed": 0, "outcome": "success",
    }  # fmt: skip
    assert max(row.began_at for row in requests) < min(row.answered_at for row in requests), "side by side"
    ends = {view["finished_at"]: view["url"] for view in stage.listed()}
    assert ends[max(ends)].endswith("/2.0") and max(ends) <= notice["time"]


@pytest.mark.parity("A10", "F98")
def test_a10_where_one_of_three_fails_one_failure_is_told_and_no_success(stage, tmp_path):
    batch, _, notices = three_in_a_group(stage, tmp_path, ("0.2", "refused", "1.0"))

    assert [(one["data"]["batch"], one["data"]["outcome"], one["data"]["completed"], one["data"]["failed"]) for one in notices] == [(batch, "failure", 2, 1)]


@pytest.mark.parity("A13", "F113")
def test_a13_half_of_ten_fail_the_program_is_gone_and_the_handler_retries_until_each_has_arrived_once(work, stage, tmp_path):
    source, digest = stage.file(1000)
    script = [Rule(do=Answer(403), path=f"/{number}", times=2 if number == 8 else 1) for number in (0, 2, 4, 6, 8)]
    with Receiver(tmp_path / "in", script=script) as receiver:
        done = program(stage, receiver.url, "again", source, "10")
        assert done.communicate(timeout=SOON)[0].split() and done.returncode == 0

        rows = work.told(3)
        work.events(None, "handler_completed", count=3)
        arrived = [(one.path, one.sha256) for one in receiver.requests if one.status and one.status < 300]

    assert [row["said"] for row in rows] == ["5 succeeded, 5 failed", "4 succeeded, 1 failed", "1 succeeded, 0 failed"]
    assert len({row["key"] for row in rows}) == 3 and len(work.told()) == 3
    assert sorted(arrived) == [(f"/{number}", digest) for number in range(10)], "each exactly once"


@pytest.mark.parity("A12")
def test_a12_leftovers_of_a_group_are_canceled_and_others_left_alone(stage, receiver):
    path, _ = stage.file(1000)
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        for group in ("mine", "others", None):
            for number in range(2):
                client.put(path, f"{receiver.url}{group}{number}", group=group, start=False)
        uploader = sendoff.BackgroundUploader(client)

        leftovers = uploader.current_uploads("mine")
        assert [operation.cancel() for operation in leftovers] == [True, True]

        assert {operation.status for operation in uploader.current_uploads("others") + uploader.current_uploads()} == {sendoff.TransferStatus.IDLE}
    assert receiver.requests == ()


@pytest.mark.parity("A20")
def test_a20_it_logs_in_after_a_restart_and_no_file_holds_the_password(stage, tmp_path):
    path, digest = stage.file(24 * MIB)
    with Receiver(tmp_path / "guarded", authorization="Basic bWU6b3Blbi1zM3NhbWU=", rate=12 * MIB) as receiver:
        stage.environment |= {"LAB_USERNAME": "me", "LAB_PASSWORD": "open-s3same"}
        (id,) = stage.put(path, f"{receiver.url}a", "--credential", "env:LAB")
        receiver.wait_for(bytes=MIB)
        stage.kill_host()
        stage.run("wait", id)
        done = [request for request in receiver.requests if request.complete]

    assert [(one.sha256, one.status) for one in done] == [(digest, 201)]
    held = b"".join(file.read_bytes() for file in stage.folder.rglob("*") if file.is_file() and file.suffix != ".bin")
    assert b"open-s3same" not in held and b"bWU6b3Blbi1zM3NhbWU=" not in held


@pytest.mark.parity("A22")
def test_a22_after_a_purge_nothing_is_left(stage, receiver):
    stage.environment["LAB"] = "open-s3same"
    stage.run("put", "--wait", stage.file(1000)[0], f"{receiver.url}a", "--credential", "env:LAB")
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        client.put(stage.file(1000, "other.bin")[0], f"{receiver.url}b", start=False)
    assert {view["status"] for view in stage.listed()} == {"completed", "idle"}

    stage.run("purge", "--yes")

    assert not stage.state.exists()
    assert [path for path in stage.config.parent.rglob("*") if path != stage.config] == []


@pytest.mark.parity("A16")
def test_a16_high_goes_first_and_all_are_paused_and_resumed(tmp_path):
    stalled = Rule(do=Stall(), path="/running", at=2 * MIB)
    with Stage(tmp_path) as stage, Receiver(tmp_path / "received", rate=8 * MIB, script=[stalled]) as receiver:
        stage.config.write_text("[limits]\nconcurrency = 1\n")
        (running,) = stage.put(stage.file(4 * MIB, "large.bin")[0], f"{receiver.url}running")
        receiver.wait_for(bytes=MIB)
        path = stage.file(1000)[0]
        names = {"default": (), "high": ("--priority", "high")}
        ids = {name: stage.put(path, f"{receiver.url}{name}", *words)[0] for name, words in names.items()}

        stage.run("pause", "--all")
        stage.until(running, status="paused_by_application")
        assert {stage.view(id)["status"] for id in (running, *ids.values())} == {"paused_by_application"}
        stage.run("resume", "--all")
        stage.run("wait", running, *ids.values())
        skipped = stage.run("pause", running, fine=(2,)).stderr
        assert stage.view(running)["status"] == "completed"
        order = [request.path for request in receiver.requests if request.complete]

    assert order.index("/high") < order.index("/default")
    assert "completed" in skipped


@pytest.mark.campaign
@pytest.mark.parity("A21")
def test_a21_a_thousand_arrive(stage, receiver):
    path, digest = stage.file(1000)
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        batch = client.put_many([(path, f"{receiver.url}{number}") for number in range(1000)])
        batch.wait(600)

    assert {request.sha256 for request in receiver.requests} == {digest}
    assert len({request.path for request in receiver.requests if request.status == 201}) == 1000
