"""A host is killed around a half-done upload at a server that speaks tus: it is asked, and what it has is not sent again."""

from collections import Counter

import pytest
from sendoff.model.query import Question
from sendoff.testing.receiver import Delay, Lost, Receiver, Rule, Stall

from tests.core.owned import eventually
from tests.end_to_end.stage import MIB, Stage

SIZE = 12 * MIB
CHUNK = 4 * MIB
RATE = 32 * MIB
SLOW = 2 * MIB


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        yield made


class Post:
    """A server, and an upload on its way there."""

    def __init__(self, stage, *script, rate=None):
        self.stage = stage
        self.receiver = Receiver(stage.folder / "received", tus=True, script=script, rate=rate).open()
        stage.config.write_text(f'[destinations.films]\nurl = "{self.receiver.url}"\nprotocol = "tus"\nprotocol_options = {{ chunk_size = "4M" }}\n')
        source, self.digest = stage.file(SIZE)
        (self.id,) = stage.put(source, "films:")

    def seen(self, method, *, nth=1, **facts):
        """The so-many-th request of a method, as soon as it is there and these fields of it are so."""

        def found(rows):
            of_it = [row for row in rows if row.method == method]
            return len(of_it) >= nth and all(getattr(of_it[nth - 1], name) == value for name, value in facts.items())

        rows = self.receiver.wait_until(found)
        return [row for row in rows if row.method == method][nth - 1]

    def killed(self):
        """The host is gone, and has been followed by another that works."""
        self.stage.kill_host()
        self.stage.run("list")

    def arrived(self):
        """It is completed, told once, and there is one whole copy: how many requests of which method were made in all."""
        self.stage.run("wait", self.id)
        assert self.stage.ends(self.id) == ["completed"]
        assert [self.receiver.stored(one.name) for one in self.receiver.uploads.all() if one.whole] == [(self.stage.folder / "source.bin").read_bytes()]
        return Counter(row.method for row in self.receiver.requests)

    def patched(self):
        """What went out in each piece, from where."""
        return [(int(row.header("Upload-Offset")), row.received) for row in self.receiver.requests if row.method == "PATCH"]

    def close(self):
        self.receiver.close()


@pytest.fixture
def post(stage):
    opened = []

    def made(*script, **more):
        opened.append(Post(stage, *script, **more))
        return opened[-1]

    yield made
    for one in opened:
        one.close()


@pytest.mark.fault(3)
def test_killed_before_the_address_of_the_session_came_another_is_opened_and_the_lost_one_is_empty(post):
    one = post(Rule(do=Delay(2.0), method="POST"))
    one.seen("POST")
    one.killed()
    made = one.arrived()
    eventually(lambda: one.receiver.uploads.made == 2)  # the first is made, late, for somebody who is dead
    assert made["POST"] == 2
    assert sorted((upload.offset, upload.whole) for upload in one.receiver.uploads.all()) == [(0, False), (SIZE, True)]
    assert sum(received for _, received in one.patched()) == SIZE
    assert [event.type for event in one.stage.history(one.id)].count("session_recorded") == 1


@pytest.mark.fault(3)
def test_a_session_whose_address_was_lost_on_the_way_is_not_waited_for(post):
    one = post(Rule(do=Lost(), method="POST"))
    one.seen("POST", broken="the answer is lost")
    one.killed()
    one.arrived()
    assert sorted((upload.offset, upload.whole) for upload in one.receiver.uploads.all()) == [(0, False), (SIZE, True)]


@pytest.mark.fault(4)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_killed_in_the_middle_of_a_piece_that_piece_alone_goes_twice(post, nth):
    one = post(rate=RATE)
    one.receiver.wait_until(lambda rows: [row.received > 0 for row in rows if row.method == "PATCH"][nth - 1 :] == [True])
    one.killed()
    made = one.arrived()
    pieces = one.patched()
    assert made["HEAD"] == 1
    assert [offset for offset, _ in pieces] == sorted([0, CHUNK, 2 * CHUNK, (nth - 1) * CHUNK])
    again = sum(received for _, received in pieces) - SIZE
    assert 0 < again <= CHUNK and one.stage.view(one.id)["receipt"]["bytes_resent"] <= CHUNK


@pytest.mark.fault(5)
def test_killed_after_the_last_byte_the_server_is_asked_and_nothing_is_sent_again(post):
    one = post(Rule(do=Delay(1.5), method="PATCH", times=None))
    one.seen("PATCH", nth=3, complete=True)
    one.killed()
    made = one.arrived()
    assert (made["POST"], made["PATCH"], made["HEAD"]) == (1, 3, 1)
    assert sum(received for _, received in one.patched()) == SIZE
    assert one.stage.view(one.id)["receipt"]["bytes_resent"] == 0


@pytest.mark.fault(8)
def test_killed_while_the_server_is_told_of_a_cancellation_the_next_host_tells_it(post):
    one = post(Rule(do=Stall(), method="DELETE"), rate=SLOW)
    one.seen("PATCH")
    one.stage.run("cancel", one.id)
    one.seen("DELETE")
    one.killed()
    one.seen("DELETE", nth=2, status=204)
    assert one.receiver.uploads.all() == []
    assert one.stage.ends(one.id) == ["canceled"]
    eventually(lambda: one.stage.desk.ask(Question(what="todos")) == [])


@pytest.mark.fault(8)
def test_killed_at_once_when_a_cancellation_was_stored_the_next_host_finishes_it(post):
    one = post(rate=SLOW)
    one.seen("PATCH")
    one.stage.run("cancel", one.id)
    one.killed()
    eventually(lambda: one.receiver.uploads.all() == [])
    assert one.stage.ends(one.id) == ["canceled"]
