"""What a program wants people to be told, told by the host whether the program is there or not."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Delay, Receiver, Rule

from tests.core.owned import eventually
from tests.end_to_end.stage import Stage

SOON = 60
QUICK = '[retry]\nbackoff = ["0.05s", "0.1s"]\n'
PROGRAM = """
import os, sys
from datetime import UTC, datetime, timedelta
import sendoff
from sendoff import Notification

url, source, minutes, together, *names = sys.argv[1:]
uploader = sendoff.BackgroundUploader()
uploader.method = "PUT"
uploader.group = "toasts"
soon = datetime.now(UTC) + timedelta(seconds=float(minutes) * 60) if minutes else None
uploader.success_notification = Notification("All there", "three of them", tag="three", group="sample", silent=True, priority="high")
uploader.failure_notification = Notification("Not all there", "look at it", tag="three")
uploader.success_tile_notification = Notification("Fine", tag="tile", expires_at=soon)
uploader.failure_tile_notification = Notification("Broken", tag="tile", expires_at=soon)
if together == "batch":
    with uploader.batch():
        for name in names:
            uploader.create_upload(url + name, source).start()
else:
    for made in [uploader.create_upload(url + name, source) for name in names]:
        made.start()
print("started", flush=True)
if together == "stays":
    sys.stdin.read()
os._exit(0)  # as a kill does: nothing is tidied up
"""


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        yield made


@pytest.fixture
def receiver(tmp_path):
    slow = [Rule(do=Delay(seconds), path=f"/{seconds}", times=None) for seconds in (0.2, 0.6)]
    with Receiver(tmp_path / "in", script=[*slow, Rule(do=Answer(403), path="/refused", times=None)]) as made:
        yield made


def written(path: Path):
    """The notices in a file, those that are there whole; a program whose host was killed may have been told nothing."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n") and line.strip()]


class Told:
    """A popup's place and a tile's."""

    def __init__(self, stage: Stage, folder: Path):
        self.popups, self.tile = folder / "popups", folder / "tile.json"
        program = f"import sys; open({str(self.popups)!r}, 'a').write(sys.stdin.read().strip() + chr(10))"
        command = f'[[sinks]]\nuse = "command"\nargv = {json.dumps([sys.executable, "-c", program])}\non = ["notification"]\n'
        stage.config.write_text(f'{QUICK}{command}[[sinks]]\nuse = "status"\npath = "{self.tile}"\non = ["notification"]\n')

    def shown(self):
        """What came to the command, popups and tiles."""
        return written(self.popups)

    def titles(self):
        return sorted(one["message"]["title"] for one in self.shown())


@pytest.fixture
def told(stage, tmp_path):
    return Told(stage, tmp_path)


