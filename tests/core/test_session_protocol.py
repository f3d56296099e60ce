"""The loop of every HTTP protocol that resumes, with a protocol whose words are scripted: what comes before what, and which words are believed."""

from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from sendoff.errors import OutcomeUnknown, SendoffError, ServerBusy, SessionLost, Transient
from sendoff.model.delivery import Delivery
from sendoff.model.session import Session
from sendoff.model.target import Target
from sendoff.ports.http_protocol import Finished
from sendoff.ports.session_protocol import MOST_STILL, SessionProtocol
from sendoff.testing.shipment import LooseShipment, loose_toolkit

SIZE = 1000
CHUNK = 250
KIND = "scripted/1"
OLD = Session(kind=KIND, data={"url": "http://127.0.0.1/1"})


class Scripted(SessionProtocol):
    """Says what it is told to say, and writes down what it was asked. words: of ``append``, one after the other; then it takes each chunk."""

    kind = KIND

    def __init__(self, *words, asked=0, size=SIZE):
        super().__init__({}, loose_toolkit())
        self.words, self.asked, self.size, self.log = list(words), asked, size, []

    def create(self, shipment, exchange):
        self.log.append(("create", shipment.read))
        return OLD

    def ask(self, shipment, exchange):
        self.log.append(("ask", shipment.session))
        return self._said(self.asked)

    def append(self, shipment, exchange, offset):
        self.log.append(("append", offset, len(shipment.checkpoints)))
        shipment.readinto(memoryview(bytearray(CHUNK)), offset)
        return self._said(self.words.pop(0) if self.words else min(offset + CHUNK, shipment.size))

    def finish(self, shipment, exchange, ended):
        self.log.append(("finish", ended is not None))
        return Delivery(url=shipment.target.url, size=shipment.size, verified="size")

    @staticmethod
    def _said(word):
        if isinstance(word, SendoffError):
            raise word
        return word

    @property
    def order(self):
        return [word for word, *_ in self.log]

    @property
    def offsets(self):
        return [line[1] for line in self.log if line[0] == "append"]


@pytest.fixture
def ship(tmp_path):
    """Makes shipments."""
    made = []

    def one(size=SIZE, **more):
        (tmp_path / "file").write_bytes(b"x" * size)
        made.append(LooseShipment(path=tmp_path / "file", target=Target("http://127.0.0.1/file"), name=PurePosixPath("file"), **more))
        return made[-1]

    yield one
    for shipment in made:
        shipment.close()


def resumed(ship, **more):
    return ship(session=OLD, **more)


# -- in which order


def test_the_session_is_recorded_before_the_first_byte_is_read(ship):
    protocol, shipment = Scripted(), ship()
    delivery = protocol.send(shipment, None)
    assert protocol.log[:2] == [("create", 0), ("append", 0, 1)]
    assert protocol.order == ["create", *["append"] * 4, "finish"]
    assert (delivery.size, shipment.checkpoints, shipment.confirmed) == (SIZE, [OLD], [250, 500, 750, 1000])


def test_a_session_that_cannot_be_recorded_gets_no_byte(ship):
    protocol, shipment = Scripted(), ship()
    shipment.interrupt()
    with pytest.raises(SendoffError):
        protocol.send(shipment, None)
    assert (protocol.order, shipment.read) == (["create"], 0)


def test_a_session_that_stands_is_asked_for_before_anything_goes_out_and_goes_on_there(ship):
    protocol, shipment = Scripted(asked=500), resumed(ship, furthest=750)
    protocol.send(shipment, None)
    assert protocol.order == ["ask", "append", "append", "finish"]
    assert (protocol.offsets, shipment.confirmed, shipment.checkpoints) == ([500, 750], [500, 750, 1000], [])


def test_what_is_complete_is_finished_without_a_byte(ship):
    protocol, shipment = Scripted(asked=SIZE), resumed(ship, furthest=SIZE)
    protocol.send(shipment, None)
    assert (protocol.log[1:], shipment.read) == ([("finish", False)], 0)


@pytest.mark.parametrize("words", [{"asked": Finished()}, {"asked": 0}])
def test_a_server_that_says_finished_is_not_completed_again(ship, words):
    protocol = Scripted(*([] if isinstance(words["asked"], Finished) else [Finished()]), **words)
    protocol.send(resumed(ship, furthest=SIZE), None)
    assert protocol.log[-1] == ("finish", True)


