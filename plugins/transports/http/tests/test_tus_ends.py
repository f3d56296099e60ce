"""tus: what is taken away, what was seen in the end, and whose session it is."""

import base64
import hashlib

import pytest
from sendoff import (
    CredentialNeeded,
    Demand,
    Leftover,
    Rejected,
    Secret,
    ServerBusy,
    Session,
    SessionLost,
    Transient,
    Unverified,
)
from sendoff.testing.receiver import Answer, Close, Rule

from plugins.transports.http.tests.spoken import CHUNK, SIZE, answered, methods

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
