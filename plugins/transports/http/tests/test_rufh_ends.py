"""The draft's protocol: what was seen in the end, what is taken away, and whose session it is."""

import base64
import hashlib

import pytest
from sendoff import (
    Demand,
    Leftover,
    Rejected,
    ServerBusy,
    Session,
    SessionLost,
    TargetExists,
    Transient,
    Unverified,
)

from plugins.transports.http.tests.spoken import CHUNK, PAGE, SIZE, named, offsets
from tests.servers.rufh import Close, Corrupt, Expire, First, Forget, Rule

# -- what is demanded beyond acceptance


@pytest.mark.parametrize("words", [{}, {"terse": True}, {"keep_completed": False}, {"interop": 6}], ids=named)
@pytest.mark.parametrize(("verify", "seen"), [("auto", "server-digest"), ("size", "size"), ("digest", "server-digest"), ("read-back", "read-back")])
def test_what_is_demanded_is_seen(lab, rufh, words, verify, seen):
    _, transport = rufh(**words)
    shipment = lab.shipment(transport, SIZE, demand=Demand(verify=verify, digest="sha256"))

    delivery = transport.send(shipment)

    assert delivery.verified == seen
    assert delivery.digests == {"sha256": hashlib.sha256(shipment.path.read_bytes()).hexdigest()}


def test_the_digest_of_the_whole_goes_with_the_creation_and_that_of_each_chunk_with_it(lab, rufh):
    server, transport = rufh()
    shipment = lab.shipment(transport, SIZE, demand=Demand(digest="sha256"))

    transport.send(shipment)

    def field(data):
        return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"

    body = shipment.path.read_bytes()
    assert server.requests[1].header("Repr-Digest") == field(body)
    assert [row.header("Content-Digest") for row in server.requests[2:]] == [field(body[at : at + CHUNK]) for at in range(0, SIZE, CHUNK)]


@pytest.mark.fault(64)
@pytest.mark.parametrize("times", [1, 2])
def test_a_chunk_that_arrived_changed_is_sent_again(lab, rufh, times):
    server, transport = rufh(Rule(do=Corrupt(), method="PATCH", at=1000, times=times))
    shipment = lab.shipment(transport, SIZE, demand=Demand(digest="sha256"))

    transport.send(shipment)

    assert offsets(server) == [*[0] * times, 0, CHUNK, 2 * CHUNK]
    assert server.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(64)
@pytest.mark.parametrize("demand", [Demand(digest="sha256"), Demand(verify="digest"), Demand(verify="read-back")], ids=["sha256", "digest", "read-back"])
def test_bytes_that_change_on_the_way_are_never_counted_as_done(lab, rufh, demand):
    server, transport = rufh(Rule(do=Corrupt(), method="PATCH", at=1000, times=None))

    shipment = lab.shipment(transport, SIZE, demand=demand)
    with pytest.raises((Rejected, Unverified)):
        transport.send(shipment)

    assert len(offsets(server)) <= 3
    with pytest.raises(FileNotFoundError):
        server.stored("thing")


@pytest.mark.fault(65)
@pytest.mark.parametrize("meanwhile", [False, True], ids=["before", "meanwhile"])
@pytest.mark.parametrize("existing", ["fail", "skip"])
def test_what_exists_is_not_overwritten_where_that_was_asked_for(lab, rufh, meanwhile, existing):
    server, transport = rufh()
    there = bytes(SIZE)
    shipment = lab.shipment(transport, SIZE, demand=Demand(existing=existing))
    if meanwhile:
        shipment.on_read = lambda offset: (lab.folder / "in" / "thing").write_bytes(there)
    else:
        (lab.folder / "in" / "thing").write_bytes(there)

    if existing == "skip":
        assert transport.send(shipment).existing == "skipped"
    else:
        lab.broken(transport, shipment, kind=TargetExists)
    assert server.stored("thing") == there


@pytest.mark.fault(65)
def test_what_was_created_where_nothing_was_is_said_to_be(lab, rufh):
    _, transport = rufh()

    assert transport.send(lab.shipment(transport, SIZE, demand=Demand(existing="fail"))).existing == "created"


# -- taking away, and others' sessions


@pytest.mark.parametrize("fault", [None, Forget(), Expire()], ids=lambda one: type(one).__name__)
def test_what_is_not_wanted_any_more_is_taken_away(lab, rufh, fault):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=1, at=10))
    _, shipment = lab.broken(transport, size=SIZE)
    if fault is not None:
        server.script.add(Rule(do=fault, method="DELETE"))

    transport.abort(Leftover(url=shipment.target.url, session=shipment.session))

    assert server.live == ()


@pytest.mark.parametrize(
    ("answer", "kind"), [(First(423), ServerBusy), (First(500), Transient), (First(403), Rejected), (First(200, PAGE), Transient)], ids=str
)
def test_what_could_not_be_taken_away_is_said(lab, rufh, answer, kind):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=1, at=10))
    _, shipment = lab.broken(transport, size=SIZE)
    server.script.add(Rule(do=answer, method="DELETE"))

    with pytest.raises(kind):
        transport.abort(Leftover(url=shipment.target.url, session=shipment.session))
    assert len(server.live) == 1


@pytest.mark.fault(57)
def test_a_session_of_another_kind_is_not_gone_on_with(lab, rufh):
    server, transport = rufh()

    lab.broken(transport, kind=SessionLost, session=Session(kind="tus/1", data={"url": f"{server.url}x"}))

    assert server.requests == ()
