"""The keys of ``sendoff watch``, pressed on a real terminal with a real host; and a terminal that is as it was afterwards, however it ends."""

import os
import re
import signal
import sys

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.stage import COMMAND, MIB
from tests.end_to_end.terminal import Terminal

PACE = MIB
NOWHERE = "http://127.0.0.1:9/"
REFUSED = [Rule(do=Answer(401), path="/locked", times=None), Rule(do=Answer(404), path="/gone", times=None)]
ESC, CTRL_C, CTRL_Z, ENTER = "\x1b", "\x03", "\x1a", "\r"
SHELL = ["setsid", "-cw", "bash", "--norc", "--noprofile", "-i"]  # with a terminal of its own, so that it can stop what runs on it


@pytest.fixture
def slow(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE, script=REFUSED) as made:
        yield made


@pytest.fixture
def watch(stage):
    opened = []

    def begin(*words, command=(*COMMAND, "watch"), **more):
        opened.append(Terminal([*command, *words], environment=stage.environment, folder=stage.folder, **more))
        return opened[-1]

    yield begin
    for one in opened:
        one.__exit__()


@pytest.fixture
def films(stage, slow):
    """Three uploads that take a while: their ids."""
    folder = stage.folder / "films"
    folder.mkdir()
    for name in ("one.bin", "two.bin", "six.bin"):
        with (folder / name).open("wb") as file:
            file.truncate(90 * MIB)
    return stage.put(*(str(folder / name) for name in ("one.bin", "two.bin", "six.bin")), slow.url)


@pytest.fixture
def stuck(stage, watch):
    """Someone watches an upload to a server that is not there, which is tried again in an hour."""
    stage.config.write_text('[retry]\nbackoff = ["1h", "1h"]\n')
    (id,) = stage.put(stage.file(1000, "a.bin")[0], f"{NOWHERE}x")
    terminal = watch()
    terminal.until(">     1 a.bin", "unreachable, again in")
    return terminal, id


def attempts(stage, id):
    return stage.view(id)["progress"]["attempt"]


# -- orders ------------------------------------------------------------------------------------------------------------


def test_the_selected_one_is_paused_resumed_canceled_after_a_question_and_tried_again(stage, films, watch):
    terminal = watch()
    terminal.until(">     2 one.bin", "% sent")
    terminal.type("j")
    terminal.until(">     3 two.bin")
    terminal.type("p")
    terminal.until("paused 3 two.bin", "2 running, 1 paused")
    assert [stage.view(id)["status"] for id in films] == ["running", "paused_by_application", "running"]
    terminal.type("r")
    terminal.until("resumed 3 two.bin", "3 running")
    terminal.type("c")
    terminal.until("cancel 3 two.bin for good?")
    terminal.type("n")
    terminal.until("? keys")
    assert stage.view(films[1])["status"] == "running"
    terminal.type("cy")
    terminal.until("canceled 3 two.bin", "1 failed", "2 running")
    assert stage.view(films[1])["status"] == "canceled"
    terminal.type("t")
    terminal.until("retried 3 two.bin", "3 running")
    assert stage.view(films[1])["round"] == 2


def test_an_order_is_for_all_that_are_marked(stage, films, watch):
    terminal = watch()
    terminal.until(">     2 one.bin", "% sent")
    terminal.type("  ")
    terminal.until(" *    2 one.bin", " *    3 two.bin", ">     4 six.bin", "2 marked")
    terminal.type("p")
    terminal.until("paused 2 uploads", "1 running, 2 paused")
    assert [stage.view(id)["status"] for id in films] == ["paused_by_application", "paused_by_application", "running"]
    assert "marked" not in terminal.text()


def test_a_wait_is_cut_short_this_once(stage, stuck):
    terminal, id = stuck
    tried = attempts(stage, id)
    terminal.type("R")
    terminal.until("resumed 1 a.bin")
    while attempts(stage, id) == tried:
        terminal.until(">     1 a.bin")


def test_what_the_host_refuses_is_said_in_one_line(stage, stuck):
    terminal, id = stuck
    terminal.type("t")
    terminal.until(so=lambda shown: shown[-1].startswith("1 a.bin: "))
    assert stage.view(id)["round"] == 1


