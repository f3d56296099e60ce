"""Lost answers and what may have happened meanwhile: what each step of an upload makes of them."""

from contextlib import suppress

import pytest
from sendoff import TargetExists, Transient
from sendoff.model.delivery import Demand
from sendoff.testing.receiver import Lost, Rule

from tests.servers.azurite import blocks_taken, commits
from tests.servers.tap import SMALL, Tap

pytestmark = [pytest.mark.campaign, pytest.mark.needs_server]
MIB = 2**20
COMMIT = 5  # the request that puts four blocks together


@pytest.mark.fault(5, 6, 48)
@pytest.mark.parametrize("existing", ["overwrite", "fail", "skip"])
def test_blocks_that_were_put_together_without_an_answer_are_known_again_by_their_names(lab, existing):
    proxy = lab.proxy(script=[Rule(do=Lost(), request=COMMIT if existing == "overwrite" else COMMIT + 1)])
    transport = lab.transport(proxy)
    shipment = lab.shipment(transport, demand=Demand(existing=existing))
    lab.fails(transport, shipment)
    before = lab.blob().get_blob_properties().etag

    again = lab.again(lab.transport(proxy), shipment)
    delivery = transport.send(again)

    assert (delivery.size, delivery.verified, delivery.etag) == (shipment.size, "part-digests", before)
    assert again.confirmed == [shipment.size]
    assert (len(commits(proxy.requests)), blocks_taken(proxy.requests)) == (1, [1, 2, 3, 4])


@pytest.mark.fault(48)
def test_a_small_thing_whose_answer_was_lost_is_not_put_twice(lab):
    proxy = lab.proxy(script=[Rule(do=Lost(), request=1)])
    transport = lab.transport(proxy)
    shipment = lab.shipment(transport, 1000)
    lab.fails(transport, shipment)

    delivery = transport.send(lab.again(transport, shipment))

    assert [row.method for row in proxy.requests].count("PUT") == 1
    assert (delivery.size, delivery.verified) == (1000, "server-digest")


def test_another_blob_in_the_place_of_a_lost_upload_is_not_taken_for_it(lab):
    proxy = lab.proxy(script=[Rule(do=Lost(), request=COMMIT)])
    transport = lab.transport(proxy)
    shipment = lab.shipment(transport)
    lab.fails(transport, shipment)
    lab.blob().upload_blob(b"x" * shipment.size, overwrite=True)

    transport.send(lab.again(transport, shipment))

    assert lab.body() == shipment.path.read_bytes()
    assert blocks_taken(proxy.requests) == [1, 2, 3, 4] * 2


@pytest.mark.fault(5)
def test_an_order_to_put_together_that_comes_late_changes_nothing(lab):
    """The request of a process that has died arrives after the next one's: the same blocks, the same blob."""
    transport = lab.transport()
    shipment = lab.shipment(transport)
    transport.send(shipment)
    committed, _ = lab.blob().get_block_list("all")

    lab.blob().commit_block_list(committed, metadata=lab.blob().get_blob_properties().metadata)
    delivery = transport.send(lab.again(transport, shipment))

    assert lab.body() == shipment.path.read_bytes()
    assert delivery.verified == "part-digests"


class Flipping(Tap):
    """One bit of what goes up is another, once, far into it."""

    flipped = False

    def _carry(self, source, sink, number):
        seen = 0
        with suppress(OSError):
            while data := source.recv(SMALL):
                seen += len(data)
                if number and seen > 300_000 and not self.flipped:
                    self.flipped = True
                    data = data[:-1] + bytes([data[-1] ^ 1])
                sink.sendall(data)


@pytest.mark.fault(64)
@pytest.mark.parametrize("size", [900_000, 3 * MIB])
def test_bytes_that_change_on_the_way_are_refused_and_sent_again(lab, size):
    with Flipping(lab.server.port) as tap:
        transport = lab.transport(tap)
        shipment = lab.shipment(transport, size)

        error = lab.fails(transport, shipment, Transient)
        transport.send(lab.again(transport, shipment))
        transport.close()

    assert "other bytes than were sent" in error.message
    assert lab.body() == shipment.path.read_bytes()


@pytest.mark.parametrize("size", [1000, 3 * MIB])
class TestExisting:
    """What is there already."""

    def test_is_overwritten_unless_something_else_is_said(self, lab, size):
        lab.blob().upload_blob(b"before")
        transport = lab.transport()
        shipment = lab.shipment(transport, size)

        transport.send(shipment)

        assert lab.body() == shipment.path.read_bytes()

    def test_is_left_alone_and_an_error_where_that_is_said(self, lab, size):
        lab.blob().upload_blob(b"before")
        transport = lab.transport()

        lab.fails(transport, lab.shipment(transport, size, demand=Demand(existing="fail")), TargetExists)

        assert lab.body() == b"before"
        assert lab.waiting() == []

    def test_counts_where_it_is_to_be_skipped(self, lab, size):
        lab.blob().upload_blob(b"y" * size)
        transport = lab.transport()

        delivery = transport.send(lab.shipment(transport, size, demand=Demand(existing="skip")))

        assert (delivery.existing, delivery.verified) == ("skipped", "size")
        assert lab.body() == b"y" * size

    def test_is_not_overwritten_where_it_came_amid_the_upload(self, lab, size):
        transport = lab.transport()
        shipment = lab.shipment(transport, size, demand=Demand(existing="fail"))
        last = (size - 1) // MIB * MIB
        shipment.on_read = lambda offset: lab.blob().upload_blob(b"theirs", overwrite=True) if offset == last else None

        lab.fails(transport, shipment, TargetExists)

        assert lab.body() == b"theirs"

    @pytest.mark.parametrize("existing", ["fail", "skip"])
    def test_is_not_what_a_removal_that_was_broken_off_has_left_for_a_moment(self, lab, size, existing):
        lab.blob().commit_block_list([], metadata={"sendoff_op": "removing"})
        transport = lab.transport()
        shipment = lab.shipment(transport, size, demand=Demand(existing=existing))

        transport.send(shipment)

        assert lab.body() == shipment.path.read_bytes()

    def test_is_not_what_such_a_removal_leaves_amid_the_upload(self, lab, size):
        transport = lab.transport()
        shipment = lab.shipment(transport, size, demand=Demand(existing="fail"))
        last = (size - 1) // MIB * MIB
        shipment.on_read = lambda offset: lab.blob().commit_block_list([], metadata={"sendoff_op": "removing"}) if offset == last else None

        error = lab.fails(transport, shipment, Transient)
        transport.send(lab.again(transport, shipment))

        assert "is gone" in error.message
        assert lab.body() == shipment.path.read_bytes()

    def test_reading_back_proves_what_lies_there(self, lab, size):
        transport = lab.transport()

        assert transport.send(lab.shipment(transport, size, demand=Demand(verify="read-back"))).verified == "read-back"
