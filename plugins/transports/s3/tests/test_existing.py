"""What is there already: overwritten, refused or skipped, exactly as asked, whoever put it there and whenever."""

import pytest
from sendoff import SourceChanged, TargetExists
from sendoff.model.delivery import Demand

from plugins.transports.s3.tests.conftest import MIB, fails


@pytest.mark.parametrize("size", [1000, 3 * MIB])
@pytest.mark.fault(65)
def test_what_appears_meanwhile_is_not_overwritten(lab, size):
    server = lab.server()
    transport = lab.transport(server, conditional="yes")
    shipment = lab.shipment(transport, size, demand=Demand(existing="fail"))
    other = lab.shipment(lab.transport(server), 77)
    server.fault("put" if size == 1000 else "part", "call", then=lambda: transport.send(other))

    fails(transport, shipment, TargetExists)

    assert server.body("thing") == other.path.read_bytes()
    assert server.uploads == {}


@pytest.mark.parametrize("existing", ["fail", "skip"])
def test_what_appears_between_two_tries_is_not_overwritten_by_a_server_that_does_not_see_to_it(lab, existing):
    server = lab.server(conditions=False)
    transport = lab.transport(server, conditional="no")
    shipment = lab.shipment(transport, demand=Demand(existing=existing))
    server.fault("complete", "reset")
    fails(transport, shipment)
    other = lab.shipment(transport, 3 * MIB + 5)
    transport.send(other)

    if existing == "fail":
        fails(transport, lab.again(transport, shipment), TargetExists)
    else:
        assert transport.send(lab.again(transport, shipment)).existing == "skipped"

    assert server.body("thing") == other.path.read_bytes()
    assert server.uploads == {}


def test_where_conditions_cannot_be_tried_they_are_sent_all_the_same(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport, 10, demand=Demand(existing="fail"))
    server.fault("put", "error", status=403, code="AccessDenied")

    transport.send(shipment)

    assert server.seen[-1].headers["if-none-match"] == "*"


@pytest.mark.parametrize("error", [TargetExists, SourceChanged])
def test_a_removal_that_fails_does_not_hide_what_went_wrong(lab, error):
    server = lab.server()
    transport = lab.transport(server, conditional="yes")
    shipment = lab.shipment(transport, 3 * MIB, demand=Demand(existing="fail"))
    other = lab.shipment(lab.transport(server), 77)
    server.fault("part", "call", then=lambda: transport.send(other) if error is TargetExists else shipment.path.write_bytes(b"changed"))
    server.fault("abort", "error", status=403, code="AccessDenied")

    fails(transport, shipment, error)

    assert list(server.uploads) == [shipment.checkpoints[-1].data["id"]], "it is on record, and is found again by that"


@pytest.mark.parametrize("size", [1000, 3 * MIB])
def test_ones_own_finished_upload_is_no_obstacle(lab, size):
    server = lab.server()
    transport = lab.transport(server, conditional="yes")
    shipment = lab.shipment(transport, size, demand=Demand(existing="fail"))
    server.fault("put" if size == 1000 else "complete", "lost")
    fails(transport, shipment)

    assert transport.send(lab.again(transport, shipment)).size == size


@pytest.mark.parametrize("size", [1000, 3 * MIB])
def test_ones_own_finished_upload_is_verified_as_demanded(lab, size):
    server = lab.server()
    transport = lab.transport(server, conditional="yes")
    transport.send(lab.shipment(transport, size, name="before"))  # by which it is known that this server keeps checksums
    shipment = lab.shipment(transport, size, demand=Demand(existing="fail", verify="digest"))
    server.fault("put" if size == 1000 else "complete", "lost")
    fails(transport, shipment)

    assert transport.send(lab.again(transport, shipment)).verified == "server-digest"


def test_the_answer_412_to_ones_own_upload_is_a_success(lab):
    server = lab.server()
    transport = lab.transport(server, conditional="yes")
    shipment = lab.shipment(transport, 1000, demand=Demand(existing="fail"))
    server.fault("put", "lost")
    fails(transport, shipment)
    server.fault("head", "error", status=404, code="NoSuchKey")  # what is there shows late

    assert transport.send(lab.again(transport, shipment)).size == 1000


def test_what_is_to_be_skipped_counts_where_its_size_is_the_files(lab):
    server = lab.server()
    transport = lab.transport(server, conditional="yes")
    transport.send(lab.shipment(transport, 1000))

    delivery = transport.send(lab.shipment(transport, 1000, demand=Demand(existing="skip")))

    assert (delivery.existing, delivery.verified) == ("skipped", "size")
    assert server.operations("put") == ["put"]


@pytest.mark.parametrize(("conditions", "learned"), [(True, True), (False, False)])
def test_whether_a_server_honors_conditions_is_tried_once_and_remembered(lab, conditions, learned):
    server = lab.server(conditions=conditions)
    for name in ("one", "two"):
        transport = lab.transport(server)
        transport.send(lab.shipment(transport, 10, name=name, demand=Demand(existing="fail")))

    assert lab.learned.get("if-none-match") is learned
    assert len(server.operations("put")) == 4
    assert sorted(server.objects) == ["one", "two"]
