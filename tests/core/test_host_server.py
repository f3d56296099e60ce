"""What anything that speaks HTTP may say to the host, and what it is answered."""

import json
import os
import shutil
import subprocess

import pytest
from sendoff.desk.endpoint import Endpoint
from sendoff.desk.place import find_place

from tests.core.desk_twin import running


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return find_place({}, state_dir=tmp_path_factory.mktemp("server") / "state")


@pytest.fixture(scope="module")
def host(place):
    with running(place, {}) as host:
        yield host


@pytest.fixture
def twin(host):
    host.work.__init__(folder=host.work.folder, config_file=host.work.config_file, environ={})
    return host.work


def raw(place, data):
    """What the host answers to these bytes, up to the end of the connection or half a second of silence."""
    with Endpoint(place, {}).connect(0.5) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except TimeoutError:
            pass
        return answer


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, "invalid_argument"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "invalid_argument"),
        (b"DELETE /v1/page HTTP/1.1\r\nHost: x\r\n\r\n", 405, "invalid_argument"),
        (b"GET /v1/order HTTP/1.1\r\nHost: x\r\n\r\n", 405, "invalid_argument"),
        (b"GET /v1/page?limit=many HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_argument"),
        (b"GET /v1/page?limit=-1 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_argument"),
        (b"GET /v1/page?query=[] HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_argument"),
        (b"GET /v1/page?query=%FF HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_argument"),
        (b"GET /v1/ask HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_argument"),
        (b"GET /v1/answer HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_argument"),
        (b"GET /v1/answer?id=op-9 HTTP/1.1\r\nHost: x\r\n\r\n", 404, "unknown_operation"),
        (b"POST /v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{", 400, "invalid_argument"),
        (b"POST /v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 400, "invalid_argument"),
        (b"POST /v1/keep HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 400, "invalid_argument"),
        (b"POST /v1/create HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n[1]", 400, "invalid_argument"),
        (b'POST /v1/create HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n{}\n{"source":1}', 400, "invalid_argument"),
        (b"GET /v1/page HTTP/1.1\r\nHost: x\r\nSendoff-Config: {\r\n\r\n", 400, "invalid_argument"),
        (b"GET /v1/ask?what=explode HTTP/1.1\r\nHost: x\r\n\r\n", 500, "error"),
    ],
)
def test_a_bad_request_gets_a_status_and_one_object_that_says_why(twin, place, request_, status, code):
    head, _, body = raw(place, request_).partition(b"\r\n\r\n")

    assert int(head.split()[1]) == status
    error = json.loads(body)
    assert error["code"] == code
    assert error["message"]
    assert twin.rows == []


def test_what_is_not_even_http_is_turned_away(place, twin):
    assert raw(place, b"\x16\x03\x01 hello\r\n\r\n").startswith(b"HTTP/1.1 400")


@pytest.mark.needs_server
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: apt install curl")
class TestCurl:
    def curl(self, place, *words, data=None):
        done = subprocess.run(["curl", "-sS", "--unix-socket", place.socket, *words], input=data, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def test_creates_lists_asks_and_orders(self, place, twin):
        lines = '{"environment": {"A": "1"}}\n{"source": "/a", "destination": "h:a"}\n{"source": "bad"}'
        created = self.curl(place, "http://sendoff/v1/create", "--data-binary", "@-", data=lines)
        assert [json.loads(line) for line in created.splitlines()] == [
            {"id": "op-1", "number": 1, "batch": "batch", "url": "h:a"},
            {"error": {"code": "invalid_argument", "message": "bad: bad", "hint": "another", "facts": {"line": 7}}},
        ]
        assert twin.environments == [{"A": "1"}]
        listed = self.curl(place, "-G", "http://sendoff/v1/page", "--data-urlencode", 'query={"ids": ["op-1"]}', "-d", "limit=5")
        assert json.loads(listed) == {"items": [{"id": "op-1", "label": "ünïcode"}], "next": None}
        assert json.loads(self.curl(place, "http://sendoff/v1/ask?what=status"))["pid"] == os.getpid()
        ordered = self.curl(place, "http://sendoff/v1/order", "-d", '{"order": {"verb": "pause"}, "which": {"ids": ["op-1"]}}')
        assert json.loads(ordered)["count"] == 1

    def test_follows(self, place, twin):
        twin.tell("a")
        process = subprocess.Popen(["curl", "-sSN", "--unix-socket", place.socket, "http://sendoff/v1/follow?after=0"], stdout=subprocess.PIPE)
        try:
            assert process.stdout.readline() == b"\n"
            assert json.loads(process.stdout.readline())["event"]["id"] == "a"
        finally:
            process.kill()
            process.communicate()
