"""tus: what is sent, what the server's words mean, and where it goes on; against our own receiver, which breaks down where a rule says."""

import base64
import hashlib
from email.utils import formatdate

import pytest
from sendoff import (
    Credential,
    CredentialNeeded,
    Demand,
    Leftover,
    OutcomeUnknown,
    Rejected,
    Secret,
    ServerBusy,
    Session,
    SessionLost,
    TooLarge,
    Transient,
    Unreachable,
    Unverified,
)
from sendoff.testing.receiver import Answer, Close, HalfClose, Lost, Reset, Rule
from sendoff.testing.shipment import Wallet

OLD, NEW = (Credential(kind="bearer", secret=Secret(word)) for word in ("old", "new"))
CHUNK = 100_000
SIZE = 250_000
PAGE = (("Content-Type", "text/html; charset=utf-8"),)


@pytest.fixture
def tus(lab):
    """A receiver that keeps half-done uploads, and a transport to it that sends chunks of ``CHUNK`` bytes."""

    def make(*rules, checksum=False, chunk_size=CHUNK, credential=None, toolkit=None, **words):
        receiver = lab.receiver(*rules, tus=True, **words)
        options = {"checksum": checksum, "chunk_size": chunk_size}
        return receiver, lab.transport(receiver.url, protocol="tus", protocol_options=options, credential=credential, toolkit=toolkit)

    return make


def methods(receiver):
    return [row.method for row in receiver.requests]


def offsets(receiver):
    return [int(row.header("Upload-Offset")) for row in receiver.requests if row.method == "PATCH"]


def told(**fields):
    """An answer in the protocol's words."""
    return Answer(200, (("Tus-Resumable", "1.0.0"), *((name.replace("_", "-"), value) for name, value in fields.items())))


def answered(status, method, *, at=None, times=1, headers=(), body=b""):
    return Rule(do=Answer(status, headers, body), method=method, at=at, times=times)


# -- whether


def test_a_server_is_asked_once_what_it_offers(lab, tus):
    receiver, transport = tus()
    transport.send(lab.shipment(transport, SIZE))
    other = lab.transport(receiver.url, protocol="tus", toolkit={"learned": transport.toolkit.learned})

    other.send(lab.shipment(other, SIZE, name="other"))

    assert methods(receiver) == ["OPTIONS", "POST", "PATCH", "PATCH", "PATCH", "POST", "PATCH"]


@pytest.mark.fault(55)
def test_a_file_that_is_too_large_is_refused_before_anything_is_sent(lab, tus):
    receiver, transport = tus(most=SIZE - 1)

    error, shipment = lab.broken(transport, kind=TooLarge, size=SIZE)

    assert str(SIZE - 1) in str(error)
    assert (methods(receiver), shipment.read) == (["OPTIONS"], 0)


def test_what_does_not_speak_tus_is_a_mistake_in_the_configuration(lab):
    transport = lab.transport(lab.receiver().url, protocol="tus")

    error, shipment = lab.broken(transport, kind=Rejected)

    assert "does not announce tus" in str(error) and 'protocol = "tus"' in error.hint
    assert shipment.checkpoints == []


@pytest.mark.fault(49)
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(200, PAGE, b"<html>log in"), Transient),
        (Answer(503), ServerBusy),
        (Answer(500), Transient),
        (Answer(401), CredentialNeeded),
        (Answer(403), Rejected),
        (Answer(511), Unreachable),
    ],
    ids=lambda one: getattr(one, "status", ""),
)
def test_a_question_that_is_not_answered_says_nothing_about_the_server(lab, tus, answer, kind):
    receiver, transport = tus(Rule(do=answer, method="OPTIONS"))
    lab.broken(transport, kind=kind)

    transport.send(lab.shipment(transport, SIZE))

    assert methods(receiver)[:3] == ["OPTIONS", "OPTIONS", "POST"]


# -- creating


def test_an_upload_is_created_without_a_body_and_with_what_describes_it(lab, tus):
    receiver, transport = tus()

    transport.send(lab.shipment(transport, SIZE, name="a b/ü.txt", headers=(("Content-Type", "text/plain"),)))

    row = receiver.requests[1]
    pairs = dict(pair.split(" ") for pair in row.header("Upload-Metadata").split(","))
    assert (row.method, row.size, row.header("Upload-Length"), row.header("Tus-Resumable")) == ("POST", 0, str(SIZE), "1.0.0")
    assert {key: base64.b64decode(value).decode() for key, value in pairs.items()} == {
        "filename": "ü.txt",
        "filetype": "text/plain",
        "relativePath": "a b/ü.txt",
    }


