"""The draft's protocol: what the server's words mean, true and false ones."""

import pytest
from sendoff import (
    CredentialNeeded,
    Rejected,
    ServerBusy,
    SessionLost,
    TargetExists,
    Transient,
)
from sendoff.testing.shipment import Wallet

from plugins.transports.http.tests.spoken import CHUNK, NEW, OLD, PAGE, SIZE, methods, named, offsets
from tests.servers.rufh import Close, First, Instead, Lie, Move, Rule

# -- what the server says


@pytest.mark.fault(51)
@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
@pytest.mark.parametrize(("status", "kind"), [(423, ServerBusy), (429, ServerBusy), (500, Transient), (503, ServerBusy)])
def test_a_busy_or_broken_server_costs_no_session(lab, rufh, method, status, kind):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=1, at=10))
    _, shipment = lab.broken(transport, size=SIZE)
    server.script.add(Rule(do=First(status), method=method, at=0 if method == "PATCH" else None))
    after = lab.again(transport, shipment)
    lab.broken(transport, after, kind=kind)

    transport.send(lab.again(transport, after))

    assert (len(server.live), server.stored("thing")) == (1, shipment.path.read_bytes())


def test_the_offset_of_a_conflict_is_believed(lab, rufh):
    server, transport = rufh(Rule(do=First(409, (("Upload-Offset", "0"), ("Upload-Complete", "?0"))), method="PATCH", at=0))
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert methods(server)[2:4] == ["PATCH", "PATCH"]
    assert server.stored("thing") == shipment.path.read_bytes()


@pytest.mark.parametrize("status", [400, 415, 422])
def test_a_refused_chunk_is_for_good(lab, rufh, status):
    _, transport = rufh(Rule(do=First(status, body=b"why"), method="PATCH", at=0))

    error, shipment = lab.broken(transport, kind=Rejected, size=SIZE)

    assert (error.http_status, shipment.answers[-1].body.getvalue()) == (status, b"why")


@pytest.mark.parametrize(("status", "kind"), [(400, Rejected), (403, Rejected), (412, TargetExists), (500, SessionLost), (503, SessionLost)])
def test_a_target_that_refuses_the_whole_is_not_asked_to_go_on(lab, rufh, status, kind):
    final = (("Upload-Complete", "?1"),)
    server, transport = rufh(Rule(do=Instead(status, final, b"why"), method="PATCH", nth=3))

    error, shipment = lab.broken(transport, kind=kind, size=SIZE)

    assert error.http_status == status
    assert SIZE not in shipment.confirmed
    assert methods(server)[-1] == "PATCH"


@pytest.mark.fault(53)
@pytest.mark.parametrize("status", [307, 308])
def test_an_upload_that_moved_is_found_at_its_new_address_from_then_on(lab, rufh, status):
    server, transport = rufh(Rule(do=Move(status), method="PATCH", nth=1))
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert offsets(server) == [0, 0, CHUNK, 2 * CHUNK]
    assert len({session.data["url"] for session in shipment.checkpoints}) == 2
    assert server.stored("thing") == shipment.path.read_bytes()


# -- a server that lies


@pytest.mark.fault(50, 57)
@pytest.mark.parametrize(
    "words",
    [
        {"Upload-Offset": str(SIZE)},
        {"Upload-Offset": str(CHUNK + 1)},
        {"Upload-Offset": str(SIZE + 1)},
        {"Upload-Offset": "-1"},
        {"Upload-Offset": "many"},
        {"Upload-Offset": "0", "Upload-Length": str(SIZE - 1)},
        {"Upload-Offset": "0", "Upload-Length": "long"},
        {"Upload-Complete": "?1"},
        {"Upload-Complete": "?1", "Upload-Offset": str(SIZE), "Upload-Length": str(SIZE)},
    ],
    ids=named,
)
def test_a_server_that_tells_what_cannot_be_is_given_up_and_nothing_is_claimed(lab, rufh, words):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=1, at=10))
    _, shipment = lab.broken(transport, size=SIZE)
    server.script.add(Rule(do=Instead(204, tuple(words.items())), method="HEAD"))
    after = lab.again(transport, shipment)

    lab.broken(transport, after, kind=SessionLost)

    assert (after.confirmed, after.read) == ([], 0)


