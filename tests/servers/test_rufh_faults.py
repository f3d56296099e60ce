"""The server for resumable uploads breaks down where its script says, and nowhere else."""

import time
from contextlib import ExitStack

import pytest

from tests.servers.resumable import NEWEST, append, created, offset_of
from tests.servers.rufh import Close, Corrupt, Delay, Expire, First, Forget, HalfClose, Instead, Lie, Lost, Move, Reset, RufhServer, Rule, Stall
from tests.servers.wire import Wire, ask

BODY = bytes(range(256)) * 400


@pytest.fixture
def make(tmp_path):
    """Servers with a script."""
    with ExitStack() as stack:
        yield lambda *rules, **habits: stack.enter_context(RufhServer(tmp_path / "site", script=rules, **habits))


def hung_up(method, address, body=b"", **fields):
    """The request had no answer."""
    with pytest.raises(OSError):
        ask(method, address, body, **fields)
    return True


def test_an_answer_is_lost_after_the_work_was_done(make):
    server = make(Rule(do=Lost(), method="PATCH", nth=2))
    location = created(server)
    append(location, 0, b"abc")

    with pytest.raises(OSError):
        append(location, 3, b"def", "?1")
    assert server.stored("/a.bin") == b"abcdef" and server.wait_for("PATCH", 2, over=True).status is None
    assert append(location, 6, b"", "?1").status == 201


def test_the_answer_to_a_creation_is_lost_and_the_upload_is_there(make):
    server = make(Rule(do=Lost(), method="PUT"))

    assert hung_up("PUT", server.url + "a.bin", Upload_Complete="?0") and len(server.live) == 1


@pytest.mark.parametrize("fault", [Reset(), Close()])
def test_a_connection_breaks_at_a_byte_and_all_before_it_is_kept(make, fault):
    server = make(Rule(do=fault, method="PATCH", at=1000))
    location = created(server)

    with pytest.raises(OSError):
        append(location, 0, BODY, "?1")
    assert offset_of(location) == 1000
    assert append(location, 1000, BODY[1000:], "?1").status == 201 and server.stored("/a.bin") == BODY


def test_a_creation_breaks_after_the_client_was_told_where(make):
    server = make(Rule(do=Close(), method="POST", at=10))
    with Wire(server.url) as wire:
        wire.begin("POST", "/a.bin", {"Upload-Complete": "?1", "Upload-Draft-Interop-Version": NEWEST, "Content-Length": "20"})
        wire.send(bytes(20))
        interim = wire.hear_one()
        with pytest.raises(OSError):
            wire.hear()
    assert offset_of(interim["location"]) == 10


def test_a_stalled_append_is_let_go_by_a_question(make):
    server = make(Rule(do=Stall(), method="PATCH", at=1000))
    location = created(server)
    with Wire(location) as wire:
        wire.begin("PATCH", location, {"Content-Type": "application/partial-upload", "Upload-Offset": "0", "Upload-Complete": "?1", "Content-Length": "2000"})
        wire.send(bytes(2000))
        server.wait_for("PATCH", bytes=1000)

        assert offset_of(location) == 1000
        with pytest.raises(OSError):
            wire.hear()
    assert server.wait_for("PATCH", over=True).broken


def test_a_status_comes_first_and_nothing_is_done(make):
    server = make(Rule(do=First(503, (("Retry-After", "1"),)), method="PATCH"))
    location = created(server)
    said = append(location, 0, b"abc", "?1")

    assert (said.status, said["retry-after"], offset_of(location)) == (503, "1", 0)
    assert append(location, 0, b"abc", "?1").status == 201


def test_a_creation_that_is_refused_makes_no_upload(make):
    server = make(Rule(do=First(500), method="PUT"))

    assert ask("PUT", server.url + "a.bin", b"abc", Upload_Complete="?1", Upload_Draft_Interop_Version=NEWEST).status == 500
    assert server.live == ()


def test_a_creation_is_announced_and_then_fails_as_in_example_c(make):
    """Section "Upload Creation", example C: thanks to the 104 the client can resume."""
    server = make(Rule(do=First(500), method="PUT", at=2))
    said = ask("PUT", server.url + "a.bin", b"abc", Upload_Complete="?1", Upload_Draft_Interop_Version=NEWEST)

    assert (said.status, offset_of(said.interims[0]["location"])) == (500, 2)


def test_a_status_comes_instead_after_the_work_was_done(make):
    server = make(Rule(do=Instead(502), method="PATCH"))
    location = created(server)

    assert append(location, 0, b"abc", "?1").status == 502
    assert server.stored("/a.bin") == b"abc" and append(location, 3, b"", "?1").status == 201