def test_the_session_is_on_record_before_a_byte_of_the_file_is_read_for_it(lab, tus):
    _, transport = tus()
    shipment = lab.shipment(transport, SIZE)
    seen = []
    shipment.on_read = lambda offset: seen.append(len(shipment.checkpoints))

    transport.send(shipment)

    assert min(seen) == 1
    assert shipment.session.leaves is True


@pytest.mark.fault(48, 3)
def test_a_lost_answer_to_the_creation_leaves_an_empty_orphan_and_the_next_try_creates_another(lab, tus):
    receiver, transport = tus(Rule(do=Lost(), method="POST"))
    _, shipment = lab.broken(transport, size=SIZE)
    assert (shipment.session, shipment.read) == (None, 0)

    transport.send(lab.again(transport, shipment))

    assert receiver.uploads.made == 2
    assert [upload.offset for upload in receiver.uploads.all()] == [0, SIZE]
    assert receiver.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(49)
@pytest.mark.parametrize("answer", [Answer(200, PAGE, b"<html>"), Answer(204), Answer(201)], ids=["page", "empty", "nowhere"])
def test_a_creation_that_made_nothing_is_tried_again(lab, tus, answer):
    _, transport = tus(Rule(do=answer, method="POST"))

    error, shipment = lab.broken(transport)

    assert "without a word of the protocol" in str(error)
    assert shipment.session is None


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Rejected), (403, Rejected), (412, Rejected), (413, TooLarge), (415, Rejected), (500, Transient), (503, ServerBusy)]
)
def test_a_refused_creation_is_an_error_and_its_answer_is_kept(lab, tus, status, kind):
    _, transport = tus(answered(status, "POST", headers=(("Tus-Version", "2.0.0"),), body=b"why"))

    error, shipment = lab.broken(transport, kind=kind)

    assert error.http_status == status
    assert [(kept.status, kept.body.getvalue()) for kept in shipment.answers] == [(status, b"why")]
    assert ("speaks tus 2.0.0, and sendoff 1.0.0" in str(error)) == (status == 412)


def test_a_sessions_address_is_shown_nowhere(lab, tus):
    receiver, transport = tus(answered(500, "PATCH", at=0))
    error, shipment = lab.broken(transport, size=SIZE)

    address = shipment.session.data["url"].removeprefix(receiver.url)

    shown = [str(error), repr(error), repr(shipment.session), *(f"{kept.url} {kept.headers}" for kept in shipment.answers)]
    assert [text for text in shown if address in text] == []


# -- sending


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, SIZE])
@pytest.mark.parametrize("checksum", [True, False], ids=["checked", "unchecked"])
def test_bytes_arrive_chunk_by_chunk(lab, tus, size, checksum):
    receiver, transport = tus(checksum=checksum)
    shipment = lab.shipment(transport, size)

    delivery = transport.send(shipment)

    assert receiver.stored("thing") == shipment.path.read_bytes()
    assert offsets(receiver) == list(range(0, size, CHUNK))
    assert (delivery.size, delivery.verified) == (size, "part-digests" if checksum and size else "size")
    assert shipment.confirmed[-1:] == ([size] if size else [])
    assert shipment.points == [size]
    assert shipment.given == (size or None)
    assert (shipment.protocol, shipment.resumable) == ("tus", True)


def test_what_describes_the_file_does_not_describe_its_chunks(lab, tus):
    receiver, transport = tus(chunk_size=SIZE)
    headers = (("Content-Encoding", "gzip"), ("If-None-Match", "*"), ("X-Mine", "yes"))

    transport.send(lab.shipment(transport, SIZE, headers=headers))

    row = receiver.requests[-1]
    assert (row.method, row.header("Content-Type"), row.header("X-Mine")) == ("PATCH", "application/offset+octet-stream", "yes")
    assert (row.header("Content-Encoding"), row.header("If-None-Match")) == (None, None)


