"""tus: what the server's words mean, true and false ones."""

from email.utils import formatdate

import pytest
from sendoff import (
    CredentialNeeded,
    Leftover,
    OutcomeUnknown,
    Rejected,
    ServerBusy,
    SessionLost,
    TooLarge,
    Transient,
    Unverified,
)
from sendoff.testing.receiver import Close, Lost, Rule
from sendoff.testing.shipment import Wallet

from plugins.transports.http.tests.spoken import CHUNK, NEW, OLD, PAGE, SIZE, answered, methods, offsets, told

# -- what the server says


def test_another_offset_is_asked_for_and_believed(lab, tus):
    receiver, transport = tus(answered(409, "PATCH", at=0))
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert methods(receiver)[2:5] == ["PATCH", "HEAD", "PATCH"]
    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.parametrize("method", ["PATCH", "HEAD"])
@pytest.mark.parametrize(("status", "kind"), [(423, ServerBusy), (429, ServerBusy), (500, Transient), (502, Transient), (503, ServerBusy), (504, Transient)])
@pytest.mark.fault(51)
def test_a_busy_or_broken_server_costs_no_session(lab, tus, method, status, kind):
    receiver, transport = tus(Rule(do=Close(), method="PATCH", at=1000))
    _, shipment = lab.broken(transport, size=SIZE)
    receiver.script.add(answered(status, method, at=0 if method == "PATCH" else None, headers=(("Retry-After", "7"),)))
    shipment = lab.again(transport, shipment)

    error, _ = lab.broken(transport, shipment, kind=kind)
    transport.send(lab.again(transport, shipment))

    assert error.http_status == status
    assert receiver.uploads.made == 1
    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(56)
@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_session_that_the_server_does_not_know_is_lost(lab, tus, status):
    receiver, transport = tus(Rule(do=Close(), method="PATCH", at=1000))
    _, shipment = lab.broken(transport, size=SIZE)
    receiver.script.add(answered(status, "HEAD"))

    lab.broken(transport, lab.again(transport, shipment), kind=SessionLost)


@pytest.mark.fault(56, 48)
def test_a_session_that_vanished_after_everything_had_gone_out_may_have_been_completed(lab, tus):
    receiver, transport = tus(Rule(do=Lost(), method="PATCH", request=5))
    _, shipment = lab.broken(transport, size=SIZE)
    receiver.uploads.forget()

    error, _ = lab.broken(transport, lab.again(transport, shipment), kind=OutcomeUnknown)

    assert "may have been completed" in str(error)


@pytest.mark.fault(56)
@pytest.mark.parametrize("size", [CHUNK, SIZE], ids=["with the last chunk", "before"])
def test_a_session_that_vanished_before_a_chunk_has_completed_nothing(lab, tus, size):
    receiver, transport = tus()
    shipment = lab.shipment(transport, size)
    kept = shipment.record
    shipment.record = lambda session: (kept(session), receiver.uploads.forget())

    error, _ = lab.broken(transport, shipment, kind=SessionLost)

    assert "no longer knows" in str(error)


@pytest.mark.parametrize("status", [400, 412, 415, 422])
def test_a_refused_chunk_is_for_good(lab, tus, status):
    _, transport = tus(answered(status, "PATCH", at=0, body=b"why"))

    error, shipment = lab.broken(transport, kind=Rejected, size=SIZE)

    assert error.http_status == status
    assert shipment.answers[-1].body.getvalue() == b"why"


@pytest.mark.fault(55)
def test_chunks_shrink_until_they_fit_and_that_is_remembered(lab, tus):
    small, large = 2**20, 3 * 2**20
    receiver, transport = tus(answered(413, "PATCH", at=0), chunk_size=large)
    shipment = lab.shipment(transport, large)
    transport.send(shipment)

    other = lab.transport(receiver.url, protocol="tus", toolkit={"learned": transport.toolkit.learned})
    other.send(lab.shipment(other, 2 * small, name="other"))

    assert [row.size for row in receiver.requests if row.method == "PATCH"] == [large, small, small, small, small, small]
    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(55)
