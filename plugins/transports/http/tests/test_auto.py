"""Which protocol is used where nobody named one: asked once, remembered, forgotten when it did not hold."""

import pytest
from sendoff import CredentialNeeded, Demand, Rejected, SessionLost, Transient, Unreachable
from sendoff.testing.receiver import Answer, Close, Rule

from tests.servers.rufh import RufhServer

LIMIT = 50_000
SIZE = 80_000
PAGE = (("Content-Type", "text/html"),)


@pytest.fixture
def auto(lab):
    """A receiver, with tus unless that is not wanted, and a transport that resumes files of ``LIMIT`` bytes and more."""

    def make(*rules, tus=True, exact="", **words):
        receiver = lab.receiver(*rules, tus=tus, **words)
        return receiver, lab.transport(receiver.url + exact, protocol="auto", resume_from=LIMIT, exact=bool(exact))

    return make


def methods(server):
    return [row.method for row in server.requests]


def test_a_destination_is_asked_once_and_the_answer_holds_for_the_next_transport(lab, auto):
    receiver, transport = auto()
    transport.send(lab.shipment(transport, SIZE))
    later = lab.transport(receiver.url, protocol="auto", resume_from=LIMIT, toolkit={"learned": transport.toolkit.learned})

    for number in range(2):
        later.send(shipment := lab.shipment(later, SIZE, name=str(number)))

    assert methods(receiver) == ["OPTIONS", "POST", "PATCH", "POST", "PATCH", "POST", "PATCH"]
    assert shipment.protocol == "tus"


def test_a_server_that_announces_nothing_gets_plain_requests_and_is_not_asked_again(lab, auto):
    receiver, transport = auto(tus=False)

    for number in range(3):
        transport.send(shipment := lab.shipment(transport, SIZE, name=str(number)))

    assert methods(receiver) == ["OPTIONS", "PUT", "PUT", "PUT"]
    assert (shipment.protocol, shipment.resumable) == ("plain", False)


def test_the_drafts_protocol_is_used_where_that_is_announced(lab):
    server = lab.keep(RufhServer(lab.folder / "in").open())
    transport = lab.transport(server.url, protocol="auto", resume_from=LIMIT)

    for number in range(2):
        transport.send(shipment := lab.shipment(transport, SIZE, name=str(number)))

    assert methods(server) == ["OPTIONS", "PUT", "PATCH", "PUT", "PATCH"]
    assert server.stored("1") == shipment.path.read_bytes()


PLAIN = [
    ("small", {"size": LIMIT - 1}),
    ("nothing may be there", {"demand": Demand(existing="fail")}),
    ("what is there stays", {"demand": Demand(existing="skip")}),
    ("a key", {"idempotency_key": "k", "method": "POST"}),
    ("another method", {"method": "PATCH"}),
]


@pytest.mark.parametrize("words", [words for _, words in PLAIN], ids=[name for name, _ in PLAIN])
def test_what_only_one_request_can_say_is_said_in_one(lab, auto, words):
    receiver, transport = auto()

    transport.send(lab.shipment(transport, **{"size": SIZE, **words}))

    assert "OPTIONS" not in methods(receiver)
    assert receiver.requests[-1].received == words.get("size", SIZE)


def test_a_signed_address_is_used_as_it_is(lab, auto):
    receiver, transport = auto(exact="thing?X-Amz-Signature=abc")

    transport.send(lab.shipment(transport, SIZE))

    assert [(row.method, row.path) for row in receiver.requests] == [("PUT", "/thing?X-Amz-Signature=abc")]


@pytest.mark.fault(55)
def test_a_file_that_is_too_large_for_the_way_that_resumes_goes_plain(lab, auto):
    receiver, transport = auto(most=SIZE - 1)

    for size in (SIZE, SIZE - 1, SIZE):
        transport.send(lab.shipment(transport, size, name=str(size)))

    assert methods(receiver) == ["OPTIONS", "PUT", "POST", "PATCH", "PUT"]


@pytest.mark.fault(49, 51)
@pytest.mark.parametrize(
    "fault",
    [Close(), Answer(403), Answer(400), Answer(429), Answer(500), Answer(503), Answer(302, (("Location", "/x"),)), Answer(200, PAGE, b"<html>")],
    ids=repr,
)
def test_a_question_that_breaks_is_no_answer_and_is_asked_again(lab, auto, fault):
    receiver, transport = auto(Rule(do=fault, method="OPTIONS"))
    first, second = lab.shipment(transport, SIZE, name="1"), lab.shipment(transport, SIZE, name="2")

    transport.send(first)
    transport.send(second)

    assert methods(receiver) == ["OPTIONS", "PUT", "OPTIONS", "POST", "PATCH"]
    assert (first.protocol, second.protocol) == ("plain", "tus")


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_that_knows_no_such_question_is_not_asked_again(lab, auto, status):
    receiver, transport = auto(Rule(do=Answer(status), method="OPTIONS", times=None))

    for number in range(2):
        transport.send(lab.shipment(transport, SIZE, name=str(number)))

    assert methods(receiver) == ["OPTIONS", "PUT", "PUT"]


@pytest.mark.fault(52)
def test_a_login_that_is_missing_is_missing_for_whatever_would_follow(lab):
    receiver = lab.receiver(tus=True, authorization="Basic eDp5")
    transport = lab.transport(receiver.url, protocol="auto", resume_from=LIMIT)

    lab.broken(transport, kind=CredentialNeeded, size=SIZE)

    assert [row.received for row in receiver.requests] == [0] * len(receiver.requests)


def test_where_nobody_answers_no_other_way_is_tried(lab):
    transport = lab.transport("http://127.0.0.1:1/", protocol="auto", resume_from=LIMIT)

    lab.broken(transport, kind=Unreachable, size=SIZE)


@pytest.mark.parametrize(("status", "kind"), [(403, Rejected), (405, Rejected), (200, Transient)])
def test_what_was_announced_and_does_not_hold_is_asked_for_anew(lab, auto, status, kind):
    receiver, transport = auto(Rule(do=Answer(status), method="POST"))
    lab.broken(transport, kind=kind, size=SIZE)

    transport.send(lab.shipment(transport, SIZE))

    assert methods(receiver) == ["OPTIONS", "POST", *(["OPTIONS"] if kind is Rejected else []), "POST", "PATCH"]


def test_a_half_done_upload_goes_on_the_way_it_began_whatever_is_announced_now(lab, auto):
    receiver, transport = auto(Rule(do=Close(), method="PATCH", at=60_000))
    _, shipment = lab.broken(transport, size=SIZE)
    receiver.script.add(Rule(do=Answer(204), method="OPTIONS", times=None))
    fresh = lab.transport(receiver.url, protocol="auto", resume_from=LIMIT)

    fresh.send(lab.again(fresh, shipment))

    assert methods(receiver)[3:] == ["HEAD", "PATCH"]
    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(56)
def test_a_lost_session_makes_it_ask_again_before_it_begins_anew(lab, auto):
    receiver, transport = auto(Rule(do=Close(), method="PATCH", at=60_000))
    _, shipment = lab.broken(transport, size=SIZE)
    receiver.uploads.forget()
    lab.broken(transport, lab.again(transport, shipment, furthest=60_000), kind=SessionLost)

    transport.send(lab.again(transport, shipment, session=None, furthest=0))

    assert methods(receiver)[3:] == ["HEAD", "OPTIONS", "POST", "PATCH"]