@pytest.mark.fault(50)
@pytest.mark.parametrize("by", [1, CHUNK, SIZE, 10**12])
def test_an_offset_beyond_what_was_sent_is_never_skipped_to(lab, rufh, by):
    server, transport = rufh(Rule(do=Lie(by), method="PATCH", nth=1), interop=6)

    _, shipment = lab.broken(transport, kind=SessionLost, size=SIZE)

    assert (shipment.confirmed, offsets(server)) == ([], [0])


@pytest.mark.fault(50)
def test_an_offset_below_what_was_sent_costs_a_question_and_no_byte(lab, rufh):
    server, transport = rufh(Rule(do=Lie(-50_000), method="PATCH", nth=1), interop=6)
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert server.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(50)
@pytest.mark.parametrize("claims", [["0"], ["1000", "500"]], ids=["stands still", "goes to and fro"])
def test_a_server_that_takes_bytes_and_never_has_more_is_not_fed_for_ever(lab, rufh, claims):
    rules = [Rule(do=First(409, (("Upload-Offset", claims[n % len(claims)]), ("Upload-Complete", "?0"))), method="PATCH", nth=n + 1) for n in range(20)]
    server, transport = rufh(*rules)

    error, _ = lab.broken(transport, kind=ServerBusy, size=SIZE)

    assert "no more of them than before" in str(error)
    assert len(offsets(server)) <= 6


@pytest.mark.fault(50, 66)
@pytest.mark.parametrize("nth", [1, 2])
def test_a_server_that_calls_half_of_it_complete_is_not_believed(lab, rufh, nth):
    _, transport = rufh(Rule(do=Instead(201, (("Upload-Complete", "?1"),)), method="PATCH", nth=nth))

    _, shipment = lab.broken(transport, kind=SessionLost, size=SIZE)

    assert SIZE not in shipment.confirmed


@pytest.mark.fault(49)
@pytest.mark.parametrize(
    ("size", "came", "portal"),
    [(SIZE, 10, [("HEAD", 1)]), (SIZE, 10, [("PATCH", 2), ("HEAD", 2)]), (CHUNK, 10, [("PATCH", 2), ("HEAD", 2)]), (CHUNK, CHUNK, [("PATCH", 2)])],
    ids=["asking", "a chunk", "the last chunk", "the completion"],
)
def test_a_portal_that_answers_for_the_server_costs_no_session(lab, rufh, size, came, portal):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=1, at=came))
    _, shipment = lab.broken(transport, size=size)
    server.script.add(*(Rule(do=First(200, PAGE, b"<html>log in"), method=method, nth=nth) for method, nth in portal))
    after = lab.again(transport, shipment)

    error, _ = lab.broken(transport, after)
    transport.send(lab.again(transport, after))

    assert "something in between may have answered" in str(error)
    assert (len(server.live), server.stored("thing")) == (1, shipment.path.read_bytes())


# -- proving who we are, in the middle


@pytest.mark.fault(52)
@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
def test_a_login_that_is_refused_twice_needs_a_person_and_the_session_stays(lab, rufh, method):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=1, at=10), credential=Wallet(OLD, NEW))
    _, shipment = lab.broken(transport, size=SIZE)
    server.script.add(Rule(do=First(401), method=method, times=2, at=0 if method == "PATCH" else None))
    after = lab.again(transport, shipment)
    lab.broken(transport, after, kind=CredentialNeeded)

    transport.send(lab.again(transport, after))

    assert [row.header("Authorization") for row in server.requests if row.status == 401] == ["Bearer old", "Bearer new"]
    assert (len(server.live), server.stored("thing")) == (1, shipment.path.read_bytes())
