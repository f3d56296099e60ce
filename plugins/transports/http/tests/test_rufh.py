"""Resumable uploads by the IETF's draft: careful creation, appending, completing, going on."""

import pytest
from sendoff import (
    CredentialNeeded,
    OutcomeUnknown,
    Rejected,
    ServerBusy,
    SessionLost,
    TooLarge,
    Transient,
)

from plugins.transports.http.tests.spoken import CHUNK, PAGE, SIZE, methods, named, offsets
from tests.servers.rufh import Close, Expire, First, Forget, HalfClose, Instead, Limits, Lost, Reset, Rule

KNOBS = [{}, {"terse": True}, {"keep_completed": False}, {"relative": True}, {"interim": False}, {"interop": 6}]


# -- whether, and creating


@pytest.mark.parametrize("words", KNOBS, ids=named)
@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, SIZE])
@pytest.mark.fault(36)
def test_bytes_arrive_chunk_by_chunk_and_the_last_one_completes(lab, rufh, words, size):
    server, transport = rufh(**words)
    shipment = lab.shipment(transport, size)

    delivery = transport.send(shipment)

    rows = [row for row in server.requests if row.method == "PATCH"]
    assert server.stored("thing") == shipment.path.read_bytes()
    assert methods(server)[:2] == ["OPTIONS", "PUT"]
    assert [row.header("Upload-Complete") for row in rows] == ["?0"] * (len(rows) - 1) + ["?1"]
    assert offsets(server) == (list(range(0, size, CHUNK)) or [0])
    assert (delivery.size, delivery.url, delivery.existing) == (size, f"{server.url}thing", None)
    assert shipment.confirmed[-1:] == ([size] if size else [])
    assert shipment.given == (size or None)
    assert (shipment.protocol, shipment.resumable) == ("rufh", True)
    assert {row.header("Upload-Draft-Interop-Version") for row in server.requests[1:]} == {str(words.get("interop", 9))}


def test_a_creation_says_what_the_file_is_and_carries_none_of_it(lab, rufh):
    server, transport = rufh()

    transport.send(lab.shipment(transport, SIZE, name="ü.txt", headers=(("Content-Type", "text/plain"), ("X-Mine", "yes"))))

    row = server.requests[1]
    assert (row.method, row.size, row.header("Upload-Complete"), row.header("Upload-Length")) == ("PUT", 0, "?0", str(SIZE))
    assert (row.header("Content-Type"), row.header("X-Mine")) == ("text/plain", "yes")
    assert row.header("Content-Disposition") == "inline; filename*=UTF-8''%C3%BC.txt"


def test_nothing_is_created_where_it_was_not_announced(lab, rufh):
    server, transport = rufh(announces=False)

    error, shipment = lab.broken(transport, kind=Rejected, size=SIZE)

    assert "does not announce rufh" in str(error)
    assert (methods(server), shipment.session) == (["OPTIONS"], None)


@pytest.mark.fault(49)
@pytest.mark.parametrize(
    ("answer", "kind"), [(First(200, PAGE), Transient), (First(503), ServerBusy), (First(401), CredentialNeeded), (First(403), Rejected)], ids=lambda one: one
)
def test_a_question_that_is_not_answered_says_nothing_about_the_server(lab, rufh, answer, kind):
    server, transport = rufh(Rule(do=answer, method="OPTIONS"))
    lab.broken(transport, kind=kind)

    transport.send(lab.shipment(transport, SIZE))

    assert methods(server)[:3] == ["OPTIONS", "OPTIONS", "PUT"]


def test_a_server_that_takes_the_creation_for_the_file_is_not_used_this_way(lab, rufh):
    _, transport = rufh(Rule(do=Instead(201), method="PUT"))

    error, shipment = lab.broken(transport, kind=Rejected)

    assert 'protocol = "plain"' in str(error)
    assert (shipment.session, shipment.read, shipment.confirmed) == (None, 0, [])


@pytest.mark.fault(49)
def test_a_portals_page_is_no_creation(lab, rufh):
    _, transport = rufh(Rule(do=First(200, PAGE, b"<html>log in"), method="PUT"))

    _, shipment = lab.broken(transport)

    assert shipment.session is None


@pytest.mark.fault(48, 3)
def test_a_lost_answer_to_the_creation_leaves_an_empty_orphan_and_the_next_try_creates_another(lab, rufh):
    server, transport = rufh(Rule(do=Lost(), method="PUT"))
    _, shipment = lab.broken(transport, size=SIZE)
    assert (shipment.session, shipment.read) == (None, 0)

    transport.send(lab.again(transport, shipment))

    assert sorted(server.upload(id).offset for id in server.live) == [0, SIZE]
    assert server.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(55)