def test_what_takes_not_even_a_mebibyte_takes_nothing(lab, tus):
    receiver, transport = tus(answered(413, "PATCH", at=0, times=None), chunk_size=64 * 2**20)

    error, _ = lab.broken(transport, kind=TooLarge, size=9 * 2**20)

    assert "does not take even 1048576 bytes in one request" in str(error)
    assert [row.size for row in receiver.requests if row.method == "PATCH"] == [9 * 2**20, 8 * 2**20, 2**20]


@pytest.mark.fault(64)
@pytest.mark.parametrize("times", [1, 2])
def test_a_chunk_that_arrived_changed_is_sent_again(lab, tus, times):
    receiver, transport = tus(answered(460, "PATCH", times=times), checksum=True)
    shipment = lab.shipment(transport, SIZE)

    delivery = transport.send(shipment)

    assert offsets(receiver) == [*[0] * times, 0, CHUNK, 2 * CHUNK]
    assert delivery.verified == "part-digests"
    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(64)
def test_a_chunk_that_arrives_changed_three_times_is_given_up(lab, tus):
    receiver, transport = tus(answered(460, "PATCH", times=None), checksum=True)

    error, shipment = lab.broken(transport, kind=Unverified, size=SIZE)

    assert "something on the way changes them" in str(error)
    assert offsets(receiver) == [0, 0, 0]
    assert SIZE not in shipment.confirmed


def test_how_long_the_server_keeps_it_is_kept_too(lab, tus):
    first, later = formatdate(1_900_000_000, usegmt=True), formatdate(1_900_003_600, usegmt=True)
    words = (("Tus-Resumable", "1.0.0"), ("Upload-Offset", str(CHUNK)), ("Upload-Expires", later))
    receiver, transport = tus(answered(204, "PATCH", headers=words), Rule(do=Close(), request=4, at=0))
    created = (("Tus-Resumable", "1.0.0"), ("Location", "/x"), ("Upload-Expires", first))
    receiver.script.add(answered(201, "POST", headers=created))

    _, shipment = lab.broken(transport, size=SIZE)

    assert [session.expires_at for session in shipment.checkpoints] == [1_900_000_000_000_000]
    assert shipment.session.expires_at == 1_900_003_600_000_000


# -- a server that lies


@pytest.mark.fault(50, 57)
@pytest.mark.parametrize(
    "words",
    [
        {"Upload_Offset": str(SIZE), "Upload_Length": str(SIZE)},
        {"Upload_Offset": "60000", "Upload_Length": str(SIZE)},
        {"Upload_Offset": str(SIZE + 1), "Upload_Length": str(SIZE)},
        {"Upload_Offset": "-1", "Upload_Length": str(SIZE)},
        {"Upload_Offset": "many", "Upload_Length": str(SIZE)},
        {"Upload_Offset": "1e3"},
        {"Upload_Offset": "9" * 30},
        {"Upload_Offset": "1, 2"},
        {},
        {"Upload_Offset": "0", "Upload_Length": str(SIZE - 1)},
        {"Upload_Offset": "0", "Upload_Length": "long"},
    ],
    ids=lambda words: " ".join(words.values()) or "none",
)
def test_a_server_that_tells_what_cannot_be_is_given_up_and_nothing_is_claimed(lab, tus, words):
    receiver, transport = tus(Rule(do=Close(), method="PATCH", at=50_000))
    _, shipment = lab.broken(transport, size=SIZE)
    assert shipment.furthest == CHUNK
    receiver.script.add(Rule(do=told(**words), method="HEAD"))
    after = lab.again(transport, shipment, furthest=55_000)

    lab.broken(transport, after, kind=SessionLost)

    assert (after.confirmed, after.read) == ([], 0)


@pytest.mark.fault(50)
@pytest.mark.parametrize("offset", [str(CHUNK + 1), str(SIZE), "-1", "many", "0"])
def test_an_impossible_offset_after_a_chunk_is_asked_about(lab, tus, offset):
    lie = (("Tus-Resumable", "1.0.0"), ("Upload-Offset", offset))
    receiver, transport = tus(answered(204, "PATCH", headers=lie))
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert methods(receiver)[2:5] == ["PATCH", "HEAD", "PATCH"]
    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(50)
