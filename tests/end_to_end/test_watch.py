"""``sendoff watch`` on a terminal and off it, with real processes."""

import json
import re
import signal

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import COMMAND, MIB
from tests.end_to_end.terminal import Terminal

PACE = 2 * MIB
NOWHERE = "http://127.0.0.1:9/x"


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


def test_the_bar_goes_through_a_kill_of_the_host_and_it_ends_when_everything_has(stage, slow, watch):
    (waits,) = stage.put(stage.file(1000, "a.bin")[0], NOWHERE, "--label", "to nowhere")
    terminal = watch()
    terminal.until("to nowhere", "unreachable")
    path, digest = stage.file(8 * MIB, "film.bin")
    (id,) = stage.put(path, slow.url)
    terminal.until("film.bin", "% sent", "MiB/s")
    stage.kill_host()
    terminal.until("the host was gone; the next one carries on", seconds=60)
    terminal.until("film.bin", "done, 8.0 MiB, ", "1 of 2 done", seconds=60)
    stage.run("cancel", waits)
    assert terminal.ended() == 1
    text = terminal.text()
    assert "1 of 2 done, 1 failed" in text and text.count("film.bin") == 1, "a bar was left on the screen"
    assert stage.view(id)["acknowledged_at"], "what was shown as completed is seen"
    assert [request.sha256 for request in slow.requests if request.complete] == [digest]


@pytest.mark.parity("F173")
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
        terminal.resize(columns, lines)
        terminal.until("% sent", ">     1 a", so=lambda shown, lines=lines: shown[-lines].startswith("0 of 1 done") and shown[-1].startswith("? keys"))


def test_many_that_wait_are_counted_and_seen_as_far_as_one_goes(stage, slow, watch):
    stage.config.write_text("[limits]\nper_destination = 2\n")
    folder = stage.folder / "many"
    folder.mkdir()
    names = [folder / f"{number:03}.bin" for number in range(300)]
    for name in names:
        with name.open("wb") as file:
            file.truncate(4 * MIB)
    stage.run("put", *map(str, names), slow.url)
    terminal = watch(lines=12)
    text = terminal.until("2 running, 298 queued", "0 of 300 done", "of 1.2 GiB", "everything: 1 of")
    assert "299.bin" not in text
    terminal.type("G")
    terminal.until("299.bin", "everything: 300 of 300")
    terminal.type("g")
    terminal.until("000.bin", "everything: 1 of 300")


def test_no_color_where_none_is_wanted(stage, slow, watch):
    stage.put(stage.file(30 * MIB, "film.bin")[0], slow.url)
    terminal = watch(environment={"NO_COLOR": "1"})
    terminal.until("% sent", "MiB/s", ">     1 film.bin")
    assert not re.search(rb"\x1b\[[0-9;]*(3[0-7]|9[0-7])m", terminal.raw)


# -- where no terminal is --------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(stage):
    """An upload to a server that is not there."""
    return stage.put(stage.file(1000, "a.bin")[0], NOWHERE)[0]


def test_off_a_terminal_it_says_how_it_begins_what_ends_and_how_it_ended(stage, waiting):
    with stage.begin("watch", waiting) as watching:
        first = watching.stdout.readline()
        stage.run("cancel", waiting)
        ended, last = watching.stdout.read().splitlines()
        assert watching.wait(60) == 1
    assert re.fullmatch(r"\d\d:\d\d:\d\d 0 of 1 done, 0 B of 1000 B; .*\n", first)
    assert re.match(rf"canceled  \d+  {NOWHERE}", ended)
    assert re.fullmatch(r"\d\d:\d\d:\d\d 0 of 1 done, 1 failed, 0 B of 1000 B", last)


def test_a_reader_that_closes_the_pipe_ends_it_without_a_word(stage, waiting):
    with stage.begin("watch", waiting) as watching:
        assert "0 of 1 done" in watching.stdout.readline()
        watching.stdout.close()
        stage.run("cancel", waiting)
        assert (watching.wait(60), watching.stderr.read()) == (141, "")


def test_a_name_that_would_move_the_cursor_is_shown_as_what_it_is(stage, slow, watch):
    path = stage.folder / "é\x1b[2J.bin"
    with path.open("wb") as file:
        file.truncate(60 * MIB)
    stage.put(str(path), f"{slow.url}e.bin")
    watch().until("é\\x1b[2J", "% sent")


def test_with_json_every_line_is_an_object_and_the_ended_ones_are_whole(stage, slow, waiting):
    with stage.begin("watch", "--json") as watching:
        objects = [json.loads(watching.stdout.readline())]
        (id,) = stage.put(stage.file(3 * MIB, "film.bin")[0], slow.url)
        while objects[-1].get("id") != id:
            objects.append(json.loads(watching.stdout.readline()))
        stage.run("cancel", waiting)
        objects += [json.loads(line) for line in watching.stdout]
        assert watching.wait(60) == 1
    assert [(one["id"], one["status"]) for one in objects if one.get("type") != "progress"] == [(id, "completed"), (waiting, "canceled")]
    progress = [one for one in objects if one.get("type") == "progress"]
    assert [one["sent_bytes"] for one in progress] == sorted(one["sent_bytes"] for one in progress)
    assert (progress[0]["total"], progress[0]["waits"]) in [(1, {"unreachable": 1}), (1, {})]
    assert (progress[-1]["ended"], progress[-1]["failed"], progress[-1]["sent_bytes"]) == (2, 1, 3 * MIB)


@pytest.mark.campaign
def test_a_batch_is_watched_as_a_whole_through_the_death_of_the_host(stage, slow):
    stage.config.write_text("[limits]\nper_destination = 2\n")
    paths = [stage.file(3 * MIB, f"{number}.bin")[0] for number in range(6)]
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
    assert any(one.get("rate") for one in objects)
