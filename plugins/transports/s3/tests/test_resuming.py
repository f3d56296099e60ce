"""A multipart upload that goes on where it was, in whatever process, and leaves nothing behind."""

import os
import time
from dataclasses import replace

import pytest
from sendoff import Interrupted, Session, SessionLost, SourceChanged
from sendoff.model.session import Leftover
from sendoff_s3 import S3Transport

from plugins.transports.s3.tests.conftest import MIB, fails, parts_sent

KIND = "s3-multipart/1"


# -- the straight way


def test_a_large_file_is_one_upload_whose_receipt_says_what_the_server_has_checked(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)

    delivery = transport.send(shipment)

    assert server.body("thing") == shipment.path.read_bytes()
    assert server.operations() == ["create", "part", "part", "part", "part", "complete"]
    assert (delivery.verified, delivery.size) == ("server-digest", shipment.size)
    assert server.uploads == {}


def test_the_session_is_on_record_before_the_first_byte_and_its_choices_never_change(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("create", "call", then=lambda: known.append([one.data["id"] for one in shipment.checkpoints]))
    server.fault("part", "call", then=lambda: known.append([one.data["id"] for one in shipment.checkpoints]))
    known = []

    transport.send(shipment)

    assert known == [[None], [None, "upload-1"]]
    assert {(one.data["part"], one.data["checksums"]) for one in shipment.checkpoints} == {(MIB, True)}
    assert [one.data["completing"] for one in shipment.checkpoints] == [False, False, True]
    assert all(one.leaves and one.kind == KIND for one in shipment.checkpoints)


@pytest.mark.parametrize("lanes", [2, 4])
def test_parts_travel_side_by_side(lab, lanes):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport, 8 * MIB, lanes=lanes)
    for _ in range(lanes):
        server.fault("part", "call", then=lambda: server.wait_for(lambda: server.operations().count("part") >= lanes))

    transport.send(shipment)

    assert server.body("thing") == shipment.path.read_bytes()
    assert shipment.confirmed == sorted(shipment.confirmed)


def test_parts_that_do_not_fit_into_memory_are_read_twice_and_arrive_all_the_same(lab):
    server = lab.server()
    transport = lab.transport(server, part_size=2 * MIB)
    shipment = lab.shipment(transport, 5 * MIB + 1, lanes=2, memory=MIB)

    assert transport.send(shipment).verified == "server-digest"
    assert server.body("thing") == shipment.path.read_bytes()
    assert shipment.given == shipment.size


# -- going on