def begun(stage, receiver, *names, minutes="", together="batch", size=1000):
    words = [sys.executable, "-W", "error", "-c", PROGRAM, receiver.url, stage.file(size)[0], minutes, together, *names]
    process = subprocess.Popen([str(word) for word in words], env=stage.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    return process


def gone(*words, **more):
    """The program has ended, as if it had been killed."""
    begun(*words, **more).communicate("", SOON)


def settled(stage):
    """Every upload has ended, and nothing more is to be told."""
    eventually(lambda: stage.listed() and all(view["finished_at"] for view in stage.listed()), "the ends")
    eventually(lambda: all(sink["behind"] == 0 and sink["waiting"] == 0 for sink in sinks(stage)), "that all is told")


def sinks(stage):
    return json.loads(stage.run("host", "status", "--json").stdout)["sinks"]


@pytest.mark.parity("A9", "F18", "F20", "F97", "F100")
def test_of_three_that_succeed_one_success_is_told_and_shown_on_the_tile_though_their_program_is_gone(stage, receiver, told):
    gone(stage, receiver, "0.2", "0.6", "now")
    settled(stage)
    eventually(lambda: len(told.shown()) == 2, "the notifications")
    assert told.titles() == ["All there", "Fine"]
    popup = next(one for one in told.shown() if one["message"]["title"] == "All there")
    assert max(view["finished_at"] for view in stage.listed()) <= popup["time"]
    assert json.loads(told.tile.read_bytes())["title"] == "Fine", "the tile has the tile's, not the popup's"


@pytest.mark.parity("A10", "F19", "F98")
def test_where_one_of_three_fails_one_failure_is_told_and_no_success(stage, receiver, told):
    gone(stage, receiver, "0.2", "refused", "now")
    settled(stage)
    eventually(lambda: len(told.shown()) == 2, "the notifications")
    assert told.titles() == ["Broken", "Not all there"]
    assert all(one["message"]["failed"] for one in told.shown())


@pytest.mark.parity("F102", "F103")
def test_every_field_of_it_arrives(stage, receiver, told):
    gone(stage, receiver, "now", minutes="10")
    eventually(lambda: len(told.shown()) == 2, "the notifications")
    popup, tile = sorted((one["message"] for one in told.shown()), key=lambda one: one["tile"])
    wanted = {"title": "All there", "text": "three of them", "tag": "three", "group": "sample", "silent": True, "high": True, "failed": False, "tile": False}
    assert {name: popup[name] for name in wanted} == wanted and popup["expires_at"] is None
    left = datetime.fromisoformat(tile["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=8) < left <= timedelta(minutes=10) and tile["tag"] == "tile"


@pytest.mark.parity("A11", "F20", "F103")
def test_a11_the_tile_is_gone_when_it_has_expired_and_the_next_one_takes_its_place(stage, receiver, told):
    gone(stage, receiver, "now", minutes="0.1")
    found = eventually(lambda: told.tile.exists() and json.loads(told.tile.read_bytes()), "the tile")
    ends = datetime.fromisoformat(found["expires_at"])
    eventually(lambda: not told.tile.exists(), "its end")
    assert datetime.now(UTC) >= ends

    gone(stage, receiver, "refused")
    eventually(told.tile.exists, "the next one")
    assert json.loads(told.tile.read_bytes())["title"] == "Broken"


@pytest.mark.parity("F18", "F99")
def test_without_a_batch_it_is_told_when_the_last_that_exists_has_ended_and_again_for_those_that_come_later(stage, receiver, told):
    process = begun(stage, receiver, "0.2", "0.6", "now", together="stays")
    eventually(lambda: len(told.shown()) == 2, "the notifications, while the program lives")
    assert told.titles() == ["All there", "Fine"]
    process.communicate("")
    settled(stage)
    assert len(told.shown()) == 2, "and its end tells nothing twice"


@pytest.mark.parity("F18", "F100")
@pytest.mark.fault(7)
def test_a_host_that_is_killed_in_the_middle_tells_it_after_the_restart_and_once(stage, receiver, told):
    gone(stage, receiver, "0.2", "0.6", "now")
    stage.kill_host()
    stage.run("list")
    settled(stage)
    eventually(lambda: len(told.shown()) >= 2, "the notifications")
    assert {one["id"]: one["message"]["title"] for one in told.shown()}.keys() == {one["id"] for one in told.shown()}
    assert sorted({one["message"]["title"] for one in told.shown()}) == ["All there", "Fine"]


@pytest.mark.parity("F104")
def test_where_all_are_canceled_nobody_is_told(stage, receiver, told):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        uploader = sendoff.BackgroundUploader(client)
        uploader.method = "PUT"
        uploader.success_notification = sendoff.Notification("good")
        uploader.failure_notification = sendoff.Notification("bad")
        with uploader.batch() as batch:
            made = [uploader.create_upload(receiver.url + name, stage.file(1000)[0]) for name in "ab"]
        for one in made:
            one.cancel()
        eventually(lambda: [event for event in client.events(follow=False) if event.type == "batch_completed" and event.batch == batch.id], "the end")
        assert not [event for event in client.events(follow=False) if event.type.startswith("notification")]


@pytest.mark.parity("F101")
def test_where_nothing_shows_them_the_upload_is_unharmed_and_its_history_and_the_log_say_so(stage, receiver):
    stage.config.write_text(QUICK)
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        uploader = sendoff.BackgroundUploader(client)
        uploader.method = "PUT"
        uploader.success_notification = sendoff.Notification("good")
        for name in "ab":
            operation = uploader.create_upload(receiver.url + name, stage.file(1000)[0])
            operation.start()
            assert operation.wait(timeout=SOON).receipt.size == 1000
            (skipped,) = eventually(lambda one=operation: [event for event in one.events() if event.type == "notification_skipped"], "what its history says")
            assert skipped.data == {"word": "success", "message": "no sink that is configured shows it"}
    assert stage.log().count("notification (popup) is skipped") == 1


@pytest.mark.fault(79)
def test_a_notice_that_is_refused_for_good_is_shown_wherever_one_looks(stage, receiver):
    refusing = [sys.executable, "-c", "import sys; sys.exit('no such customer')"]
    stage.config.write_text(f'{QUICK}[[sinks]]\nname = "desk"\nuse = "command"\nargv = {json.dumps(refusing)}\non = ["completed"]\n')
    (id,) = stage.put(stage.file(1000)[0], f"{receiver.url}a", "--wait")
    eventually(lambda: sinks(stage)[0]["aside"] == 1, "that it is set aside")
    assert "desk (command): up to date; 1 notice set aside, see notice_failed in sendoff events" in stage.run("host", "status").stdout
    (shown,) = (line for line in stage.run("show", id).stdout.splitlines() if line.startswith("not told"))
    assert "desk: " in shown and "no such customer" in shown
    assert [event.type for event in stage.history(id)].count("notice_failed") == 1


@pytest.mark.parity("F101")
def test_people_may_switch_them_off(stage, receiver, told):
    stage.config.write_text(stage.config.read_text().replace('on = ["notification"]', 'on = ["failed"]'))
    gone(stage, receiver, "now")
    settled(stage)
    assert told.shown() == [] and not told.tile.exists()


@pytest.mark.fault(7)
def test_a_notice_of_a_person_s_turn_comes_through_a_kill(stage, tmp_path):
    """The wait is on disk, the host dies before or after anybody was told: it is told all the same."""
    notices = tmp_path / "notices"
    program = f"import sys; open({str(notices)!r}, 'a').write(sys.stdin.read().strip() + chr(10))"
    stage.config.write_text(
        f'{QUICK}[destinations.locked]\nurl = "http://127.0.0.1:1/"\ncredential = "file:none"\n'
        f'[[sinks]]\nuse = "command"\nargv = {json.dumps([sys.executable, "-c", program])}\n'
        'on = ["needs_person"]\nperson_title = "{name} asks for {command}"\n'
    )
    (id,) = stage.put(stage.file(1000)[0], "locked:a")
    stage.until(id, status="paused_recoverable")
    stage.kill_host()
    stage.run("list")
    found = eventually(lambda: written(notices), "the notice")
    assert {(one["type"], one["operation"]["id"]) for one in found} == {("needs_person", id)}
    assert found[0]["message"]["title"] == "source.bin asks for sendoff resume 1" and found[0]["message"]["high"]