@pytest.mark.parametrize("announced", [True, False])
def test_a_file_that_is_too_large_is_refused_before_anything_is_sent(lab, rufh, announced):
    server, transport = rufh(Rule(do=First(204, (("Upload-Limit", "min-size=0"),)), method="OPTIONS"), limits=Limits(max_size=SIZE - 1))
    if announced:
        server.script.take("OPTIONS", "/", 1, 1)

    _, shipment = lab.broken(transport, kind=TooLarge, size=SIZE)

    assert (methods(server), shipment.read) == (["OPTIONS"] if announced else ["OPTIONS", "PUT"], 0)


@pytest.mark.fault(55)
def test_the_servers_limits_hold_for_each_request(lab, rufh):
    server, transport = rufh(limits=Limits(max_append_size=60_000, min_append_size=50_000))
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert offsets(server) == [0, 60_000, 120_000, 180_000, 240_000]
    assert server.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(55)
def test_chunks_shrink_until_they_fit_but_not_below_the_servers_least(lab, rufh):
    least = 2 * 2**20
    server, transport = rufh(Rule(do=First(413), method="PATCH", nth=1, at=0), chunk_size=8 * 2**20, limits=Limits(min_append_size=least))
    shipment = lab.shipment(transport, 5 * 2**20)

    transport.send(shipment)

    assert offsets(server) == [0, 0, least, 2 * least]
    assert server.stored("thing") == shipment.path.read_bytes()


def test_how_long_the_server_keeps_it_is_kept_too(lab, rufh):
    for interop in (9, 6):
        _, transport = rufh(Rule(do=Close(), method="PATCH", at=10), interop=interop, limits=Limits(max_age=3600))

        _, shipment = lab.broken(transport, size=SIZE)

        assert 3500 < (shipment.session.expires_at - transport.toolkit.clock.wall()) / 1e6 <= 3600


# -- breaks


@pytest.mark.fault(44, 47, 4)
@pytest.mark.parametrize("breakdown", [Reset(), Close(), HalfClose()], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(("chunk", "at"), [(1, 0), (1, 1), (2, CHUNK - 1), (3, CHUNK // 2), (3, CHUNK - 1)])
def test_a_break_in_any_chunk_costs_no_more_than_what_was_on_its_way(lab, rufh, breakdown, chunk, at):
    server, transport = rufh(Rule(do=breakdown, method="PATCH", nth=chunk, at=at))
    _, shipment = lab.broken(transport, size=3 * CHUNK)
    after = lab.again(transport, shipment)

    transport.send(after)

    assert server.stored("thing") == shipment.path.read_bytes()
    assert after.confirmed[0] >= (chunk - 1) * CHUNK + at
    assert len(server.live) == 1


@pytest.mark.fault(48, 5, 6)
@pytest.mark.parametrize("words", KNOBS, ids=named)
@pytest.mark.parametrize("chunk", [1, 3])
def test_a_chunk_whose_answer_is_lost_is_not_sent_twice(lab, rufh, words, chunk):
    server, transport = rufh(Rule(do=Lost(), method="PATCH", nth=chunk), **words)
    _, shipment = lab.broken(transport, size=3 * CHUNK)
    after = lab.again(transport, shipment)

    delivery = transport.send(after)

    assert after.read == (3 - chunk) * CHUNK
    assert (delivery.size, server.stored("thing")) == (3 * CHUNK, shipment.path.read_bytes())
    assert after.confirmed[-1] == 3 * CHUNK


@pytest.mark.fault(56, 48)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_final_answer_that_is_lost_with_the_resource_is_looked_up_at_the_target_or_stays_unknown(lab, rufh, method):
    server, transport = rufh(Rule(do=Lost(), method="PATCH", nth=3), keep_completed=False)
    _, shipment = lab.broken(transport, size=SIZE, method=method)
    after = lab.again(transport, shipment)

    if method == "PUT":
        assert transport.send(after).size == SIZE
        assert after.given is None
    else:
        lab.broken(transport, after, kind=OutcomeUnknown)
    assert server.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(56)
@pytest.mark.parametrize("fault", [Forget(), Expire()], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
def test_a_session_that_vanished_half_way_is_lost(lab, rufh, fault, method):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=2, at=10))
    _, shipment = lab.broken(transport, size=SIZE)
    server.script.add(Rule(do=fault, method=method))

    lab.broken(transport, lab.again(transport, shipment), kind=SessionLost)


@pytest.mark.fault(56)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_session_that_vanished_before_its_only_chunk_has_completed_nothing(lab, rufh, method):
    _, transport = rufh(Rule(do=Forget(), method="PATCH"))

    lab.broken(transport, kind=SessionLost, size=CHUNK, method=method)
