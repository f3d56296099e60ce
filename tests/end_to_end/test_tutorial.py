"""The tutorial, typed as it stands: only the port, the size of the file, the pace of the server and the folder of the programs differ."""

import json
import os
import signal
import subprocess
from contextlib import contextmanager

import pytest

from tests.end_to_end.pages import MIB, Person
from tests.house.fences import blocks_of
from tests.house.test_readme import commands

PAGE = "docs/tutorial/first-upload.md"
pytestmark = [pytest.mark.campaign, pytest.mark.timeout(240)]


class Newcomer(Person):
    """Somebody with two terminals in one folder."""

    def __init__(self, home):
        super().__init__(home)
        self.port = "8000"

    def runs(self, text, fine=(0,)):
        """A block of the page."""
        return super().runs(text.replace("200M", "24M").replace(":8000/", f":{self.port}/"), fine)

    @contextmanager
    def server(self, block):
        """What is typed into the second terminal; it says what it gets, besides."""
        (line,) = [line for line in block.splitlines() if "sendoff.testing.receiver" in line]
        words = line.replace("8000", "0" if self.port == "8000" else self.port).replace("20M", "6M")
        made = subprocess.Popen(["sh", "-c", f"exec {words} --tell"], cwd=self.home, env=self.environment, stdout=subprocess.PIPE, text=True)
        try:
            self.port = made.stdout.readline().rpartition(":")[2].strip(" /\n")
            yield made
        finally:
            made.send_signal(signal.SIGINT)
            made.communicate(timeout=30)

    def host(self):
        """The process id of the host."""
        return json.loads(self.runs("sendoff host status --json").stdout)["pid"]

    def hears(self, number, type_):
        """Return as soon as the history of an operation has such an event."""
        told = self.begins(f"sendoff events {number} --follow --json")
        try:
            while json.loads(told.stdout.readline())["type"] != type_:
                pass
        finally:
            told.terminate()
            told.communicate(timeout=30)


@pytest.fixture
def newcomer(tmp_path):
    made = Newcomer(tmp_path)
    yield made
    made.leaves()


def come_so_far(server, pieces):
    """Return as soon as the server has so many whole pieces of an upload, each of a mebibyte."""
    while pieces:
        pieces -= json.loads(server.stdout.readline())["complete"]


def test_a_newcomer_sees_a_killed_upload_arrive_and_its_proof(newcomer):
    install, second, hand_over, look, kill, wait, proof, wrong, again, nothing, tried, tidy = blocks_of(PAGE, "sh")
    assert install.splitlines()[0] in commands()[0].strip()  # which the first command of the README runs

    with newcomer.server(second) as server:
        assert len(newcomer.runs(hand_over).stdout.split()) == 1
        come_so_far(server, 5)
        server.send_signal(signal.SIGSTOP)  # however slow this machine is, the kill lands in the middle
        newcomer.runs(look)
        first = newcomer.host()
        newcomer.runs(kill)
        server.send_signal(signal.SIGCONT)
        newcomer.runs(wait)
        assert newcomer.host() != first
        shown = newcomer.runs(proof).stdout
        assert shown.rstrip().endswith("the same")
        assert "verified" in shown
        told = json.loads(newcomer.runs("sendoff receipt 1 --json").stdout)
        assert told["bytes_resent"] < 4 * MIB and told["attempts"] == 2

    newcomer.runs(wrong)
    newcomer.hears("2", "attempt_failed")
    done = newcomer.runs(wrong.splitlines()[-1])
    assert "cannot be reached" in done.stdout + done.stderr
    with newcomer.server(second):
        newcomer.runs(again)
        assert (newcomer.home / "landed" / "notes" / "note.txt").read_text() == "hello\n"
        assert newcomer.runs(nothing).stdout.endswith("exit code 2\n")

        newcomer.writes(blocks_of(PAGE, "toml")[0].replace(":8000/", f":{newcomer.port}/"))
        while newcomer.runs("sendoff check here:", fine=(0, 2)).returncode:
            pass  # the host looks at the file once in a while
        newcomer.runs(tried)
        assert sorted(os.listdir(newcomer.home / "landed" / "photos")) == ["1.txt", "2.txt"]
        assert "photos" not in newcomer.runs("sendoff list").stdout
    newcomer.runs(tidy)
