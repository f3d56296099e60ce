"""The proxy passes everything on as it is, counts what has left the client, and breaks off exactly where it should."""

import hashlib
import http.client
import os
import select
import socket
import subprocess
import sys
import time

import pytest
from sendoff.testing.receiver import Answer, Close, Lost, Receiver, Reset, Rule, Stall

from tests.servers.proxy import CountingProxy

BODY = os.urandom(1_000_000)
SENDER = """
import socket, sys
connected = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connected.sendall(b"PUT /thing HTTP/1.1\\r\\nHost: h\\r\\nContent-Length: 50000000\\r\\n\\r\\n")
sent = 0
connected.setblocking(False)
while True:
    try:
        sent += connected.send(bytes(65536))
    except BlockingIOError:
        print(sent, flush=True)  # so much has the kernel
        break
sys.stdin.read()
"""


@pytest.fixture
def through(tmp_path):
    """Makes a receiver and a proxy before it."""
    opened = []

    def make(*script, receiver=(), rate=None, **words):
        server = Receiver(tmp_path / "received", script=receiver).open()
        proxy = CountingProxy("127.0.0.1", server.port, rate=rate, script=script, **words).open()
        opened.extend((server, proxy))
        return proxy, server

    yield make
    for one in reversed(opened):
        one.close()


def asking(proxy):
    return http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)


def put(proxy, path="/thing", body=BODY, method="PUT", **headers):
    asked = asking(proxy)
    try:
        asked.request(method, path, body, headers)
        answer = asked.getresponse()
        answer.read()
        return answer.status
    finally:
        asked.close()


def head(size, path="/thing"):
    return f"PUT {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n".encode()


# -- what goes well


def test_bytes_pass_unchanged_both_ways(through):
    proxy, server = through()

    assert put(proxy) == 201
    asked = asking(proxy)
    asked.request("GET", "/thing")

    assert asked.getresponse().read() == BODY == server.stored("/thing")
    asked.close()


def test_a_request_is_a_row_with_its_method_path_offset_and_bytes(through):
    proxy, _ = through()

    put(proxy, "/a", BODY[:70_000], method="POST", **{"Upload-Offset": "4711"})
    put(proxy, "/b", b"")

    first, second = proxy.wait_until(lambda rows: len(rows) == 2 and all(row.over and row.complete for row in rows))
    assert (first.method, first.path, first.offset, first.received, first.complete, first.status) == ("POST", "/a", 4711, 70_000, True, 201)
    assert (second.method, second.path, second.offset, second.received, second.complete, second.status) == ("PUT", "/b", None, 0, True, 201)
    assert proxy.body_bytes == 70_000


def test_one_connection_carries_many_requests(through):
    proxy, server = through()
    asked = asking(proxy)

    for number in range(20):
        asked.request("PUT", f"/{number}", bytes(number))
        asked.getresponse().read()
    asked.close()

    assert [row.received for row in proxy.requests] == list(range(20))
    assert (proxy.connections, server.connections) == (1, 1)


def test_chunked_bodies_pass_and_only_their_content_counts(through):
    proxy, server = through()

    assert put(proxy, body=iter([BODY[:300_000], BODY[300_000:]])) == 201

    assert server.stored("/thing") == BODY
    assert proxy.body_bytes == len(BODY)
    assert proxy.requests[0].size is None


