"""What the server answered, shown as it came."""

import base64

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.machine import Machine
from tests.end_to_end.terminal import Terminal

BINARY = bytes(range(256)) * 4
HUGE = b"0123456789abcdef" * (2**20 // 16) + b"more than is kept"


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    yield made
    made.tried("host", "stop")


@pytest.fixture
def receiver(tmp_path):
    answers = {
        "/refused": Answer(403, (("Content-Type", "text/plain"), ("X-Why", "closed")), b"the shop is closed\n"), "/binary": Answer(422, (), BINARY),
        "/huge": Answer(413, (), HUGE),
    }  # fmt: skip
    with Receiver(tmp_path / "received", script=[Rule(do=answer, path=path, times=None) for path, answer in answers.items()]) as made:
        yield made


def put(machine, receiver, name):
    (id,) = machine.put(machine.file(), f"{receiver.url}{name}")
    machine.tried("wait", id)
    return id


@pytest.mark.parity("F142", "F143")
def test_the_body_is_printed_as_it_came_and_the_head_on_request(machine, receiver):
    id = put(machine, receiver, "refused")
    assert machine.run("response", id).stdout == "the shop is closed\n"
    head = machine.run("response", id, "--head").stdout
    assert "status" in head.splitlines()[0] and "403" in head.splitlines()[0] and "closed" in head and "shop" not in head
    (found,) = machine.objects("response", id)
    assert (found["id"], found["status"], base64.b64decode(found["content"])) == (id, 403, b"the shop is closed\n")
    assert ["x-why", "closed"] in [[name.lower(), value] for name, value in found["headers"]]
    assert "content" not in machine.objects("response", id, "--head")[0]


def test_bytes_that_are_no_text_go_to_a_file_and_not_to_a_screen(machine, receiver):
    id = put(machine, receiver, "binary")
    assert machine.run("response", id, feed=b"").stdout == BINARY
    with Terminal([*machine.command, "response", id], environment=machine.environment, folder=machine.folder) as terminal:
        assert terminal.ended() == 2
        assert "no text" in terminal.text() and "> FILE" in terminal.text()


def test_what_the_server_sent_beyond_what_is_kept_is_said(machine, receiver):
    done = machine.run("response", put(machine, receiver, "huge"), feed=b"")
    assert done.stdout == HUGE[: 2**20]
    assert b"more than the 1.0 MiB that are kept" in done.stderr


def test_where_there_is_none_it_is_said_why(machine):
    (id,) = machine.put(machine.file(), "http://127.0.0.1:9/x")
    waiting = machine.tried("response", id)
    assert (waiting.returncode, waiting.stdout) == (3, "") and "no answer of its server" in waiting.stderr
    machine.run("cancel", id)
    assert machine.tried("response", id).returncode == 1
    assert machine.tried("response", "nowhere").returncode == 4