@pytest.mark.parametrize("by", [-2, 5])
def test_a_server_lies_about_the_offset_once(make, by):
    server = make(Rule(do=Lie(by), method="HEAD", nth=1))
    location = created(server, body=b"0123456789")

    assert [offset_of(location), offset_of(location)] == [10 + by, 10]


@pytest.mark.parametrize("fault", [Forget(), Expire()])
def test_an_upload_is_gone_from_a_request_on(make, fault):
    server = make(Rule(do=fault, method="HEAD", nth=2))
    location = created(server, body=b"abc")

    assert offset_of(location) == 3
    assert [ask("HEAD", location).status, append(location, 3, b"d").status] == [404, 404]


@pytest.mark.parametrize("status", [307, 308])
def test_an_upload_moves(make, status):
    """Section "Upload Append": the client may go on at the new address."""
    server = make(Rule(do=Move(status), method="PATCH"))
    location = created(server, body=b"abc")
    said = append(location, 3, b"def", "?1")

    assert said.status == status and said["location"] != location
    assert offset_of(said["location"]) == 3 and ask("HEAD", location).status == status
    assert append(said["location"], 3, b"def", "?1").status == 201 and server.stored("/a.bin") == b"abcdef"


def test_a_byte_turns_into_another(make):
    server = make(Rule(do=Corrupt(), method="PATCH", at=1))
    location = created(server)

    assert append(location, 0, b"abc", "?1").status == 201
    assert server.stored("/a.bin") == b"a" + bytes((ord("b") ^ 0xFF,)) + b"c"


def test_a_delay_is_only_a_delay(make):
    server = make(Rule(do=Delay(0.2), method="PUT"))
    began = time.monotonic()

    assert ask("PUT", server.url + "a.bin", b"abc", Upload_Complete="?1").status == 201
    assert time.monotonic() - began >= 0.2


def test_a_half_closed_server_reads_on(make):
    server = make(Rule(do=HalfClose(), method="PATCH", at=2))
    location = created(server)
    with Wire(location) as wire:
        wire.begin("PATCH", location, {"Content-Type": "application/partial-upload", "Upload-Offset": "0", "Upload-Complete": "?1", "Content-Length": "4"})
        wire.send(b"ab")
        with pytest.raises(ConnectionError):
            wire.hear()
        wire.send(b"cd")
        server.wait_for("PATCH", over=True)
    assert server.stored("/a.bin") == b"abcd"


def test_a_body_is_read_no_faster_than_the_rate(make):
    server = make(rate=200_000)
    began = time.monotonic()

    assert ask("PUT", server.url + "a.bin", bytes(100_000), Upload_Complete="?1").status == 201
    assert time.monotonic() - began >= 0.45


def test_an_early_answer_arrives_though_much_was_not_read(make):
    server = make(Rule(do=First(401), method="PUT"))
    said = ask("PUT", server.url + "a.bin", bytes(8 * 1024 * 1024), Upload_Complete="?1")

    assert (said.status, said["connection"]) == (401, "close")


def test_who_waits_for_100_is_refused_before_it_sends(make):
    server = make(Rule(do=First(401), method="PUT"))
    with Wire(server.url) as wire:
        wire.begin("PUT", "/a.bin", {"Upload-Complete": "?1", "Content-Length": "5", "Expect": "100-continue"})
        assert wire.hear().status == 401


def test_the_ledger_tells_what_was_seen(make):
    server = make()
    location = created(server, body=b"abc", X_Mark="here")
    append(location, 3, b"defg")
    first, second = server.requests

    assert (first.method, first.path, first.header("x-mark"), first.received, first.status, first.interims) == ("PUT", "/a.bin", "here", 3, 201, 1)
    assert (second.method, second.nth, second.size, second.received, second.status) == ("PATCH", 1, 4, 4, 204)
    assert location.endswith(second.path) and server.connections == 2
    with pytest.raises(TimeoutError):
        server.wait_until(lambda rows: len(rows) > 2, timeout=0.05)


def test_one_connection_carries_many_requests(make):
    server = make()
    with Wire(server.url) as wire:
        for number in range(3):
            wire.begin("PUT", f"/{number}", {"Content-Length": "3", "Upload-Complete": "?1"})
            wire.send(b"abc")
            assert wire.hear().status == 201
    assert server.connections == 1 and [row.connection for row in server.requests] == [1, 1, 1]