def test_a_try_after_a_broken_one_sends_only_what_is_missing(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("part", "call")
    server.fault("part", "call")
    server.fault("part", "reset", at=1000)
    fails(transport, shipment)

    again = lab.again(lab.transport(server), shipment)
    again_delivery = lab.transport(server).send(again)

    assert parts_sent(server) == [1, 2, 3, 4]
    assert again.confirmed[0] == 2 * MIB
    assert (again_delivery.verified, server.body("thing")) == ("server-digest", shipment.path.read_bytes())
    assert server.operations("create") == ["create"]


@pytest.mark.fault(71)
def test_parts_are_found_again_over_many_pages(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport, 9 * MIB)
    server.fault("complete", "reset")
    fails(transport, shipment)

    lab.transport(server).send(lab.again(transport, shipment))

    assert len(server.operations("list")) == 5  # pages of two
    assert parts_sent(server) == list(range(1, 10))


@pytest.mark.fault(71)
def test_a_part_that_somebody_has_replaced_is_sent_again(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("complete", "reset")
    fails(transport, shipment)
    (upload,) = server.uploads.values()
    upload.parts[2] = (b"x" * MIB, '"of somebody else"', None)

    lab.transport(server).send(lab.again(transport, shipment))

    assert parts_sent(server) == [1, 2, 3, 4, 2]
    assert server.body("thing") == shipment.path.read_bytes()


def test_a_server_that_tells_no_checksums_of_parts_is_asked_for_their_md5(lab):
    server = lab.server(checksums=False)
    transport = lab.transport(server, checksum="none")
    shipment = lab.shipment(transport)
    server.fault("complete", "reset")
    fails(transport, shipment)

    delivery = lab.transport(server, checksum="none").send(lab.again(transport, shipment))

    assert parts_sent(server) == [1, 2, 3, 4]
    assert delivery.verified == "part-digests"  # all were compared with what the server said


@pytest.mark.fault(71, 56)
def test_an_upload_that_a_lifecycle_rule_has_ended_begins_anew(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("part", "call")
    server.fault("part", "reset", at=10)
    fails(transport, shipment)
    server.uploads.clear()
    error = fails(transport, lab.again(transport, shipment), SessionLost)
    fresh = lab.of(transport, shipment.path, attempts=3)

    transport.send(fresh)

    assert "dropped the half-done upload" in error.message
    assert server.body("thing") == shipment.path.read_bytes()


def test_an_upload_that_ends_in_the_middle_is_a_lost_session(lab):
    server = lab.server()
    transport = lab.transport(server)
    server.fault("part", "call", then=server.uploads.clear)

    fails(transport, lab.shipment(transport), SessionLost)


def test_the_date_at_which_the_server_drops_an_upload_is_kept(lab):
    server = lab.server(abort_date=2_000_000_000)
    transport = lab.transport(server)
    shipment = lab.shipment(transport)

    transport.send(shipment)

    assert shipment.checkpoints[-1].expires_at == 2_000_000_000_000_000


# -- the source


@pytest.mark.fault(27, 28)
def test_a_file_that_changes_between_two_parts_is_found_out_and_nothing_is_left(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)

    def touch():
        with shipment.path.open("r+b") as file:
            file.write(b"other")
        os.utime(shipment.path, ns=(1, time.time_ns()))

    server.fault("part", "call", then=touch)

    fails(transport, shipment, SourceChanged)

    assert server.uploads == {}
    assert server.body("thing") is None


def test_a_file_that_changes_after_its_last_part_was_read_is_found_out(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport, 3 * MIB)
    for _ in range(2):
        server.fault("part", "call")
    server.fault("part", "call", then=lambda: os.utime(shipment.path, ns=(1, 1)))

    fails(transport, shipment, SourceChanged)

    assert server.operations("complete") == []


# -- ending


def test_an_abort_is_repeated_until_the_parts_are_gone(lab):
    server = lab.server(abort_turns=3)
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("complete", "reset")
    fails(transport, shipment)

    transport.abort(Leftover(url=shipment.target.url, session=shipment.checkpoints[-1]))

    assert server.uploads == {}
    assert server.operations("abort") == ["abort"] * 3
    transport.abort(Leftover(url=shipment.target.url, session=shipment.checkpoints[-1]))


def test_an_upload_whose_creation_was_not_answered_is_aborted_too(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("create", "lost")
    fails(transport, shipment)

    transport.abort(Leftover(url=shipment.target.url, session=shipment.checkpoints[-1]))

    assert server.uploads == {}


def test_an_interruption_keeps_the_upload_and_what_is_there(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("part", "call")
    server.fault("part", "call", then=shipment.interrupt)

    fails(transport, shipment, Interrupted)
    transport.send(lab.again(transport, shipment))

    assert server.operations("create") == ["create"]
    assert server.body("thing") == shipment.path.read_bytes()


def test_what_lies_unfinished_below_a_destination_is_listed_page_by_page(lab):
    server = lab.server()
    transport = lab.transport(server, root="s3://bucket/in/")
    for number in range(5):
        server.fault("complete", "reset")
        fails(transport, lab.shipment(transport, 2 * MIB + number, name=f"ü {number}"))
    server.fault("complete", "reset")
    other = lab.transport(server)
    fails(other, lab.shipment(other, name="elsewhere"))

    found = list(transport.leftovers())

    assert [one.size for one in found] == [2 * MIB + number for number in range(5)]
    assert all(abs(one.began_at / 1e6 - time.time()) < 60 for one in found)
    for one in found:
        transport.abort(one)
    assert [one.key for one in server.uploads.values()] == ["elsewhere"]


def test_an_upload_that_may_not_be_looked_into_is_listed_without_its_size(lab):
    server = lab.server()
    transport = lab.transport(server)
    for name in ("one", "two"):
        server.fault("complete", "reset")
        fails(transport, lab.shipment(transport, name=name))
    server.fault("list", "error", status=403, code="AccessDenied")

    assert [one.size for one in transport.leftovers()] == [None, 3 * MIB + 5]


def test_an_address_without_a_slash_means_itself_and_what_is_below_it(lab):
    server = lab.server()
    for name in ("images", "images/a", "images-private/a"):
        transport = lab.transport(server)
        server.fault("complete", "reset")
        fails(transport, lab.shipment(transport, name=name))
    destination = replace(transport.destination, url="s3://bucket/images", exact=True)
    exact = S3Transport(destination, transport.settings, transport.toolkit)

    assert [one.url for one in exact.leftovers()] == ["s3://bucket/images", "s3://bucket/images/a"]
    exact.close()


def test_a_bucket_that_is_gone_keeps_nothing(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("complete", "reset")
    fails(transport, shipment)
    server.fault("abort", "error", status=404, code="NoSuchBucket")

    transport.abort(Leftover(url=shipment.target.url, session=shipment.checkpoints[-1]))


def test_a_session_of_another_kind_is_never_taken_for_ones_own(lab):
    server = lab.server()
    transport = lab.transport(server)

    fails(transport, lab.shipment(transport, session=Session(kind="s3-multipart/9", data={})), SessionLost)
