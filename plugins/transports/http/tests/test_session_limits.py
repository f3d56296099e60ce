"""Limits of time and size hold for every request of a protocol that resumes, not only for plain ones."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sendoff import Interrupted, TooLarge, Transient
from sendoff.testing.receiver import Answer, Close, Delay, Drip, EndlessBody, EndlessHeaders, Fault, Interim, Raw, Rule, Stall

from tests.servers import rufh

SIZE = 24 * 2**20  # more than all buffers between here and the server hold
STEPS = ["OPTIONS", "POST", "HEAD", "PATCH"]


@pytest.fixture
def large(lab):
    def make(*rules, **settings):
        receiver = lab.receiver(*rules, tus=True)
        return receiver, lab.transport(receiver.url, protocol="tus", protocol_options={"checksum": False, "chunk_size": SIZE}, **settings)

    return make


def reached(lab, transport, receiver, step):
    """A shipment of which this step is asked next, or soon."""
    if step != "HEAD":
        return lab.shipment(transport, SIZE if step == "PATCH" else 1000)
    receiver.script.add(Rule(do=Close(), method="PATCH", at=10))
    _, shipment = lab.broken(transport, size=1000)
    return lab.again(transport, shipment)


@pytest.mark.fault(46)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", [Stall(), Drip(0.05), Delay(30)], ids=lambda fault: type(fault).__name__)
def test_every_answer_has_a_time(lab, large, step, fault):
    receiver, transport = large(response_timeout=0.4)
    shipment = reached(lab, transport, receiver, step)
    receiver.script.add(Rule(do=fault, method=step))
    began = time.monotonic()

    error, _ = lab.broken(transport, shipment)

    assert "no complete answer within 0.4 seconds" in str(error)
    assert time.monotonic() - began < 5
    assert shipment.size not in shipment.confirmed


@pytest.mark.fault(45, 62)
def test_a_server_that_stops_reading_a_chunk_is_noticed_and_the_next_try_goes_on(lab, large):
    receiver, transport = large(Rule(do=Stall(), method="PATCH", at=100_000), stall_timeout=0.4)
    _, shipment = lab.broken(transport, size=SIZE)

    transport.send(lab.again(transport, shipment))

    assert receiver.stored("thing") == shipment.path.read_bytes()
    assert [row.header("Upload-Offset") for row in receiver.requests if row.method == "PATCH"] == ["0", "100000"]


@pytest.mark.fault(45, 62)
def test_a_server_of_the_draft_that_stops_reading_is_noticed_and_the_next_try_goes_on(lab):
    server = lab.keep(rufh.RufhServer(lab.folder / "in", script=[rufh.Rule(do=rufh.Stall(), method="PATCH", at=100_000)]).open())
    transport = lab.transport(server.url, protocol="rufh", stall_timeout=0.4)
    _, shipment = lab.broken(transport, size=SIZE)

    transport.send(lab.again(transport, shipment))

    assert server.stored("thing") == shipment.path.read_bytes()


FLOODS = [(step, None, fault) for step in STEPS for fault in (EndlessHeaders(), Raw(b"HTTP/1.1 abc\r\n\r\n"))]
INTERIMS = ("PATCH", 100_000, Interim(103, (("Link", "x" * 500),), 4000))


@pytest.mark.fault(46)
@pytest.mark.parametrize(("step", "at", "fault"), [*FLOODS, INTERIMS], ids=lambda one: type(one).__name__ if isinstance(one, Fault) else one)
def test_what_floods_or_is_no_http_is_cut(lab, large, step, at, fault):
    receiver, transport = large(response_timeout=2)
    shipment = reached(lab, transport, receiver, step)
    receiver.script.add(Rule(do=fault, method=step, at=at))

    error, _ = lab.broken(transport, shipment)

    assert error.facts["web_error"]
    assert shipment.size not in shipment.confirmed


@pytest.mark.fault(46)
@pytest.mark.parametrize("step", ["OPTIONS", "POST", "PATCH"])
def test_an_answer_whose_body_never_ends_is_read_no_further_than_its_beginning(lab, large, step):
    receiver, transport = large(response_timeout=20)
    shipment = reached(lab, transport, receiver, step)
    receiver.script.add(Rule(do=EndlessBody(500), method=step))
    began = time.monotonic()

    error, _ = lab.broken(transport, shipment)

    assert error.http_status == 500
    assert all(len(kept.body.getvalue()) <= 64 * 1024 for kept in shipment.answers)
    assert time.monotonic() - began < 10


@pytest.mark.fault(55)
@pytest.mark.parametrize("then", ["close", "keep", "read"])
def test_an_early_refusal_of_a_chunk_is_seen_at_once(lab, large, then):
    receiver, transport = large(stall_timeout=20)
    transport.toolkit.learned.put("tus.chunk", 2**20)
    shipment = lab.shipment(transport, 3 * 2**20)
    receiver.script.add(Rule(do=Answer(413, then=then), method="PATCH", at=1000))
    began = time.monotonic()

    lab.broken(transport, shipment, kind=TooLarge)

    assert time.monotonic() - began < 10


def test_a_try_is_broken_off_wherever_it_waits_and_its_session_is_kept(lab, large):
    receiver, transport = large()
    transport.send(lab.shipment(transport, 10, name="first"))
    for step, at in (("PATCH", 100_000), ("PATCH", None), ("POST", None)):
        receiver.script.add(Rule(do=Stall(), method=step, at=at))
        shipment = lab.shipment(transport, SIZE, name=f"{step}{at}")
        seen = len(receiver.requests)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(transport.send, shipment)
            receiver.wait_until(lambda rows, seen=seen, step=step, at=at: any(r.method == step and r.received >= (at or r.size) for r in rows[seen:]))
            began = time.monotonic()
            shipment.interrupt()
            with pytest.raises(Interrupted):
                running.result(timeout=20)

        assert time.monotonic() - began < 1
        assert (shipment.session is not None) == (step == "PATCH")


def test_a_try_ends_at_its_deadline_and_the_next_goes_on(lab, large):
    receiver, transport = large(Rule(do=Stall(), method="PATCH", at=100_000))
    shipment = lab.shipment(transport, SIZE, deadline=time.monotonic() + 0.8)

    with pytest.raises(Transient, match="the time for this try is over"):
        transport.send(shipment)
    transport.send(lab.again(transport, shipment))

    assert receiver.stored("thing") == shipment.path.read_bytes()
