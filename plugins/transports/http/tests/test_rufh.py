"""Resumable uploads by the IETF's draft: careful creation, appending, completing, and what the server's words mean."""

import base64
import hashlib

import pytest
from sendoff import (
    Credential,
    CredentialNeeded,
    Demand,
    Leftover,
    OutcomeUnknown,
    Rejected,
    Secret,
    ServerBusy,
    Session,
    SessionLost,
    TargetExists,
    TooLarge,
    Transient,
    Unverified,
)
from sendoff.testing.shipment import Wallet

from tests.servers.rufh import Close, Corrupt, Expire, First, Forget, HalfClose, Instead, Lie, Limits, Lost, Move, Reset, RufhServer, Rule

OLD, NEW = (Credential(kind="bearer", secret=Secret(word)) for word in ("old", "new"))
CHUNK = 100_000
SIZE = 250_000
PAGE = (("Content-Type", "text/html"),)
KNOBS = [{}, {"terse": True}, {"keep_completed": False}, {"relative": True}, {"interim": False}, {"interop": 6}]


@pytest.fixture
def rufh(lab):
    """The draft's own server, and a transport to it that sends chunks of ``CHUNK`` bytes."""

    def make(*rules, chunk_size=CHUNK, credential=None, interop=9, **words):
        server = lab.keep(RufhServer(lab.folder / "in", script=rules, **words).open())
        options = {"chunk_size": chunk_size, "interop": interop}
        return server, lab.transport(server.url, protocol="rufh", protocol_options=options, credential=credential)

    return make


def methods(server):
    return [row.method for row in server.requests]


def offsets(server):
    return [int(row.header("Upload-Offset")) for row in server.requests if row.method == "PATCH"]


def named(words):
    return " ".join(f"{key}={value}" for key, value in words.items()) or "plain"


# -- whether, and creating


@pytest.mark.parametrize("words", KNOBS, ids=named)
@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, SIZE])
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


# -- what the server says


@pytest.mark.fault(51)
@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
@pytest.mark.parametrize(("status", "kind"), [(423, ServerBusy), (429, ServerBusy), (500, Transient), (503, ServerBusy)])
def test_a_busy_or_broken_server_costs_no_session(lab, rufh, method, status, kind):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=1, at=10))
    _, shipment = lab.broken(transport, size=SIZE)
    server.script.add(Rule(do=First(status), method=method, at=0 if method == "PATCH" else None))
    after = lab.again(transport, shipment)
    lab.broken(transport, after, kind=kind)

    transport.send(lab.again(transport, after))

    assert (len(server.live), server.stored("thing")) == (1, shipment.path.read_bytes())


def test_the_offset_of_a_conflict_is_believed(lab, rufh):
    server, transport = rufh(Rule(do=First(409, (("Upload-Offset", "0"), ("Upload-Complete", "?0"))), method="PATCH", at=0))
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert methods(server)[2:4] == ["PATCH", "PATCH"]
    assert server.stored("thing") == shipment.path.read_bytes()


@pytest.mark.parametrize("status", [400, 415, 422])
def test_a_refused_chunk_is_for_good(lab, rufh, status):
    _, transport = rufh(Rule(do=First(status, body=b"why"), method="PATCH", at=0))

    error, shipment = lab.broken(transport, kind=Rejected, size=SIZE)

    assert (error.http_status, shipment.answers[-1].body.getvalue()) == (status, b"why")


@pytest.mark.parametrize(("status", "kind"), [(400, Rejected), (403, Rejected), (412, TargetExists), (500, SessionLost), (503, SessionLost)])
def test_a_target_that_refuses_the_whole_is_not_asked_to_go_on(lab, rufh, status, kind):
    final = (("Upload-Complete", "?1"),)
    server, transport = rufh(Rule(do=Instead(status, final, b"why"), method="PATCH", nth=3))

    error, shipment = lab.broken(transport, kind=kind, size=SIZE)

    assert error.http_status == status
    assert SIZE not in shipment.confirmed
    assert methods(server)[-1] == "PATCH"


@pytest.mark.fault(53)
@pytest.mark.parametrize("status", [307, 308])
def test_an_upload_that_moved_is_found_at_its_new_address_from_then_on(lab, rufh, status):
    server, transport = rufh(Rule(do=Move(status), method="PATCH", nth=1))
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert offsets(server) == [0, 0, CHUNK, 2 * CHUNK]
    assert len({session.data["url"] for session in shipment.checkpoints}) == 2
    assert server.stored("thing") == shipment.path.read_bytes()


# -- a server that lies