# -- looking -----------------------------------------------------------------------------------------------------------


def test_everything_about_one_and_the_keys_are_pages_to_read_and_to_leave(films, watch):
    terminal = watch()
    terminal.until(">     2 one.bin")
    terminal.type(ENTER)
    terminal.until(films[0], "number 2, round 1", "carried by", "Esc back")
    terminal.type(ESC)
    terminal.until(">     2 one.bin")
    terminal.type("?")
    terminal.until("give it up for good; asks first", "Esc back")
    terminal.type("q")
    terminal.until(">     2 one.bin")


def test_what_needs_somebody_stands_first_with_what_helps_and_can_be_seen_alone(stage, films, slow, watch):
    (id,) = stage.put(stage.file(1000, "secret.bin")[0], f"{slow.url}locked")
    stage.until(id, status="paused_recoverable")
    terminal = watch()
    command = stage.view(id)["needs"]["command"]
    text = terminal.until(f"needs you: {command}", "1 needs you", "one.bin", "wants a credential")
    assert text.index("secret.bin") < text.index("one.bin")
    terminal.type("n")
    terminal.until("what needs you: 1 of 1", "secret.bin", so=lambda shown: not any("one.bin" in line for line in shown))
    terminal.type("f")
    terminal.until("what runs: 1 of 3", "six.bin", so=lambda shown: not any("secret.bin" in line for line in shown))
    terminal.type(ESC)
    terminal.until("everything: 1 of 4")


def test_who_is_at_the_keys_may_help_what_only_a_person_can_help(stage, slow, films, watch):
    (id,) = stage.put(stage.file(1000, "secret.bin")[0], f"{slow.url}locked")
    stage.until(id, status="paused_recoverable")
    terminal = watch(id, films[0])
    terminal.until("secret.bin", "one.bin")
    terminal.type("j")
    stage.run("cancel", films[0])
    terminal.until("1 needs you", "1 failed")
    terminal.type("gc")
    terminal.until("cancel 5 secret.bin for good?")
    terminal.type("y")
    assert terminal.ended() == 1


# -- leaving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "code"), [("q", 3), (CTRL_C, 130)], ids=["q", "ctrl-c"])
def test_leaving_leaves_the_work_running_and_says_so(stage, films, watch, key, code):
    terminal = watch()
    terminal.until("% sent")
    terminal.type(key)
    assert terminal.ended() == code
    assert "3 uploads not finished yet; the work goes on without this command" in terminal.text()
    assert not terminal.whole and terminal.after == terminal.before
    assert {stage.view(id)["status"] for id in films} == {"running"}


def test_it_ends_by_itself_when_all_has_ended_and_shows_what_has(stage, watch, slow):
    (id,) = stage.put(stage.file(MIB, "a.bin")[0], slow.url)
    terminal = watch(id)
    assert terminal.ended() == 0
    assert "done        1 a.bin  1.0 MiB, " in terminal.text() and "1 of 1 done" in terminal.text()


def test_it_ends_when_nobody_is_at_the_keys_and_only_a_person_can_help(stage, slow, watch):
    (id,) = stage.put(stage.file(1000, "secret.bin")[0], f"{slow.url}locked")
    terminal = watch(id)
    assert terminal.ended() == 6
    assert "1 needs you: " in terminal.text() and stage.view(id)["needs"]["command"] in terminal.text().replace("\n", "")