def test_a_file_without_bytes_has_its_commit_point_before_it_is_heard_of(ship):
    protocol, shipment = Scripted(), ship(size=0)
    create = protocol.create

    def heard(*words):
        assert shipment.points == [0]
        return create(*words)

    protocol.create = heard
    protocol.send(shipment, None)
    assert protocol.order == ["create", "finish"] and shipment.checkpoints == [OLD]


def test_a_file_with_bytes_has_none_there(ship):
    shipment = ship()
    Scripted().send(shipment, None)
    assert shipment.points == []


# -- which words are believed


@pytest.mark.parametrize("word", [-1, 600, SIZE + 1, 2**70])
def test_a_server_that_has_what_was_never_sent_loses_the_session(ship, word):
    protocol = Scripted(asked=word)
    with pytest.raises(SessionLost):
        protocol.send(resumed(ship, furthest=500), None)
    assert protocol.order == ["ask"]


@pytest.mark.parametrize("word", [-1, CHUNK + 1, SIZE + 1])
def test_an_answer_to_a_chunk_that_has_more_than_was_sent_loses_the_session(ship, word):
    protocol = Scripted(word)
    with pytest.raises(SessionLost):
        protocol.send(ship(), None)
    assert protocol.order == ["create", "append"]


def test_where_nobody_knows_what_was_sent_the_server_is_believed_up_to_the_size(ship):
    protocol = Scripted(asked=900)
    protocol.send(resumed(ship, furthest=None), None)
    assert protocol.offsets == [900]
    with pytest.raises(SessionLost):
        Scripted(asked=SIZE + 1).send(resumed(ship, furthest=None), None)


def test_a_server_that_has_less_than_it_had_is_sent_the_rest_from_there(ship):
    protocol, shipment = Scripted(250, 500, 300), ship()
    protocol.send(shipment, None)
    assert protocol.offsets == [0, 250, 500, 300, 550, 800]
    assert shipment.confirmed == [250, 500, 300, 550, 800, 1000]


def test_a_doubt_that_is_raised_ends_the_try(ship):
    protocol = Scripted(250, Transient("the answer was lost"))
    with pytest.raises(Transient, match="the answer was lost"):
        protocol.send(ship(), None)
    assert protocol.order == ["create", "append", "append"]


# -- how long


def test_a_server_that_takes_bytes_and_never_has_more_is_left_alone_after_some(ship):
    protocol = Scripted(*[0] * 100)
    with pytest.raises(ServerBusy, match=f"0 of {SIZE}"):
        protocol.send(ship(), None)
    assert len(protocol.offsets) == MOST_STILL


def test_a_server_that_has_more_and_less_by_turns_is_left_alone_as_well(ship):
    protocol = Scripted(*[250, 0] * 100)
    with pytest.raises(ServerBusy):
        protocol.send(ship(), None)
    assert len(protocol.offsets) <= 2 * MOST_STILL


def test_one_that_stands_still_now_and_then_is_borne(ship):
    protocol = Scripted(*[0] * (MOST_STILL - 1), 250, *[250] * (MOST_STILL - 1), 500)
    assert protocol.send(ship(), None).size == SIZE


# -- what is gone


def test_a_session_of_another_kind_is_begun_anew(ship):
    protocol = Scripted()
    with pytest.raises(SessionLost, match="in another way than scripted/1"):
        protocol.send(ship(session=replace(OLD, kind="scripted/0"), furthest=10), None)
    assert protocol.log == []


@pytest.mark.parametrize("furthest", [0, SIZE - 1, None])
def test_one_that_the_server_does_not_know_is_begun_anew_where_it_cannot_be_complete_or_nobody_knows(ship, furthest):
    error = Scripted().gone(resumed(ship, furthest=furthest))
    assert isinstance(error, SessionLost) and "no longer knows" in error.message


def test_one_of_which_every_byte_had_gone_out_may_have_been_completed(ship):
    error = Scripted().gone(resumed(ship, furthest=SIZE))
    assert isinstance(error, OutcomeUnknown) and not isinstance(error, SessionLost)
    assert "sendoff retry" in error.hint


def test_one_whose_time_was_over_was_dropped_for_that_unless_it_may_have_been_completed_before(ship):
    protocol = Scripted()
    over = replace(OLD, expires_at=protocol.toolkit.clock.wall() - 1)
    error = protocol.gone(ship(session=over, furthest=10))
    assert isinstance(protocol.gone(ship(session=over, furthest=SIZE)), OutcomeUnknown)
    assert isinstance(error, SessionLost) and "after its time" in error.message
    later = replace(OLD, expires_at=protocol.toolkit.clock.wall() + 3600 * 10**6)
    assert "no longer knows" in protocol.gone(ship(session=later, furthest=10)).message
