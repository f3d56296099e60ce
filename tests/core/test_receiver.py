"""The receiver of the tests keeps what it is sent and breaks down where it should."""

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from sendoff.testing.receiver import (
    Answer,
    Close,
    Delay,
    Drip,
    EndlessBody,
    EndlessHeaders,
    HalfClose,
    Interim,
    Lost,
    Raw,
    Receiver,
    Reset,
    Rule,
    Stall,
)

BODY = os.urandom(300_000)


def connected(receiver):
    return socket.create_connection(("127.0.0.1", receiver.port), 10)


def head(path="/thing", size=300_000):
    return f"PUT {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n".encode()


def told(connection, data):
    """Everything the receiver says to these bytes, up to the end of the connection."""
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)
    found = b""
    while piece := connection.recv(65536):
        found += piece
    return found


def put(receiver, path="/thing", body=BODY, **headers):
    asked = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    asked.request("PUT", path, body, headers)
    answer = asked.getresponse()
    answer.read()
    asked.close()
    return answer.status


@pytest.mark.parametrize("body", [b"", b"x", BODY])
def test_a_body_is_kept_under_its_address_and_recorded(tmp_path, body):
    with Receiver(tmp_path) as receiver:
        assert put(receiver, "/a%20b/c", body) == 201
        row = receiver.wait_for(over=True)

        assert receiver.stored("a b/c") == body
        assert (row.method, row.path, row.size, row.received, row.complete, row.status) == ("PUT", "/a%20b/c", len(body), len(body), True, 201)
        assert row.sha256 == hashlib.sha256(body).hexdigest()
        assert row.header("Host") == urlsplit(receiver.url).netloc
        assert row.accepted_at <= row.began_at <= row.answered_at


def test_a_chunked_body_is_put_together(tmp_path):
    chunks = b"".join(b"%x;extension\r\n%b\r\n" % (len(piece), piece) for piece in (b"one", b"two" * 50_000, b"3"))
    with Receiver(tmp_path) as receiver, connected(receiver) as connection:
        told(connection, b"PUT /thing HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nTrailer: x\r\n\r\n")

        assert receiver.stored("thing") == b"one" + b"two" * 50_000 + b"3"
        assert receiver.requests[0].size is None


def test_several_requests_come_over_one_connection(tmp_path):
    with Receiver(tmp_path) as receiver, connected(receiver) as connection:
        found = told(connection, head("/a", 3) + b"abc" + head("/b", 2) + b"de")

        assert found.count(b"HTTP/1.1 201") == 2
        assert [row.connection for row in receiver.requests] == [1, 1]
        assert (receiver.stored("a"), receiver.stored("b")) == (b"abc", b"de")


def test_without_a_folder_bodies_are_only_counted():
    with Receiver(None) as receiver:
        put(receiver)

        assert receiver.wait_for(complete=True).sha256 == hashlib.sha256(BODY).hexdigest()


def test_nothing_half_written_is_visible(tmp_path):
    with Receiver(tmp_path) as receiver, connected(receiver) as connection:
        connection.sendall(head() + BODY[:1000])
        receiver.wait_for(bytes=1000)
        connection.close()
        row = receiver.wait_for(over=True)

        assert (row.complete, row.broken) == (False, "ended in the body")
    assert list(tmp_path.iterdir()) == []


def test_a_post_never_replaces(tmp_path):
    with Receiver(tmp_path) as receiver:
        for body in (b"one", b"two"):
            asked = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=10)
            asked.request("POST", "/thing", body)
            assert asked.getresponse().status == 201
            asked.close()

        assert (receiver.stored("thing"), receiver.stored("thing~2")) == (b"one", b"two")


def test_a_condition_is_honored(tmp_path):
    with Receiver(tmp_path) as receiver:
        statuses = [put(receiver, body=body, **{"If-None-Match": "*"}) for body in (b"first", b"second")]

        assert statuses == [201, 412]
        assert receiver.stored("thing") == b"first"


def test_an_address_cannot_lead_outside(tmp_path):
    with Receiver(tmp_path / "in") as receiver, connected(receiver) as connection:
        assert told(connection, head("/..%2f../up", 1) + b"x").startswith(b"HTTP/1.1 403")
    assert not (tmp_path / "up").exists()


def test_who_does_not_prove_who_it_is_gets_401():
    with Receiver(None, authorization="Bearer t") as receiver:
        assert [put(receiver), put(receiver, Authorization="Bearer t")] == [401, 201]


@pytest.mark.parametrize("at", [0, 1, 1000, len(BODY) - 1])
def test_a_reset_comes_at_the_byte_it_was_asked_for(at):
    with Receiver(None, script=[Rule(do=Reset(), at=at)]) as receiver, connected(receiver) as connection:
        with pytest.raises(OSError, match=r"reset|pipe"):
            told(connection, head() + BODY + bytes(2**23))

        assert (receiver.wait_for(over=True).received, receiver.requests[0].broken) == (at, "reset")


def test_rules_are_for_a_request_a_path_or_a_method_and_for_so_many_times(tmp_path):
    script = [Rule(do=Answer(500), request=2), Rule(do=Answer(404), path="/gone", times=None), Rule(do=Answer(405), method="POST")]
    with Receiver(tmp_path, script=script) as receiver:
        statuses = [put(receiver, path) for path in ("/a", "/b", "/b", "/gone", "/gone")]

        assert statuses == [201, 500, 201, 404, 404]