@pytest.mark.fault(50, 57)
@pytest.mark.parametrize(
    "words",
    [
        {"Upload-Offset": str(SIZE)},
        {"Upload-Offset": str(CHUNK + 1)},
        {"Upload-Offset": str(SIZE + 1)},
        {"Upload-Offset": "-1"},
        {"Upload-Offset": "many"},
        {"Upload-Offset": "0", "Upload-Length": str(SIZE - 1)},
        {"Upload-Offset": "0", "Upload-Length": "long"},
        {"Upload-Complete": "?1"},
        {"Upload-Complete": "?1", "Upload-Offset": str(SIZE), "Upload-Length": str(SIZE)},
    ],
    ids=named,
)
def test_a_server_that_tells_what_cannot_be_is_given_up_and_nothing_is_claimed(lab, rufh, words):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=1, at=10))
    _, shipment = lab.broken(transport, size=SIZE)
    server.script.add(Rule(do=Instead(204, tuple(words.items())), method="HEAD"))
    after = lab.again(transport, shipment)

    lab.broken(transport, after, kind=SessionLost)

    assert (after.confirmed, after.read) == ([], 0)


@pytest.mark.fault(50)
@pytest.mark.parametrize("by", [1, CHUNK, SIZE, 10**12])
def test_an_offset_beyond_what_was_sent_is_never_skipped_to(lab, rufh, by):
    server, transport = rufh(Rule(do=Lie(by), method="PATCH", nth=1), interop=6)

    _, shipment = lab.broken(transport, kind=SessionLost, size=SIZE)

    assert (shipment.confirmed, offsets(server)) == ([], [0])


@pytest.mark.fault(50)
def test_an_offset_below_what_was_sent_costs_a_question_and_no_byte(lab, rufh):
    server, transport = rufh(Rule(do=Lie(-50_000), method="PATCH", nth=1), interop=6)
    shipment = lab.shipment(transport, SIZE)

    transport.send(shipment)

    assert server.stored("thing") == shipment.path.read_bytes()


@pytest.mark.fault(50)
@pytest.mark.parametrize("claims", [["0"], ["1000", "500"]], ids=["stands still", "goes to and fro"])
def test_a_server_that_takes_bytes_and_never_has_more_is_not_fed_for_ever(lab, rufh, claims):
    rules = [Rule(do=First(409, (("Upload-Offset", claims[n % len(claims)]), ("Upload-Complete", "?0"))), method="PATCH", nth=n + 1) for n in range(20)]
    server, transport = rufh(*rules)

    error, _ = lab.broken(transport, kind=ServerBusy, size=SIZE)

    assert "no more of them than before" in str(error)
    assert len(offsets(server)) <= 6


@pytest.mark.fault(50, 66)
@pytest.mark.parametrize("nth", [1, 2])
def test_a_server_that_calls_half_of_it_complete_is_not_believed(lab, rufh, nth):
    _, transport = rufh(Rule(do=Instead(201, (("Upload-Complete", "?1"),)), method="PATCH", nth=nth))

    _, shipment = lab.broken(transport, kind=SessionLost, size=SIZE)

    assert SIZE not in shipment.confirmed


@pytest.mark.fault(49)
@pytest.mark.parametrize(
    ("size", "came", "portal"),
    [(SIZE, 10, [("HEAD", 1)]), (SIZE, 10, [("PATCH", 2), ("HEAD", 2)]), (CHUNK, 10, [("PATCH", 2), ("HEAD", 2)]), (CHUNK, CHUNK, [("PATCH", 2)])],
    ids=["asking", "a chunk", "the last chunk", "the completion"],
)
def test_a_portal_that_answers_for_the_server_costs_no_session(lab, rufh, size, came, portal):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=1, at=came))
    _, shipment = lab.broken(transport, size=size)
    server.script.add(*(Rule(do=First(200, PAGE, b"<html>log in"), method=method, nth=nth) for method, nth in portal))
    after = lab.again(transport, shipment)

    error, _ = lab.broken(transport, after)
    transport.send(lab.again(transport, after))

    assert "something in between may have answered" in str(error)
    assert (len(server.live), server.stored("thing")) == (1, shipment.path.read_bytes())


# -- proving who we are, in the middle


@pytest.mark.fault(52)
@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
def test_a_login_that_is_refused_twice_needs_a_person_and_the_session_stays(lab, rufh, method):
    server, transport = rufh(Rule(do=Close(), method="PATCH", nth=1, at=10), credential=Wallet(OLD, NEW))
    _, shipment = lab.broken(transport, size=SIZE)
    server.script.add(Rule(do=First(401), method=method, times=2, at=0 if method == "PATCH" else None))
    after = lab.again(transport, shipment)
    lab.broken(transport, after, kind=CredentialNeeded)

    transport.send(lab.again(transport, after))

    assert [row.header("Authorization") for row in server.requests if row.status == 401] == ["Bearer old", "Bearer new"]
    assert (len(server.live), server.stored("thing")) == (1, shipment.path.read_bytes())


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
