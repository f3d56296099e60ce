"""Blocks that become nothing: how they are found, how they are taken away, and what is never touched for it."""

from dataclasses import replace

import pytest
from sendoff import Leftover, Rejected, SessionLost, Transient
from sendoff.model.session import Session
from sendoff.testing.receiver import Lost, Reset, Rule
from sendoff_azure_blob.names import OTHERS

pytestmark = [pytest.mark.campaign, pytest.mark.needs_server]
MIB = 2**20


def left(lab, name="thing", **words):
    """The shipment of an upload that broke after two blocks, and its transport."""
    transport = lab.transport(lab.proxy(script=[Rule(do=Reset(), request=3, at=1000)]), **words)
    shipment = lab.shipment(transport, name=name)
    lab.fails(transport, shipment)
    assert len(lab.waiting(name)) == 2
    return transport, shipment


def of(shipment):
    return Leftover(url=shipment.target.url, session=shipment.checkpoints[-1])


def test_they_are_taken_away_and_nothing_is_left_in_their_place(lab):
    transport, shipment = left(lab)

    transport.abort(of(shipment))
    transport.abort(of(shipment))

    assert (lab.waiting(), lab.body()) == ([], None)
    assert lab.server.unfinished(lab.prefix) == []


def test_a_blob_under_their_name_is_never_touched(lab):
    lab.blob().upload_blob(b"theirs")
    before = lab.blob().get_blob_properties().etag
    transport, shipment = left(lab)

    with pytest.raises(Transient) as caught:
        transport.abort(of(shipment))

    assert "a week after" in caught.value.message
    assert caught.value.retry_after > 3600
    assert (lab.body(), lab.blob().get_blob_properties().etag) == (b"theirs", before)


def test_blocks_of_another_upload_keep_them_all(lab):
    """To take away some is to take away all: what somebody else is sending just now is not ours to lose."""
    first, shipment = left(lab)
    second = lab.shipment(first)
    second.on_read = lambda offset: second.interrupt() if offset == MIB else None
    lab.fails(first, second, Exception)

    with pytest.raises(Transient):
        first.abort(of(shipment))

    assert len(lab.waiting()) == 3


@pytest.mark.fault(8)
def test_a_removal_that_was_broken_off_between_its_two_requests_is_finished_by_the_next(lab):
    _, shipment = left(lab)
    proxy = lab.proxy(script=[Rule(do=Lost(), method="PUT")])
    transport = lab.transport(proxy)
    with pytest.raises(Transient):
        transport.abort(of(shipment))
    between = lab.body()

    transport.abort(of(shipment))

    assert (between, lab.body()) == (b"", None)


def test_they_are_listed_with_whose_they_are_and_how_large(lab):
    transport, shipment = left(lab, "ü 1")
    lab.server.leave(f"{lab.prefix}/theirs", b"1234", b"5")
    lab.blob("done").upload_blob(b"done")
    lab.blob("empty").upload_blob(b"")

    found = {(one.url, one.session.data["id"], one.size) for one in transport.leftovers()}

    assert found == {(shipment.target.url, shipment.checkpoints[-1].data["id"], 2 * MIB), (f"{lab.root}theirs", OTHERS, 5)}


def test_others_are_taken_away_too_when_that_is_asked_for(lab):
    transport = lab.transport()
    lab.server.leave(f"{lab.prefix}/theirs", b"1234")

    for one in transport.leftovers():
        transport.abort(one)

    assert (lab.waiting("theirs"), lab.body("theirs")) == ([], None)


def test_names_of_another_length_are_refused_with_what_to_do(lab):
    lab.server.leave(f"{lab.prefix}/thing", b"theirs")
    transport = lab.transport()

    error = lab.fails(transport, lab.shipment(transport), Rejected)

    assert "another program" in error.message
    assert "gc --remote" in error.hint


def test_an_address_without_a_slash_means_itself_and_what_is_below_it(lab):
    for name in ("images", "images/a", "images-private/a"):
        lab.server.leave(f"{lab.prefix}/{name}", b"1")
    exact = lab.transport(root=f"{lab.root}images", exact=True)

    assert sorted(one.url for one in exact.leftovers()) == [f"{lab.root}images", f"{lab.root}images/a"]


def test_a_session_of_another_kind_is_not_aborted(lab):
    transport, shipment = left(lab)

    with pytest.raises(SessionLost):
        transport.abort(replace(of(shipment), session=Session(kind="other/1", data={"id": "x"})))


def test_a_container_is_asked_about_without_a_byte(lab):
    nowhere = lab.transport(root="azure://sendoff1/nowhere/")

    assert (lab.transport().probe().reachable, lab.transport().probe().writable) == (True, None)
    assert (nowhere.probe().reachable, nowhere.probe().writable) == (True, False)
    assert "create it" in lab.fails(nowhere, lab.shipment(nowhere, 10), Rejected).hint