def test_a_lost_answer_is_lost_after_the_body_was_kept(tmp_path):
    with Receiver(tmp_path, script=[Rule(do=Lost())]) as receiver, connected(receiver) as connection:
        assert told(connection, head() + BODY) == b""
        assert receiver.stored("thing") == BODY
        assert receiver.requests[0].complete


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Close(), b""),
        (Raw(b"garbage"), b"garbage"),
        (Answer(503, headers=(("Retry-After", "7"),), body=b"later"), b"HTTP/1.1 503 Whatever\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlater"),
        (Interim(103, headers=(("Link", "x"),)), b"HTTP/1.1 103 Whatever\r\nLink: x\r\n\r\nHTTP/1.1 201"),
        (Delay(0.01), b"HTTP/1.1 201"),
        (Drip(0.0001), b"HTTP/1.1 201"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_answer_is_what_the_script_says(fault, said):
    with Receiver(None, script=[Rule(do=fault)]) as receiver, connected(receiver) as connection:
        assert told(connection, head() + BODY)[: len(said)] == said


@pytest.mark.parametrize("fault", [EndlessHeaders(), EndlessBody()], ids=lambda fault: type(fault).__name__)
def test_what_is_endless_ends_with_the_receiver(fault):
    with Receiver(None, script=[Rule(do=fault)]) as receiver, connected(receiver) as connection:
        connection.sendall(head() + BODY)

        assert len(connection.recv(2**16)) > 0


@pytest.mark.parametrize("then", ["close", "keep", "read"])
def test_an_early_answer_comes_before_the_body_is_complete(then):
    with Receiver(None, script=[Rule(do=Answer(413, then=then), at=1000)]) as receiver, connected(receiver) as connection:
        connection.sendall(head() + BODY[:1000])

        assert connection.recv(65536).startswith(b"HTTP/1.1 413")
        assert not receiver.requests[0].complete


def test_a_half_closed_connection_is_still_read():
    with Receiver(None, script=[Rule(do=HalfClose(), at=1000)]) as receiver, connected(receiver) as connection:
        connection.sendall(head() + BODY[:1000])

        assert connection.recv(65536) == b""
        connection.sendall(BODY[1000:])
        assert receiver.wait_for(complete=True).received == len(BODY)


def test_a_stall_lasts_until_it_is_released():
    with Receiver(None, script=[Rule(do=Stall(), at=1000)]) as receiver, connected(receiver) as connection:
        connection.sendall(head() + BODY)
        receiver.wait_for(bytes=1000)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)

        receiver.release()

        assert receiver.wait_for(over=True).received == 1000


def test_whoever_comes_after_a_release_is_read_at_the_pace_to_the_end():
    with Receiver(None, rate=4 * 2**20) as receiver:
        receiver.release()
        put(receiver, body=bytes(2**20))

        assert receiver.wait_for(complete=True).received == 2**20


def test_reading_keeps_its_pace():
    with Receiver(None, rate=2**20) as receiver:
        began = time.monotonic()
        put(receiver, body=bytes(2**19))

        assert 0.45 < time.monotonic() - began < 3


def test_waiting_for_what_does_not_come_ends():
    with Receiver(None) as receiver, pytest.raises(TimeoutError):
        receiver.wait_for(bytes=1, timeout=0.05)


def test_it_runs_as_a_program_until_it_is_told_to_stop(tmp_path):
    command = [sys.executable, "-m", "sendoff.testing.receiver", "--folder", str(tmp_path / "in"), "--rate", "64M"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        url = urlsplit(program.stdout.readline().strip())
        asked = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
        asked.request("PUT", "/thing", BODY)
        status = asked.getresponse().status
        asked.close()
        program.send_signal(signal.SIGTERM)

        assert (status, program.wait(10)) == (201, 0)
    assert (tmp_path / "in" / "thing").read_bytes() == BODY


def test_as_a_program_it_says_in_one_sentence_why_it_cannot_begin(tmp_path):
    def said(*words):
        done = subprocess.run([sys.executable, "-m", "sendoff.testing.receiver", *words], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    taken = tmp_path / "file"
    taken.write_text("")
    with Receiver(None) as other:
        assert said("--folder", str(tmp_path / "in"), "--port", str(other.port)) == (5, "", f"receiver: 127.0.0.1:{other.port}: Address already in use\n")
    assert said("--folder", str(taken)) == (5, "", f"receiver: {taken}: File exists\n")
    code, _, complaint = said("--folder", str(tmp_path / "in"), "--port", "65536")
    assert (code, complaint.splitlines()[-1].partition("--port: ")[2]) == (2, "'65536' is not a port; write 0 to 65535")


def test_as_a_program_it_tells_what_it_sees_until_its_input_ends(tmp_path):
    command = [sys.executable, "-m", "sendoff.testing.receiver", "--folder", str(tmp_path / "in"), "--tell", "--until-eof"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        url = urlsplit(program.stdout.readline().strip())
        asked = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
        asked.request("PUT", "/thing", BODY)
        asked.getresponse().read()
        asked.close()
        told = next(row for row in map(json.loads, program.stdout) if row["status"])
        program.stdin.close()

        assert program.wait(10) == 0
    assert (told["method"], told["path"], told["received"], told["complete"], told["status"]) == ("PUT", "/thing", len(BODY), True, 201)


def test_importing_it_loads_no_http_library_and_no_pytest():
    code = "import sys, sendoff.testing.receiver; assert not {'httpx', 'httpcore', 'pytest', 'uvicorn'} & set(sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)
