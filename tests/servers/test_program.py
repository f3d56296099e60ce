"""A foreign server runs as long as its block, and says what is wrong where it cannot."""

import os
import sys
import urllib.request

import pytest

from tests.servers import nodejs
from tests.servers.program import Program


class Files(Program):
    """Python's own server of files."""

    @classmethod
    def missing(cls):
        return None

    def command(self):
        return [sys.executable, "-m", "http.server", "--bind=127.0.0.1", f"--directory={self.folder}", str(self.port)]


class Absent(Files):
    @classmethod
    def missing(cls):
        return "absent is missing: apt-get install absent"


class Broken(Files):
    def command(self):
        return [sys.executable, "-c", "raise SystemExit('no such luck')"]


def ask(server):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/hello", timeout=10) as answer:
        return answer.read()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_answers_inside_the_block_and_is_gone_behind_it(tmp_path):
    (tmp_path / "hello").write_text("hello")
    with Files(tmp_path) as server:
        assert ask(server) == b"hello"
        pid = server.pid

    assert not alive(pid)


def test_a_killed_one_comes_back_on_its_port(tmp_path):
    (tmp_path / "hello").write_text("hello")
    with Files(tmp_path) as server:
        before = server.pid, server.port

        server.kill()
        server.open()

        assert ask(server) == b"hello"
        assert (server.pid != before[0], server.port) == (True, before[1])


def test_one_that_does_not_start_says_why(tmp_path):
    with pytest.raises(RuntimeError, match="Broken did not start: no such luck"):
        Broken(tmp_path).open()


def test_one_that_is_not_installed_skips_the_test_with_the_line_that_brings_it(tmp_path):
    assert not Absent.available()
    with pytest.raises(pytest.skip.Exception, match="apt-get install absent"):
        Absent(tmp_path).open()


@pytest.mark.needs_server
def test_what_npm_has_not_brought_is_named_with_the_line_that_brings_it():
    if reason := nodejs.missing():
        pytest.skip(reason)
    assert nodejs.missing("@tus/none") == f"@tus/none of npm is missing: {nodejs.LINE}"