def test_interim_answers_come_down_before_the_final_one(through):
    proxy, _ = through()
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as connected:
        connected.sendall(head(3).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert connected.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"

        connected.sendall(b"abc")

        assert connected.recv(1000).startswith(b"HTTP/1.1 201 ")


def test_an_early_answer_reaches_the_client_while_it_still_sends(through):
    proxy, _ = through(receiver=[Rule(do=Answer(413, then="close"), at=1000)])
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as connected:
        connected.sendall(head(10**9) + BODY)

        assert connected.recv(1000).startswith(b"HTTP/1.1 413 ")
        row = proxy.wait_for(over=True)

    assert (row.status, row.complete) == (413, False)


def test_a_rate_paces_the_body(through):
    proxy, _ = through(rate=1_000_000)
    began = time.monotonic()

    put(proxy, body=BODY[:300_000])

    assert time.monotonic() - began >= 0.28


# -- what breaks off


@pytest.mark.parametrize("how", [Reset(), Close()], ids=["reset", "close"])
def test_a_connection_is_cut_after_exactly_so_many_bytes(through, how):
    proxy, server = through(Rule(do=how, request=2, at=123_457))
    put(proxy, "/first")

    with pytest.raises(OSError):
        put(proxy, "/second")

    row = proxy.wait_for(request=2, over=True)
    assert (row.received, row.complete, row.broken, row.status) == (123_457, False, "cut", None)
    assert server.wait_for(request=2, over=True).received == 123_457
    assert put(proxy, "/third") == 201


def test_a_reset_is_seen_as_a_reset_and_a_close_as_an_end(through):
    proxy, _ = through(Rule(do=Reset(), request=1, at=5), Rule(do=Close(), request=2, at=5))
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as connected:
        connected.sendall(head(10) + b"12345")
        with pytest.raises(ConnectionResetError):
            connected.recv(1)
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as connected:
        connected.sendall(head(10) + b"12345")
        assert connected.recv(1) == b""


@pytest.mark.parametrize("at", [None, len(BODY)], ids=["before the answer", "at the end"])
def test_a_cut_behind_the_body_leaves_the_server_with_all_of_it_and_the_client_without_an_answer(through, at):
    proxy, server = through(Rule(do=Reset(), at=at))

    with pytest.raises(OSError):
        put(proxy)

    assert server.wait_for(complete=True).sha256 == hashlib.sha256(BODY).hexdigest()
    row = proxy.wait_for(over=True)
    assert (row.received, row.complete, row.broken, row.answered_at) == (len(BODY), True, "cut", None)


def test_a_cut_before_the_first_byte_passes_the_head_only(through):
    proxy, server = through(Rule(do=Close(), at=0))

    with pytest.raises(OSError):
        put(proxy)

    assert server.wait_for(over=True).received == 0
    assert proxy.body_bytes == 0


def test_a_lost_answer_was_given_by_the_server_and_never_reaches_the_client(through):
    proxy, server = through(Rule(do=Lost(), method="PUT"))

    with pytest.raises(http.client.RemoteDisconnected):
        put(proxy)

    row = proxy.wait_for(over=True)
    assert (row.status, row.complete, row.broken) == (201, True, "the answer was lost")
    assert server.stored("/thing") == BODY
    assert put(proxy) == 204


def test_a_rule_may_come_later(through):
    proxy, _ = through()
    put(proxy)
    proxy.add(Rule(do=Reset(), at=10))

    with pytest.raises(OSError):
        put(proxy)

    assert proxy.requests[1].received == 10


@pytest.mark.parametrize("rule", [Rule(do=Stall(), at=5), Rule(do=Lost(), at=5)], ids=["stall", "lost at an offset"])
def test_a_rule_that_a_proxy_cannot_play_is_refused(through, rule):
    proxy, _ = through()

    with pytest.raises(ValueError, match="a proxy knows"):
        proxy.add(rule)


def test_hanging_up_resets_who_is_connected_and_nobody_else(through):
    proxy, _ = through()
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as connected:
        connected.sendall(head(10) + b"12345")
        proxy.wait_for(bytes=5)

        proxy.hang_up()

        with pytest.raises(ConnectionResetError):
            connected.recv(1)
    assert proxy.wait_for(over=True).broken == "hung up"
    assert put(proxy) == 201


def test_a_closed_proxy_refuses_and_comes_back_on_its_port(through):
    proxy, _ = through()
    put(proxy)
    port = proxy.port

    proxy.close()
    with pytest.raises(ConnectionRefusedError):
        put(proxy)
    proxy.open()

    assert put(proxy) == 204
    assert proxy.port == port
    assert proxy.body_bytes == 2 * len(BODY)


def test_without_a_server_the_client_is_cut_off(through):
    proxy, server = through()
    server.close()

    with pytest.raises(OSError):
        put(proxy)

    assert proxy.requests == ()


def test_a_server_that_breaks_off_is_seen_by_the_client_as_broken(through):
    proxy, _ = through(receiver=[Rule(do=Reset(), at=500_000)])

    with pytest.raises(OSError):
        put(proxy)

    assert proxy.wait_for(over=True).status is None


def test_a_server_that_ends_without_an_answer_is_told_so(through):
    proxy, _ = through(receiver=[Rule(do=Lost())])

    with pytest.raises(OSError):
        put(proxy)

    assert proxy.wait_for(over=True).broken == "the server ended without an answer"


# -- clients that die


def test_what_a_killed_client_had_handed_to_its_kernel_is_counted_and_passed(through):
    proxy, server = through(rate=3_000_000)
    with subprocess.Popen([sys.executable, "-c", SENDER, str(proxy.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        handed = int(sender.stdout.readline())
        seen = proxy.wait_for(bytes=1).received
        sender.kill()

    row = proxy.wait_for(over=True)
    assert seen < handed == row.received == server.wait_for(over=True).received
    assert (row.complete, row.broken) == (False, "ended in the body")


def test_a_client_that_only_stops_sending_still_gets_its_answer(through):
    proxy, _ = through()
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as connected:
        connected.sendall(head(3) + b"abc")
        connected.shutdown(socket.SHUT_WR)

        assert connected.recv(1000).startswith(b"HTTP/1.1 201 ")
        assert select.select([connected], [], [], 10)[0]
        assert connected.recv(1000) == b""
