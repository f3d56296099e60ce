"""``sendoff watch`` on a terminal and off it, with real processes."""

import json
import re
import signal

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import COMMAND, MIB, Stage
from tests.end_to_end.terminal import Terminal

PACE = 2 * MIB
NOWHERE = "http://127.0.0.1:9/x"


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        yield made


@pytest.fixture
def slow(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE) as made:
        yield made


@pytest.fixture
def watch(stage):
    opened = []

    def begin(*words, environment=(), **more):
        opened.append(Terminal([*COMMAND, "watch", *words], environment=stage.environment | dict(environment), folder=stage.folder, **more))
        return opened[-1]

    yield begin
    for one in opened:
        one.__exit__()


def test_the_bar_goes_through_a_kill_of_the_host_and_ends_by_itself(stage, slow, watch):
    path, digest = stage.file(8 * MIB, "film.bin")
    (id,) = stage.put(path, slow.url)
    terminal = watch()
    terminal.until("film.bin", "% sent", "MiB/s")
    stage.kill_host()
    assert terminal.ended(60) == 0
    text = terminal.text()
    assert "done" in text and "film.bin  8.0 MiB, " in text and "1 of 1 done, 8.0 MiB of 8.0 MiB" in text
    assert "% sent" not in text, "a bar was left on the screen"
    assert stage.view(id)["acknowledged_at"], "what was shown as completed is seen"
    assert [request.sha256 for request in slow.requests if request.complete] == [digest]


def test_ctrl_c_leaves_the_work_running_and_says_so(stage, slow, watch):
    path, _ = stage.file(30 * MIB, "film.bin")
    (id,) = stage.put(path, slow.url)
    terminal = watch(id)
    terminal.until("% sent")
    terminal.signal(signal.SIGINT)
    assert terminal.ended() == 130
    assert "1 upload not finished yet; the work goes on without this command" in terminal.text()
    assert stage.view(id)["status"] == "running"


def test_a_term_is_exit_code_3(stage, slow, watch):
    (id,) = stage.put(stage.file(30 * MIB, "film.bin")[0], slow.url)
    terminal = watch(id)
    terminal.until("% sent")
    terminal.signal(signal.SIGTERM)
    assert terminal.ended() == 3
    assert "the work goes on" in terminal.text()


def test_what_waits_is_shown_with_its_reason_and_a_failed_one_makes_the_exit_code_1(stage, slow, watch):
    stage.config.write_text('[retry]\nbackoff = ["2s", "2s"]\n')
    path, _ = stage.file(1000, "a.bin")
    (waits,) = stage.put(path, NOWHERE, "--label", "to nowhere")
    (paused,) = stage.put(path, "http://127.0.0.1:9/y", "--label", "kept back")
    stage.run("pause", paused)
    terminal = watch()
    terminal.until("to nowhere", "unreachable", "again in", "kept back", "paused", "0 of 2 done")
    stage.run("cancel", waits, paused)
    assert terminal.ended() == 1
    assert terminal.text().count("canceled") == 2 and "2 failed" in terminal.text()


def test_it_fits_whatever_size_the_terminal_takes(stage, slow, watch):
    path, _ = stage.file(60 * MIB, "a-rather-long-name-for-a-film-that-nobody-has-seen.bin")
    stage.put(path, slow.url)
    terminal = watch(columns=80)
    terminal.until("━", "% sent")
    for columns, lines in ((40, 10), (120, 30), (60, 24)):
        before = len(terminal.raw)
        terminal.resize(columns, lines)
        terminal.until("% sent")
        while len(re.findall(rb"\x1b\[\?2026l", terminal.raw[before:])) < 3:
            terminal.until("% sent")
        rows = [line for line in terminal.shown() if "% sent" in line]
        assert len(rows) >= 1 and all(len(line) < columns for line in rows)


def test_many_that_wait_are_summed_up(stage, slow, watch):
    stage.config.write_text("[limits]\nper_destination = 2\n")
    folder = stage.folder / "many"
    folder.mkdir()
    names = [folder / f"{number:03}.bin" for number in range(100)]
    for name in names:
        with name.open("wb") as file:
            file.truncate(4 * MIB)
    stage.run("put", *map(str, names), slow.url)
    terminal = watch(lines=12)
    terminal.until("and 98 more wait: 98 queued", "0 of 100 done", "of 400.0 MiB")


def test_no_color_where_none_is_wanted(stage, slow, watch):
    stage.put(stage.file(4 * MIB, "film.bin")[0], slow.url)
    terminal = watch(environment={"NO_COLOR": "1"})
    terminal.until("% sent", "MiB/s")
    assert not re.search(rb"\x1b\[[0-9;]*(3[0-7]|9[0-7])m", terminal.raw)


# -- where no terminal is --------------------------------------------------------------------------------------------


def test_off_a_terminal_it_says_how_it_begins_what_ends_and_how_it_ended(stage, slow):
    (id,) = stage.put(stage.file(2 * MIB, "film.bin")[0], slow.url)
    first, ended, last = stage.run("watch", id).stdout.splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d 0 of 1 done, .* of 2\.0 MiB.*; .*", first)
    assert ended.startswith(f"completed  {id}  {slow.url}film.bin")
    assert re.fullmatch(r"\d\d:\d\d:\d\d 1 of 1 done, 2\.0 MiB of 2\.0 MiB", last)


def test_with_json_every_line_is_an_object_and_the_ended_ones_are_whole(stage, slow):
    (id,) = stage.put(stage.file(4 * MIB, "film.bin")[0], slow.url)
    objects = [json.loads(line) for line in stage.run("watch", "--json").stdout.splitlines()]
    (view,) = [one for one in objects if one.get("type") != "progress"]
    assert (view["id"], view["status"]) == (id, "completed")
    progress = [one for one in objects if one.get("type") == "progress"]
    assert [one["sent_bytes"] for one in progress] == sorted(one["sent_bytes"] for one in progress)
    assert (progress[-1]["ended"], progress[-1]["sent_bytes"], progress[-1]["total_bytes"]) == (1, 4 * MIB, 4 * MIB)
    assert any(one["rate"] for one in progress)


def test_a_batch_is_watched_as_a_whole_through_the_death_of_the_host(stage, slow):
    paths = [stage.file(2 * MIB, f"{number}.bin")[0] for number in range(6)]
    ids = stage.put(*paths, slow.url)
    batch = stage.view(ids[0])["batch"]
    with stage.begin("watch", batch, "--json") as watching:
        for line in watching.stdout:
            if json.loads(line).get("sent_bytes"):
                break
        stage.kill_host()
        objects = [json.loads(line) for line in watching.stdout]
        assert watching.wait(60) == 0
    assert {one["id"] for one in objects if one.get("type") != "progress"} <= set(ids)
    assert (objects[-1]["total"], objects[-1]["ended"]) == (6, 6)