def test_who_leaves_what_only_he_can_help_is_told_the_command(stage, slow, watch):
    (id,) = stage.put(stage.file(1000, "secret.bin")[0], f"{slow.url}locked")
    stage.until(id, status="paused_recoverable")
    (other,) = stage.put(stage.file(1000, "b.bin")[0], f"{NOWHERE}x")
    terminal = watch()
    terminal.until("secret.bin", "b.bin")
    terminal.type("j")
    stage.run("cancel", other)
    terminal.until("1 needs you", "1 failed")
    terminal.type("q")
    assert terminal.ended() == 6
    assert f"needs you: {stage.view(id)['reason_text']}" in terminal.text().replace("\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["int", "term", "hup"])
def test_whatever_ends_it_leaves_the_terminal_as_it_was(stage, films, watch, number):
    terminal = watch()
    terminal.until("% sent")
    assert terminal.whole
    terminal.signal(number)
    assert terminal.ended() == {signal.SIGINT: 130, signal.SIGTERM: 3, signal.SIGHUP: 3}[number]
    assert not terminal.whole and terminal.after == terminal.before
    assert {stage.view(id)["status"] for id in films} == {"running"}


def test_an_error_is_told_on_a_terminal_that_is_as_it_was(stage, films, watch):
    """No next host can be had: its configuration is none."""
    terminal = watch()
    terminal.until("% sent")
    stage.config.write_text("[")
    stage.kill_host()
    assert terminal.ended(60) in (2, 5)
    assert not terminal.whole and terminal.after == terminal.before
    assert str(stage.config) in terminal.text().replace("\n", "")
    stage.config.write_text("")


def test_a_fault_of_its_own_is_told_on_a_terminal_that_is_as_it_was(films, watch):
    breaks = "from sendoff.cli.watch import sheet; from sendoff.cli.main import main; sheet.listed = None; main(['watch'])"
    terminal = watch(command=[sys.executable, "-c", breaks])
    assert terminal.ended() == 1
    assert not terminal.whole and terminal.after == terminal.before and "TypeError" in terminal.text()


def test_what_failed_stays_on_the_screen_with_the_command_that_tries_it_again(stage, slow, watch):
    (id,) = stage.put(stage.file(1000, "a.bin")[0], f"{slow.url}gone")
    terminal = watch(id)
    assert terminal.ended() == 1
    assert "failed      1 a.bin" in terminal.text() and "  sendoff retry 1" in terminal.shown()


def test_it_goes_to_the_shell_and_comes_back(films, watch):
    terminal = watch(command=SHELL)
    terminal.type(f"PS1='shell> '; {sys.executable} -m sendoff watch\n")
    terminal.until("% sent")
    terminal.type(CTRL_Z)
    terminal.until("Stopped", so=lambda shown: shown[-1].startswith("shell>") or "shell>" in shown)
    assert not terminal.whole
    terminal.type("fg\n")
    terminal.until("% sent", ">     2 one.bin", "? keys")
    assert terminal.whole
    terminal.type("q")
    terminal.until("3 uploads not finished yet")
    terminal.type("exit\n")
    terminal.ended()


def test_a_line_that_breaks_ends_the_watching_and_nothing_else(stage, films, watch):
    terminal = watch()
    terminal.until("% sent")
    terminal.hang_up()
    terminal.ended()
    assert {stage.view(id)["status"] for id in films} == {"running"}


def test_a_host_that_says_nothing_is_told_of(stage, films, watch):
    terminal = watch()
    terminal.until("% sent")
    host = stage.host()
    os.kill(host, signal.SIGSTOP)
    try:
        terminal.until("no word from the host for")
    finally:
        os.kill(host, signal.SIGCONT)
    terminal.until("3 running", so=lambda shown: not any("no word" in line for line in shown))


def test_the_keys_work_where_the_input_is_something_else(films, watch):
    terminal = watch(command=["sh", "-c", f"{sys.executable} -m sendoff watch </dev/null; echo code $?"])
    terminal.until("% sent")
    terminal.type("q")
    terminal.until("code 3")


def test_few_bytes_go_over_the_line(films, watch, say):
    """What has changed, and nothing else: it is watched over ssh, too."""
    terminal = watch()
    terminal.until("% sent")
    before, frames = len(terminal.raw), 20
    for _ in range(frames):
        shown = terminal.text()
        terminal.until(so=lambda lines, shown=shown: "\n".join(lines) != shown)
    spent = len(terminal.raw) - before
    say(f"a change of the screen of watch costs {spent // frames} bytes")
    assert spent / frames < 600, "a whole screen has 1,920 characters"


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(stage, films, watch):
    terminal = watch(command=["sh", "-c", f"TERM=dumb {sys.executable} -m sendoff watch"])
    text = terminal.until("0 of 3 done")
    assert re.search(r"\d\d:\d\d:\d\d 0 of 3 done", text) and not terminal.whole
    stage.run("cancel", *films)
    assert terminal.ended() == 1
