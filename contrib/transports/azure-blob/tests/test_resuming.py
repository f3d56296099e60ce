"""An upload in blocks that goes on where it was, in whatever process, and leaves nothing behind."""

import os
import time

import pytest
from sendoff import Interrupted, Session, SessionLost, SourceChanged
from sendoff.testing.receiver import Lost, Reset, Rule

from tests.servers.azurite import blocks_taken, commits

pytestmark = [pytest.mark.campaign, pytest.mark.needs_server]
MIB = 2**20


# -- the straight way


def test_a_large_file_is_sent_in_blocks_each_of_which_the_server_has_checked(lab):
    proxy = lab.proxy()
    transport = lab.transport(proxy)
    shipment = lab.shipment(transport)

    delivery = transport.send(shipment)

    assert lab.body() == shipment.path.read_bytes()
    assert blocks_taken(proxy.requests) == [1, 2, 3, 4]
    assert len(commits(proxy.requests)) == 1
    assert (delivery.verified, delivery.size, delivery.etag) == ("part-digests", shipment.size, lab.blob().get_blob_properties().etag)
    assert shipment.given == shipment.size
    assert lab.waiting() == []


def test_the_session_is_on_record_before_the_first_byte_and_its_choices_never_change(lab):
    transport = lab.transport()
    shipment = lab.shipment(transport)
    known = []
    shipment.on_read = lambda offset: known.append([one.data["id"] for one in shipment.checkpoints])

    transport.send(shipment)

    assert [len(ids) for ids in known[:1]] == [1]
    assert len({(one.data["id"], one.data["block"], one.data["token"]) for one in shipment.checkpoints}) == 1
    assert [one.data["completing"] for one in shipment.checkpoints] == [False, True]
    assert all(one.leaves for one in shipment.checkpoints)


def test_blocks_travel_side_by_side(lab):
    proxy = lab.proxy(rate=4 * MIB)
    transport = lab.transport(proxy)
    shipment = lab.shipment(transport, 8 * MIB, lanes=4)

    transport.send(shipment)

    staged = [row for row in proxy.requests if "comp=block&" in row.path]
    assert lab.body() == shipment.path.read_bytes()
    assert {row.connection for row in staged[:4]} == {1, 2, 3, 4}
    assert shipment.confirmed == sorted(shipment.confirmed)


def test_blocks_that_do_not_fit_into_memory_are_read_twice_and_arrive_all_the_same(lab):
    transport = lab.transport(block_size=2 * MIB)
    shipment = lab.shipment(transport, 5 * MIB + 1, lanes=2, memory=MIB)

    assert transport.send(shipment).verified == "part-digests"
    assert lab.body() == shipment.path.read_bytes()
    assert shipment.given == shipment.size


@pytest.mark.parametrize("size", [1000, 3 * MIB])
def test_a_blob_carries_the_md5_of_its_whole_where_that_is_asked_for(lab, size):
    transport = lab.transport(content_md5=True)
    shipment = lab.shipment(transport, size)

    delivery = transport.send(shipment)

    assert lab.blob().get_blob_properties().content_settings.content_md5.hex() == delivery.digests["md5"]


# -- going on


def test_a_try_after_a_broken_one_sends_only_what_is_missing(lab):
    proxy = lab.proxy(script=[Rule(do=Reset(), request=3, at=1000)])
    transport = lab.transport(proxy)
    shipment = lab.shipment(transport)
    lab.fails(transport, shipment)

    again = lab.again(lab.transport(proxy), shipment)
    delivery = lab.transport(proxy).send(again)

    assert blocks_taken(proxy.requests) == [1, 2, 3, 4]
    assert again.confirmed[0] == 2 * MIB
    assert (delivery.verified, lab.body()) == ("part-digests", shipment.path.read_bytes())


@pytest.mark.fault(48)
def test_a_block_whose_answer_was_lost_is_not_sent_again(lab):
    proxy = lab.proxy(script=[Rule(do=Lost(), request=2)])
    transport = lab.transport(proxy)
    shipment = lab.shipment(transport)
    lab.fails(transport, shipment)

    transport.send(lab.again(transport, shipment))

    assert blocks_taken(proxy.requests) == [1, 2, 3, 4]
    assert lab.body() == shipment.path.read_bytes()


def test_a_resumed_try_sends_anew_what_the_file_has_otherwise_now(lab):
    """A copy of the source, made elsewhere, goes on in its place: block by block it is compared with what the server has."""
    proxy = lab.proxy(script=[Rule(do=Reset(), request=5, at=10)])
    transport = lab.transport(proxy)
    shipment = lab.shipment(transport)
    lab.fails(transport, shipment)
    with shipment.path.open("r+b") as file:
        file.seek(MIB + 17)
        file.write(b"other")

    transport.send(lab.again(transport, shipment))

    assert blocks_taken(proxy.requests) == [1, 2, 3, 4, 2]
    assert lab.body() == shipment.path.read_bytes()
    assert lab.waiting() == []


@pytest.mark.fault(56)
def test_blocks_that_the_server_has_dropped_are_sent_again(lab):
    proxy = lab.proxy(script=[Rule(do=Reset(), request=3, at=1000)])
    transport = lab.transport(proxy)
    shipment = lab.shipment(transport)
    lab.fails(transport, shipment)
    lab.blob().commit_block_list([])
    lab.blob().delete_blob()

    again = lab.again(transport, shipment)
    transport.send(again)

    assert blocks_taken(proxy.requests) == [1, 2, 1, 2, 3, 4]
    assert again.confirmed[0] == 0
    assert lab.body() == shipment.path.read_bytes()


def test_blocks_that_somebody_has_taken_away_amid_the_upload_are_asked_for_and_sent_again(lab):
    """Whoever puts a blob together takes away all blocks that wait under its name."""
    transport = lab.transport()
    shipment = lab.shipment(transport)
    shipment.on_read = lambda offset: lab.blob().commit_block_list([]) if offset == 3 * MIB else None
    lab.fails(transport, shipment)

    transport.send(lab.again(transport, shipment))

    assert lab.body() == shipment.path.read_bytes()
    assert lab.waiting() == []


@pytest.mark.fault(7)
def test_an_interruption_keeps_what_is_there(lab):
    proxy = lab.proxy()
    transport = lab.transport(proxy)
    shipment = lab.shipment(transport)
    shipment.on_read = lambda offset: shipment.interrupt() if offset == 2 * MIB else None

    lab.fails(transport, shipment, Interrupted)
    transport.send(lab.again(transport, shipment))

    assert blocks_taken(proxy.requests) == [1, 2, 3, 4]
    assert lab.body() == shipment.path.read_bytes()


def test_a_session_of_another_kind_is_never_taken_for_ones_own(lab):
    transport = lab.transport()

    lab.fails(transport, lab.shipment(transport, session=Session(kind="azure-blocks/9", data={})), SessionLost)


# -- the source


@pytest.mark.fault(27, 28)
def test_a_file_that_changes_between_two_blocks_is_found_out_and_nothing_is_left(lab):
    transport = lab.transport()
    shipment = lab.shipment(transport)
    touched = []

    def touch(offset):
        if offset == 2 * MIB and not touched:
            touched.append(offset)
            os.utime(shipment.path, ns=(1, time.time_ns()))
            with shipment.path.open("r+b") as file:
                file.write(b"other")

    shipment.on_read = touch

    lab.fails(transport, shipment, SourceChanged)

    assert lab.waiting() == []
    assert lab.body() is None
