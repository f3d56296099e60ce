"""What ceph's s3-tests ask of a server, asked of an upload: each name in parentheses is a case of theirs."""

import pytest
from sendoff import Leftover, Permanent, SessionLost
from sendoff.model.session import Session
from sendoff_s3.leftovers import KIND

from plugins.transports.s3.tests.conftest import MIB, fails, parts_sent


def standing(server):
    """The only unfinished upload."""
    (upload,) = server.uploads.values()
    return upload


def begins_anew(lab, server, transport, spoil):
    """The upload that was spoiled just before its end is given up, and the next try sends all of it."""
    shipment = lab.shipment(transport)
    server.fault("complete", "call", then=lambda: spoil(standing(server)))

    error = fails(transport, shipment, SessionLost)
    transport.abort(Leftover(url=shipment.target.url, session=shipment.checkpoints[-1]))
    transport.send(lab.of(transport, shipment.path, attempts=2))

    assert error.facts["left"]
    assert server.body("thing") == shipment.path.read_bytes()
    assert parts_sent(server) == [1, 2, 3, 4] * 2
    assert server.uploads == {}


def test_a_part_that_another_replaces_before_the_end_begins_anew(lab):
    """(multipart resend first finishes last, incorrect etag)"""
    server = lab.server()

    def late(upload):
        body, _, crc = upload.parts[1]
        upload.parts[1] = (body, '"late"', crc)

    begins_anew(lab, server, lab.transport(server), late)


def test_a_part_that_is_gone_at_the_end_begins_anew(lab):
    """(multipart upload missing part)"""
    server = lab.server()

    begins_anew(lab, server, lab.transport(server), lambda upload: upload.parts.pop(2))


def test_the_same_part_sent_again_is_the_same_object(lab):
    """(multipart resend part) The answer to a part was lost: it is compared and stays."""
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("part", "call")
    server.fault("part", "lost")
    fails(transport, shipment)

    transport.send(lab.again(transport, shipment))

    assert server.body("thing") == shipment.path.read_bytes()
    assert server.operations().count("part") == 4


def test_parts_that_the_server_finds_too_small_are_a_mistake_in_the_configuration(lab):
    """(multipart upload size too small)"""
    server = lab.server(smallest=5 * MIB)

    error = fails(lab.transport(server), lab.shipment(lab.transport(server)), Permanent)

    assert error.facts["side"] == "configuration"
    assert "part_size" in error.hint


def test_what_is_not_there_is_aborted(lab):
    """(abort multipart upload not found)"""
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)

    transport.abort(Leftover(url=shipment.target.url, session=Session(kind=KIND, data={"id": "of nobody"}, leaves=True)))

    assert server.operations() == ["abort"]


@pytest.mark.parametrize("size", [1000, 3 * MIB])
def test_what_is_uploaded_again_has_its_own_etag_and_checksum(lab, size):
    """(multipart reupload checksum and etag)"""
    server = lab.server()
    transport = lab.transport(server)
    first, second = lab.shipment(transport, size), lab.shipment(transport, size)

    old, new = transport.send(first), transport.send(second)

    assert old.etag != new.etag
    assert old.digests["crc32"] != new.digests["crc32"]
    assert (server.body("thing"), server.objects["thing"].etag) == (second.path.read_bytes(), new.etag)
