"""A file that grows while it is sent: it fails, or starts over where that was asked; what arrives is one version of it, never a mix of two."""

import hashlib
from pathlib import Path

import pytest
import sendoff
from sendoff.testing.receiver import Receiver

from tests.end_to_end.roads import reference
from tests.end_to_end.stage import MIB

SIZE = 8 * MIB
SENT = 2 * MIB  # by then it has begun, and it is not over
RATE = 4 * MIB
SECTION = '[destinations.kept]\nurl = "{url}"\nif_changed = "restart"\n'


class Growing:
    """A file, and a receiver that reads slowly enough for it to grow in the middle."""

    def __init__(self, stage, receiver):
        self.stage, self.receiver = stage, receiver
        path, self.digest = stage.file(SIZE)
        self.path = Path(path)

    def grow(self):
        """More at its end, and another byte at its beginning."""
        self.receiver.wait_for(bytes=SENT)
        with self.path.open("r+b") as file:
            file.write(b"!")
            file.seek(0, 2)
            file.write(b"more" * 1000)

    def ended(self, id):
        self.stage.run("wait", id, fine=(0, 1))
        return self.stage.view(id)

    def arrived(self):
        """The digests of what the server was sent whole."""
        return [request.sha256 for request in self.receiver.requests if request.complete]

    def digest_now(self):
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def changes(self, id):
        return [event.data for event in self.stage.history(id) if event.type == "changed"]


@pytest.fixture
def growing(stage, tmp_path):
    with Receiver(tmp_path / "received", rate=RATE) as receiver:
        yield Growing(stage, receiver)


ANEW = [{"source": "changed", "checked": "nothing; sent from the first byte"}]


@pytest.mark.fault(28)
def test_what_grew_in_the_middle_starts_over_where_that_was_asked(growing):
    (id,) = growing.stage.put(growing.path, f"{growing.receiver.url}x", "--if-changed", "restart")
    growing.grow()
    view = growing.ended(id)

    assert (view["status"], view["if_changed"], view["receipt"]["size"]) == ("completed", "restart", growing.path.stat().st_size)
    assert growing.arrived() == [growing.digest_now()] != [growing.digest]
    assert growing.changes(id) == ANEW


@pytest.mark.fault(28)
def test_what_grew_in_the_middle_fails_where_nothing_else_was_asked(growing):
    (id,) = growing.stage.put(growing.path, f"{growing.receiver.url}x")
    growing.grow()
    view = growing.ended(id)

    assert (view["status"], view["if_changed"], view["error"]["code"]) == ("error", "fail", "source_changed")
    assert (growing.arrived(), growing.changes(id)) == ([], [])


@pytest.mark.fault(28)
@pytest.mark.parametrize("way", ["a program", "an uploader", "the section"])
def test_a_program_and_a_destination_may_ask_for_it_too(way, growing):
    stage = growing.stage
    stage.config.write_text(SECTION.format(url=growing.receiver.url))
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        uploader = sendoff.BackgroundUploader(client)
        uploader.if_changed = "restart"
        ways = {
            "a program": lambda: client.put(growing.path, f"{growing.receiver.url}x", if_changed="restart", start=False),
            "an uploader": lambda: uploader.create_upload(f"{growing.receiver.url}x", growing.path),
            "the section": lambda: client.put(growing.path, "kept:x", start=False),
        }
        operation = ways[way]()
        operation.start()
        growing.grow()
        operation.wait(60)

    assert growing.arrived() == [growing.digest_now()]


@pytest.mark.fault(28)
def test_who_puts_says_more_than_the_section(growing):
    growing.stage.config.write_text(SECTION.format(url=growing.receiver.url))
    (id,) = growing.stage.put(growing.path, "kept:x", "--if-changed", "fail")
    growing.grow()

    assert growing.ended(id)["error"]["code"] == "source_changed"


@pytest.mark.fault(28)
@pytest.mark.needs_server
def test_what_was_half_there_is_no_part_of_what_arrives(stage, tmp_path):
    path = Path(stage.file(2 * SIZE)[0])
    with reference(tmp_path / "kept", rate=2 * RATE) as road:
        (id,) = stage.put(path, *road.words, "--if-changed", "restart")
        road.wait_for_bytes(SENT)
        with path.open("ab") as file:
            file.write(b"more")
        stage.run("wait", id)

        assert [digest for _, digest in road.uploads() if digest] == [hashlib.sha256(path.read_bytes()).hexdigest()]