@pytest.mark.parametrize("claims", [["0"], ["1000", "500"]], ids=["stands still", "goes to and fro"])
def test_a_server_that_takes_bytes_and_never_has_more_is_not_fed_for_ever(lab, tus, claims):
    receiver, transport = tus(answered(409, "PATCH", times=None))
    for number in range(20):
        receiver.script.add(Rule(do=told(Upload_Offset=claims[number % len(claims)], Upload_Length=str(SIZE)), request=4 + 2 * number))

    error, shipment = lab.broken(transport, kind=ServerBusy, size=SIZE)

    assert "no more of them than before" in str(error)
    assert len(offsets(receiver)) <= 6
    assert shipment.confirmed[-1] <= 1000


@pytest.mark.fault(49)
@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_a_portal_that_answers_for_the_server_costs_no_session(lab, tus, method):
    receiver, transport = tus(Rule(do=Close(), method="PATCH", at=1000))
    _, shipment = lab.broken(transport, size=SIZE)
    receiver.script.add(answered(200, method, headers=PAGE, body=b"<html>log in", at=0 if method == "PATCH" else None))
    after = lab.again(transport, shipment)
    if method != "DELETE":
        error, _ = lab.broken(transport, after)
        assert "something in between may have answered" in str(error)
        assert not {SIZE, CHUNK} & set(after.confirmed)
    else:
        with pytest.raises(Transient):
            transport.abort(Leftover(url=shipment.target.url, session=shipment.session))

    transport.send(lab.again(transport, after))

    assert receiver.uploads.made == 1
    assert receiver.stored("thing") == shipment.path.read_bytes()


# -- proving who we are, in the middle


@pytest.mark.fault(52)
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH"])
def test_a_login_that_is_refused_twice_needs_a_person_and_the_session_stays(lab, tus, method):
    receiver, transport = tus(Rule(do=Close(), method="PATCH", at=1000))
    _, before = lab.broken(transport, size=SIZE)
    receiver.script.add(answered(401, method, times=2, at=0 if method == "PATCH" else None))
    transport = lab.transport(receiver.url, protocol="tus", credential=Wallet(OLD, NEW), protocol_options={"chunk_size": CHUNK})
    shipment = lab.again(transport, before, session=None, furthest=0) if method == "POST" else lab.again(transport, before)

    lab.broken(transport, shipment, kind=CredentialNeeded)
    asked = [row.header("Authorization") for row in receiver.requests if row.status == 401]
    transport.send(lab.again(transport, shipment))

    assert asked == ["Bearer old", "Bearer new"]
    assert receiver.uploads.made == (2 if method == "POST" else 1)
    assert receiver.stored("thing") == shipment.path.read_bytes()


# -- around a proxy that knows no PATCH


@pytest.mark.fault(60)
@pytest.mark.parametrize("status", [405, 501])
def test_where_patch_does_not_get_through_post_stands_for_it_and_that_is_remembered(lab, tus, status):
    receiver, transport = tus(answered(status, "PATCH", at=0, times=None), answered(status, "DELETE", times=None))
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)
    transport.abort(Leftover(url=shipment.target.url, session=shipment.session))

    assert methods(receiver) == ["OPTIONS", "POST", "PATCH", "POST", "POST", "POST", "POST"]
    assert [row.header("X-HTTP-Method-Override") for row in receiver.requests] == [None, None, None, "PATCH", "PATCH", "PATCH", "DELETE"]
    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(60)
def test_a_way_around_that_leads_nowhere_is_not_remembered(lab, tus):
    receiver, transport = tus(answered(405, "PATCH", at=0), answered(405, "POST", at=0))
    lab.broken(transport, kind=Rejected, size=SIZE)

    transport.send(lab.shipment(transport, SIZE, name="other"))

    assert [row.header("X-HTTP-Method-Override") for row in receiver.requests if row.received or row.method == "PATCH"][-3:] == [None, None, None]


@pytest.mark.fault(60)
def test_when_the_proxy_is_gone_patch_is_used_again(lab, tus):
    receiver, transport = tus(answered(405, "PATCH", at=0))
    transport.send(lab.shipment(transport, SIZE))
    receiver.script.add(answered(405, "POST", at=0, times=None))

    transport.send(lab.shipment(transport, SIZE, name="other"))

    assert transport.toolkit.learned.get("tus.override") is False
    assert methods(receiver)[-3:] == ["PATCH", "PATCH", "PATCH"]