@pytest.mark.fault(44, 47, 4)
@pytest.mark.parametrize("breakdown", [Reset(), Close(), HalfClose()], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("at", [0, 1, CHUNK - 1, CHUNK], ids=str)
@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_a_break_in_any_chunk_costs_no_more_than_what_was_on_its_way(lab, tus, breakdown, at, chunk):
    receiver, transport = tus()
    size = 3 * CHUNK
    shipment = lab.shipment(transport, size)
    number = 3 + chunk  # after OPTIONS and POST
    receiver.script.add(Rule(do=breakdown, request=number, at=at))
    lab.broken(transport, shipment)

    after = lab.again(transport, shipment)
    transport.send(after)

    assert receiver.stored("thing") == shipment.path.read_bytes()
    assert methods(receiver)[number] == "HEAD"
    assert shipment.confirmed[-1:] == ([chunk * CHUNK] if chunk else [])
    assert after.confirmed[0] >= chunk * CHUNK


@pytest.mark.fault(48, 5, 6)
@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_a_chunk_whose_answer_is_lost_is_not_sent_twice(lab, tus, chunk):
    receiver, transport = tus()
    receiver.script.add(Rule(do=Lost(), request=3 + chunk))
    _, shipment = lab.broken(transport, size=3 * CHUNK)

    delivery = transport.send(lab.again(transport, shipment))

    assert offsets(receiver) == [0, CHUNK, 2 * CHUNK]
    assert (delivery.verified, receiver.stored("thing")) == ("size", shipment.path.read_bytes())


@pytest.mark.fault(4)
@pytest.mark.parametrize("known", [True, False], ids=["known", "nobody knows"])
def test_a_session_from_before_goes_on_where_the_server_is(lab, tus, known):
    receiver, transport = tus(Rule(do=Reset(), method="PATCH", at=CHUNK // 2))
    _, shipment = lab.broken(transport, size=SIZE)
    transport.close()
    fresh = lab.transport(receiver.url, protocol="tus", protocol_options={"checksum": False, "chunk_size": CHUNK})

    after = lab.again(fresh, shipment, furthest=shipment.furthest if known else None)
    fresh.send(after)

    assert receiver.stored("thing") == shipment.path.read_bytes()
    assert methods(receiver)[3] == "HEAD"
    assert receiver.uploads.made == 1
    assert after.read == SIZE - CHUNK // 2


def test_the_bytes_that_came_twice_are_those_that_were_given_twice(lab, tus):
    receiver, transport = tus(Rule(do=Close(), method="PATCH", at=CHUNK // 2), checksum=True)  # what is compared counts only whole
    _, shipment = lab.broken(transport, size=SIZE)
    after = lab.again(transport, shipment)

    transport.send(after)

    assert offsets(receiver) == [0, 0, CHUNK, 2 * CHUNK]
    assert after.given == SIZE


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


# -- taking away


@pytest.mark.parametrize("status", [204, 200, 404, 410])
def test_what_the_server_does_not_know_any_more_is_taken_away(lab, tus, status):
    receiver, transport = tus(Rule(do=Close(), method="PATCH", at=1000))
    _, shipment = lab.broken(transport, size=SIZE)
    if status != 204:
        receiver.script.add(answered(status, "DELETE", headers=(("Tus-Resumable", "1.0.0"),)))

    transport.abort(Leftover(url=shipment.target.url, session=shipment.session))

    assert methods(receiver)[-1] == "DELETE"
    assert len(receiver.uploads.all()) == (0 if status == 204 else 1)


@pytest.mark.parametrize(("status", "kind"), [(423, ServerBusy), (500, Transient), (401, CredentialNeeded), (403, Rejected)])
def test_what_could_not_be_taken_away_is_said(lab, tus, status, kind):
    receiver, transport = tus(Rule(do=Close(), method="PATCH", at=1000))
    _, shipment = lab.broken(transport, size=SIZE)
    receiver.script.add(answered(status, "DELETE"))

    with pytest.raises(kind):
        transport.abort(Leftover(url=shipment.target.url, session=shipment.session))


def test_nothing_is_left_where_the_server_ends_nothing_before_its_time(lab, tus):
    offer = (("Tus-Resumable", "1.0.0"), ("Tus-Version", "0.2.2,1.0.0"), ("Tus-Extension", "creation"))
    _, transport = tus(answered(200, "OPTIONS", headers=offer), Rule(do=Close(), method="PATCH", at=1000))

    _, shipment = lab.broken(transport, size=SIZE)

    assert shipment.session.leaves is False


# -- what is demanded beyond acceptance


def test_the_digest_of_checked_chunks_is_enough_where_a_digest_is_demanded(lab, tus):
    _, transport = tus(checksum=True)
    shipment = lab.shipment(transport, SIZE, demand=Demand(verify="digest"))

    delivery = transport.send(shipment)

    assert delivery.verified == "part-digests"
    assert delivery.digests == {"sha256": hashlib.sha256(shipment.path.read_bytes()).hexdigest()}


def test_a_size_that_is_demanded_was_seen_and_is_not_asked_for_again(lab, tus):
    receiver, transport = tus()

    assert transport.send(lab.shipment(transport, SIZE, demand=Demand(verify="size"))).verified == "size"
    assert methods(receiver)[-1] == "PATCH"


@pytest.mark.parametrize("verify", ["digest", "read-back"])
def test_what_the_server_cannot_show_is_not_claimed(lab, tus, verify):
    _, transport = tus()

    lab.broken(transport, kind=Unverified, size=SIZE, demand=Demand(verify=verify))


@pytest.mark.parametrize("right", [True, False])
def test_a_file_can_be_fetched_back_from_its_address(lab, tus, right):
    receiver, transport = tus()
    shipment = lab.shipment(transport, SIZE, demand=Demand(verify="read-back"))
    receiver.script.add(answered(200, "GET", body=shipment.path.read_bytes() if right else bytes(SIZE)))

    if right:
        assert transport.send(shipment).verified == "read-back"
    else:
        lab.broken(transport, shipment, kind=Unverified)


def test_no_digest_means_no_checksums(lab, tus):
    receiver, transport = tus(checksum=True)

    delivery = transport.send(lab.shipment(transport, SIZE, demand=Demand(digest="none")))

    assert {row.header("Upload-Checksum") for row in receiver.requests} == {None}
    assert delivery.verified == "size"


def test_each_chunk_carries_the_checksum_of_its_bytes(lab, tus):
    receiver, transport = tus(checksum=True)
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    body = shipment.path.read_bytes()
    wanted = [base64.b64encode(hashlib.sha256(body[at : at + CHUNK]).digest()).decode() for at in range(0, SIZE, CHUNK)]
    assert [row.header("Upload-Checksum") for row in receiver.requests if row.method == "PATCH"] == [f"sha256 {one}" for one in wanted]


def test_a_file_that_is_not_the_expected_one_is_not_sent(lab, tus):
    receiver, transport = tus()

    _, shipment = lab.broken(transport, kind=Unverified, size=SIZE, demand=Demand(expected_sha256="0" * 64))

    assert (methods(receiver), shipment.read) == (["OPTIONS"], 0)


# -- its own and others' sessions


@pytest.mark.fault(57)
@pytest.mark.parametrize("protocol", ["tus", "plain"])
def test_a_session_of_another_kind_is_not_gone_on_with(lab, tus, protocol):
    receiver, _ = tus()
    transport = lab.transport(receiver.url, protocol=protocol)
    shipment = lab.shipment(transport, SIZE, session=Session(kind="rufh/1", data={"url": f"{receiver.url}x"}))

    lab.broken(transport, shipment, kind=SessionLost)

    assert receiver.requests == ()


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.fault(53)
def test_an_upload_that_moved_within_its_origin_is_asked_for_at_its_new_address(lab, tus, status):
    receiver, transport = tus()
    shipment = lab.shipment(transport, SIZE)
    created = (("Tus-Resumable", "1.0.0"), ("Location", "/old"))
    receiver.script.add(answered(201, "POST", headers=created))
    receiver.script.add(Rule(do=Answer(status, (("Location", "/new"),)), path="/old", at=0))
    receiver.script.add(Rule(do=Answer(204, (("Tus-Resumable", "1.0.0"), ("Upload-Offset", str(CHUNK)))), path="/new"))
    receiver.script.add(Rule(do=Answer(404), path="/new"))

    lab.broken(transport, shipment, kind=SessionLost)

    paths = [row.path for row in receiver.requests if row.method == "PATCH"]
    assert paths == ["/old", "/new", "/new"]
    assert shipment.checkpoints[-1].data["url"] == f"{receiver.url}new"


def test_a_secret_header_of_the_caller_goes_with_every_request_to_the_destination(lab, tus):
    receiver, transport = tus()

    transport.send(lab.shipment(transport, SIZE, headers=(("X-Key", Secret("s3cret")),)))

    assert {row.header("X-Key") for row in receiver.requests} == {"s3cret"}
