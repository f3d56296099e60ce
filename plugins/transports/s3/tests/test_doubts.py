"""Lost answers, answers that lie, and answers that say no: what each step of an upload makes of them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sendoff import CredentialNeeded, Leftover, OutcomeUnknown, ServerBusy, SessionLost, Transient

from plugins.transports.s3.tests.conftest import MIB, fails, parts_sent

# -- lost answers


@pytest.mark.fault(3, 48)
def test_the_upload_whose_creation_was_not_answered_is_found_and_used(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("create", "lost")
    fails(transport, shipment)

    transport.send(lab.again(transport, shipment))

    assert server.operations("create") == ["create"]
    assert server.body("thing") == shipment.path.read_bytes()
    assert server.uploads == {}


@pytest.mark.parametrize("hours", [-2, 2])
def test_an_upload_begun_at_another_time_is_somebody_elses_and_is_left_alone(lab, hours):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("create", "lost")
    fails(transport, shipment)
    (id,) = server.uploads
    server.uploads[id].began += hours * 3600

    transport.abort(Leftover(url=shipment.target.url, session=shipment.checkpoints[-1]))
    transport.send(lab.again(transport, shipment))

    assert list(server.uploads) == [id]
    assert server.body("thing") == shipment.path.read_bytes()


def test_in_a_new_round_the_upload_whose_creation_was_not_answered_is_found_all_the_same(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("create", "lost")
    fails(transport, shipment)

    transport.send(lab.of(transport, shipment.path, attempts=1, session=shipment.checkpoints[-1]))

    assert server.operations("create") == ["create"]
    assert server.uploads == {}


def test_an_upload_that_has_parts_is_somebody_elses_and_is_left_alone(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("create", "lost")
    fails(transport, shipment)
    (id,) = server.uploads
    server.uploads[id].parts[1] = (b"theirs", '"theirs"', None)

    transport.send(lab.again(transport, shipment))

    assert list(server.uploads) == [id]
    assert server.body("thing") == shipment.path.read_bytes()


@pytest.mark.fault(48)
def test_a_part_whose_answer_was_lost_is_not_sent_again(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("part", "call")
    server.fault("part", "lost")
    fails(transport, shipment)

    transport.send(lab.again(transport, shipment))

    assert [int(one.query["partNumber"][0]) for one in server.seen if one.operation == "part"] == [1, 2, 3, 4]


@pytest.mark.fault(5, 6, 48)
def test_a_completion_whose_answer_was_lost_is_known_again_by_the_mark_in_the_metadata(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("complete", "lost")
    fails(transport, shipment)
    before = server.objects["thing"].version

    delivery = transport.send(lab.again(transport, shipment))

    assert (delivery.size, delivery.verified in ("size", "server-digest")) == (shipment.size, True)
    assert server.objects["thing"].version == before, "a second upload was made"
    assert server.operations("create", "complete") == ["create", "complete"]


def test_where_the_mark_is_lost_a_completion_without_an_answer_stays_unknown(lab):
    server = lab.server(metadata=False, checksums=False)
    transport = lab.transport(server, checksum="none")
    shipment = lab.shipment(transport)
    server.fault("complete", "lost")
    fails(transport, shipment)

    error = fails(transport, lab.again(transport, shipment), OutcomeUnknown)

    assert "whose it is" in error.message
    assert server.operations("create") == ["create"], "a second upload was begun in silence"


def test_where_the_mark_is_lost_the_whole_checksum_still_tells(lab):
    server = lab.server(metadata=False)
    transport = lab.transport(server)
    transport.send(lab.shipment(transport, 10, name="before"))  # so that it is known to check
    shipment = lab.shipment(transport)
    server.fault("complete", "lost")
    fails(transport, shipment)

    assert transport.send(lab.again(transport, shipment)).verified == "server-digest"
    assert server.operations("create") == ["create"]


def test_another_object_in_the_place_of_a_lost_upload_is_not_taken_for_it(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("complete", "lost")
    fails(transport, shipment)
    server.objects["thing"] = replace(server.objects["thing"], fields={"x-amz-meta-sendoff-op": "somebody else"})

    fails(transport, lab.again(transport, shipment), SessionLost)


def test_where_it_may_not_be_looked_nothing_is_claimed(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("complete", "lost")
    fails(transport, shipment)
    server.allowed = ("create", "part", "list", "complete")

    fails(transport, lab.again(transport, shipment), OutcomeUnknown)

    assert server.operations("create") == ["create"]


@pytest.mark.fault(48)
def test_a_small_thing_whose_answer_was_lost_is_not_put_twice(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport, 1000)
    server.fault("put", "lost")
    fails(transport, shipment)

    delivery = transport.send(lab.again(transport, shipment))

    assert server.operations("put") == ["put"]
    assert delivery.size == 1000


# -- completing


@pytest.mark.fault(49)
def test_an_error_inside_a_200_is_an_error(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("complete", "inside", code="InternalError")

    fails(transport, shipment, ServerBusy)
    assert server.body("thing") is None
    transport.send(lab.again(transport, shipment))

    assert server.body("thing") == shipment.path.read_bytes()
    assert parts_sent(server) == [1, 2, 3, 4]


@pytest.mark.fault(49)
@pytest.mark.parametrize("operation", ["create", "part", "complete"])
def test_a_portals_page_is_no_answer_of_s3s(lab, operation):
    server = lab.server()
    transport = lab.transport(server)
    server.fault(operation, "html")

    fails(transport, lab.shipment(transport), Transient)

    assert server.body("thing") is None


def test_a_conflict_at_the_end_sends_every_part_again_and_leaves_nothing(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("complete", "error", status=409, code="ConditionalRequestConflict")

    assert fails(transport, shipment, SessionLost).facts["left"], "what is left there is removed, by a to-do"
    transport.abort(Leftover(url=shipment.target.url, session=shipment.checkpoints[-1]))
    assert server.uploads == {}
    transport.send(lab.of(transport, shipment.path, attempts=2))

    assert parts_sent(server) == [1, 2, 3, 4] * 2


# -- the server's other words


@pytest.mark.fault(71, 51)
def test_slow_down_waits_as_long_as_it_says(lab):
    server = lab.server()
    transport = lab.transport(server)
    server.fault("part", "error", status=503, code="SlowDown", headers={"Retry-After": "7"})

    error = fails(transport, lab.shipment(transport), ServerBusy)

    assert error.retry_after == 7


@pytest.mark.fault(71)
@pytest.mark.parametrize("size", [1000, 3 * MIB])
def test_a_bucket_in_another_region_is_followed_there_and_it_is_said(lab, size, caplog):
    server = lab.server(region="eu-west-3")
    transport = lab.transport(server)
    shipment = lab.shipment(transport, size)

    transport.send(shipment)

    assert server.body("thing") == shipment.path.read_bytes()
    assert lab.learned.get("region") == "eu-west-3"
    assert "is in eu-west-3, not in us-east-1" in caplog.text
    asked = len(server.seen)
    lab.transport(server).send(lab.shipment(transport, 10))
    assert len(server.seen) == asked + 1, "what was learned was not used"


@pytest.mark.fault(71)
def test_many_uploads_that_find_the_bucket_elsewhere_all_arrive_and_one_says_so(lab, caplog):
    server = lab.server(region="eu-west-3")
    transport = lab.transport(server)
    shipments = [lab.shipment(transport, 1000, name=f"thing-{number}") for number in range(8)]
    barrier = threading.Barrier(8)
    for _ in shipments:
        server.fault("put", "call", then=lambda: barrier.wait(10))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(transport.send, shipments))

    assert sorted(server.objects) == [f"thing-{number}" for number in range(8)]
    assert caplog.text.count("is in eu-west-3") == 1


@pytest.mark.fault(64)
@pytest.mark.parametrize("operation", ["put", "part"])
def test_bytes_that_change_on_the_way_are_refused_and_sent_again(lab, operation):
    server = lab.server()
    transport = lab.transport(server)
    server.fault(operation, "error", status=400, code="BadDigest")
    shipment = lab.shipment(transport, 1000 if operation == "put" else 3 * MIB)

    fails(transport, shipment)
    transport.send(lab.again(transport, shipment))

    assert server.body("thing") == shipment.path.read_bytes()


@pytest.mark.fault(52)
def test_an_identity_that_is_refused_waits_for_a_person_and_keeps_the_session(lab):
    server = lab.server()
    transport = lab.transport(server)
    shipment = lab.shipment(transport)
    server.fault("part", "call")
    server.fault("part", "error", status=403, code="InvalidAccessKeyId")

    fails(transport, shipment, CredentialNeeded)
    transport.send(lab.again(transport, shipment))

    assert parts_sent(server) == [1, 2, 3, 4]


@pytest.mark.fault(59)
def test_a_wrong_clock_is_named(lab):
    server = lab.server()
    transport = lab.transport(server)
    server.fault("put", "error", status=403, code="RequestTimeTooSkewed")

    error = fails(transport, lab.shipment(transport, 10))

    assert "clock wrong" in error.message
    assert "set the clock" in error.hint
