"""tus: what is asked, created and sent, and where it goes on; against our own receiver, which breaks down where a rule says."""

import base64

import pytest
from sendoff import (
    CredentialNeeded,
    Rejected,
    ServerBusy,
    TooLarge,
    Transient,
    Unreachable,
)
from sendoff.testing.receiver import Answer, Close, HalfClose, Lost, Reset, Rule

from plugins.transports.http.tests.spoken import CHUNK, PAGE, SIZE, answered, methods, offsets

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
@pytest.mark.fault(36)
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
@pytest.mark.parametrize(("chunk", "at"), [(0, 0), (0, 1), (1, CHUNK - 1), (1, CHUNK), (2, 0), (2, CHUNK // 2), (2, CHUNK)], ids=str)
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
