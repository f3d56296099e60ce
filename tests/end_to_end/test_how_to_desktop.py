"""The page about progress in a desktop program, run exactly as it is written: a real window on a real screen; only where ``archive`` is differs."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.pages import MIB, Person, blocks
from tests.end_to_end.pages import landed as names

PAGE = "desktop-progress.md"
PACE = 4 * MIB
TITLE = re.compile(r'"(Gallery[^"]*)"')
PRESSING = """
import sys
import gallery

window = gallery.Window(sys.argv[1:])
awaited = [(None, "running"), ("pause", "paused_by_application"), ("resume", "running"), ("cancel", "canceled"), ("retry", "running")]

def press(word):
    (row,) = window.rows.values()
    (button,) = [one for one in row.winfo_children() if one.winfo_class() == "TButton" and one["text"] == word]
    button.invoke()

def step():
    (row,) = window.rows.values()
    status = row.operation.refresh().status.word
    if status == awaited[0][1] and (status != "running" or row.bar["value"] > 0):
        print(awaited.pop(0)[1], flush=True)
        if not awaited:
            window.destroy()
            return
        press(awaited[0][0])
    window.after(50, step)

step()
window.mainloop()
"""
pytestmark = [pytest.mark.campaign, pytest.mark.needs_server, pytest.mark.timeout(120)]


@pytest.fixture
def screen():
    if importlib.util.find_spec("_tkinter") is None or not shutil.which("Xvfb") or not shutil.which("xwininfo"):
        pytest.skip("a desktop is missing: apt-get install xvfb x11-utils python3-tk")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp"], pass_fds=(writing,), stderr=subprocess.DEVNULL
    )
    os.close(writing)
    with open(reading) as said:
        yield f":{said.readline().strip()}"
    server.terminate()
    server.wait()


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "landed", rate=PACE) as made:
        yield made


@pytest.fixture
def person(tmp_path, receiver, screen):
    home = tmp_path / "home"
    home.mkdir()
    made = Person(home).configured(f"{receiver.url}archive/")
    made.environment["DISPLAY"] = screen
    least, program = blocks(PAGE, "python")
    made.file("least.py", least.encode())
    made.file("gallery.py", program.encode())
    yield made
    made.leaves()


def title(person, true, window):
    """The window's title, as soon as it is true of it: what a person reads in the list of windows."""
    deadline = time.monotonic() + 30
    while True:
        said = subprocess.run(["xwininfo", "-root", "-tree"], env=person.environment, capture_output=True, text=True).stdout
        for found in TITLE.findall(said):
            if true(found):
                return found
        assert window.poll() is None, window.communicate()
        assert time.monotonic() < deadline, said
        time.sleep(0.05)  # a screen tells nobody that a title has changed


def percent(text):
    found = re.search(r"(\d+)%", text)
    return int(found[1]) if found else -1


@pytest.mark.campaign
def test_a_window_shows_how_far_it_is_and_finds_it_again_after_a_kill(person, receiver):
    (run,) = blocks(PAGE, "sh")
    person.file("film.mkv", os.urandom(3 * PACE))
    window = person.begins(run)
    before = percent(title(person, lambda text: 0 < percent(text) < 100, window))

    window.send_signal(signal.SIGKILL)
    window.communicate()
    again = person.begins("python gallery.py")

    assert percent(title(person, lambda text: percent(text) > 0, again)) >= before
    title(person, lambda text: text == "Gallery: all sent", again)
    again.terminate()
    again.communicate()
    assert names(receiver) == ["gallery/film.mkv"]
    assert (receiver.folder / "archive" / "gallery" / "film.mkv").read_bytes() == (person.home / "film.mkv").read_bytes()


@pytest.mark.campaign
def test_its_buttons_reach_the_upload(person, receiver):
    person.file("film.mkv", os.urandom(8 * PACE))
    person.file("pressing.py", PRESSING.encode())

    said = person.runs("python pressing.py film.mkv").stdout.split()

    assert said == ["running", "paused_by_application", "running", "canceled", "running"]
    assert names(receiver) == []


def test_the_least_program_tells_of_its_progress(person, receiver):
    person.file("film.mkv", os.urandom(MIB))

    said = person.runs("python least.py").stdout.splitlines()

    assert said[-1] == "accepted"
    assert said[-2].startswith("100%")
    receiver.script.add(Rule(do=Answer(403)))
    assert "403" in person.runs("python least.py", fine=(1,)).stderr
