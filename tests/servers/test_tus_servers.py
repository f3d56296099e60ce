"""The real tus servers do what our own tests rely on, seen without any code of ours between."""

import base64
import hashlib
import http.client
import os
import socket
import struct
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import pytest
from sendoff.testing.receiver import Lost, Rule

from tests.servers import nodejs
from tests.servers.proxy import CountingProxy
from tests.servers.tus import TusChecksums, TusNode

pytestmark = pytest.mark.needs_server

BODY = os.urandom(150_000)
BYTES = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module", params=[TusNode, TusChecksums], ids=lambda kind: kind.__name__)
def server(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("tus")) as made:
        yield made


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with TusNode(tmp_path_factory.mktemp("node")) as made:
        yield made


@pytest.fixture(scope="module")
def checksums(tmp_path_factory):
    with TusChecksums(tmp_path_factory.mktemp("checksums")) as made:
        yield made


def ask(method, url, body=None, **headers):
    """The answer to one request: status and headers."""
    parts = urlsplit(url)
    asked = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        asked.request(method, parts.path, body, {"Tus-Resumable": "1.0.0", **{name.replace("_", "-"): value for name, value in headers.items()}})
        answer = asked.getresponse()
        answer.read()
        return answer
    finally:
        asked.close()


def create(server, size, endpoint=None, **headers):
    endpoint = endpoint or server.url
    answer = ask("POST", endpoint, Upload_Length=str(size), **headers)
    assert answer.status == 201
    return urljoin(endpoint, answer.getheader("Location"))


def append(url, offset, body, **headers):
    return ask("PATCH", url, body, Upload_Offset=str(offset), **BYTES, **headers)


def offset(url):
    answer = ask("HEAD", url)
    return int(answer.getheader("Upload-Offset")) if answer.status == 200 else answer.status


def offset_becomes(url, expected):
    """A server that still reads what a broken connection left behind tells the old offset first."""
    until = time.monotonic() + 10
    while (found := offset(url)) != expected and time.monotonic() < until:
        time.sleep(0.02)
    return found


def known(server, url):
    return next((one for one in server.uploads() if url.endswith(one.id)), None)


def begun(url, size, body):
    """A connection on which a PATCH of so many bytes has begun."""
    parts = urlsplit(url)
    head = f"PATCH {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Length: {size}\r\n"
    connected = socket.create_connection((parts.hostname, parts.port), 10)
    connected.sendall(head.encode() + b"Content-Type: application/offset+octet-stream\r\n\r\n" + body)
    return connected


# -- both


def test_it_says_that_it_speaks_tus(server):
    answer = ask("OPTIONS", server.url)

    assert answer.status == 204
    assert answer.getheader("Tus-Version") == "1.0.0"
    assert {"creation", "creation-with-upload", "creation-defer-length", "termination", "expiration"} <= set(answer.getheader("Tus-Extension").split(","))


def test_an_upload_is_created_appended_to_and_held(server):
    url = create(server, len(BODY))
    assert offset(url) == 0

    assert append(url, 0, BODY[:50_000]).getheader("Upload-Offset") == "50000"
    assert (offset(url), known(server, url).complete) == (50_000, False)
    assert append(url, 50_000, BODY[50_000:]).status == 204

    answer = ask("HEAD", url)
    assert (answer.getheader("Upload-Offset"), answer.getheader("Upload-Length")) == ("150000", "150000")
    assert server.held(url) == BODY
    assert (known(server, url).size, known(server, url).held, known(server, url).complete) == (150_000, 150_000, True)


def test_metadata_comes_back_as_it_was_given(server):
    given = {"filename": "ü b.bin", "empty": "", "order": "42"}
    header = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}".strip() for name, value in given.items())

    url = create(server, 1, Upload_Metadata=header)

    told = dict([*pair.split(), ""][:2] for pair in ask("HEAD", url).getheader("Upload-Metadata").split(","))
    assert {name: base64.b64decode(value).decode() for name, value in told.items()} == given
    assert known(server, url).metadata == given


def test_a_wrong_offset_is_a_conflict_and_changes_nothing(server):
    url = create(server, 10)
    append(url, 0, b"12345")

    assert [append(url, wrong, b"67890").status for wrong in (0, 4, 6)] == [409, 409, 409]

    assert offset(url) == 5
    assert server.held(url) == b"12345"


def test_a_connection_that_ends_leaves_what_arrived(server):
    url = create(server, 1_000_000)

    begun(url, 1_000_000, BODY).close()

    assert offset_becomes(url, len(BODY)) == len(BODY)
    assert server.held(url) == BODY


def test_an_answer_that_was_lost_is_known_by_asking(server):
    with CountingProxy("127.0.0.1", server.port, script=[Rule(do=Lost(), method="PATCH")]) as proxy:
        url = create(server, len(BODY), endpoint=proxy.url(server.url))

        with pytest.raises(http.client.RemoteDisconnected):
            append(url, 0, BODY)

        assert (offset(url), proxy.body_bytes) == (len(BODY), len(BODY))
    assert server.held(url) == BODY


def test_addresses_that_it_gives_lead_through_the_proxy(server):
    with CountingProxy("127.0.0.1", server.port) as proxy:
        assert urlsplit(create(server, 1, endpoint=proxy.url(server.url))).port == proxy.port


def test_what_is_terminated_is_gone(server):
    url = create(server, len(BODY))
    append(url, 0, BODY[:1000])

    assert ask("DELETE", url).status == 204

    assert offset(url) in (404, 410)
    assert ask("DELETE", url).status in (404, 410)
    assert known(server, url) is None


def test_an_empty_upload_is_complete_at_once(server):
    url = create(server, 0)

    assert offset(url) == 0
    assert known(server, url).complete


def test_a_body_may_come_with_the_creation(server):
    answer = ask("POST", server.url, BODY, Upload_Length=str(len(BODY)), **BYTES)

    assert (answer.status, answer.getheader("Upload-Offset")) == (201, str(len(BODY)))
    assert server.held(answer.getheader("Location")) == BODY


def test_a_length_may_be_told_later(server):
    answer = ask("POST", server.url, Upload_Defer_Length="1")
    url = urljoin(server.url, answer.getheader("Location"))
    assert ask("HEAD", url).getheader("Upload-Defer-Length") == "1"
    assert known(server, url).size is None

    assert append(url, 0, b"12345", Upload_Length="5").status == 204

    assert known(server, url).complete


def test_another_version_and_another_kind_of_body_are_refused(server):
    """With the standard's 412 and 415, or, by the reference, 400."""
    assert ask("POST", server.url, Upload_Length="1", Tus_Resumable="0.2.2").status in (412, 400)
    assert ask("PATCH", create(server, 1), b"x", Upload_Offset="0", Content_Type="text/plain").status in (415, 400)


@pytest.mark.parametrize("kind", [TusNode, TusChecksums], ids=lambda kind: kind.__name__)
def test_what_it_holds_survives_its_death(tmp_path, kind):
    with kind(tmp_path) as server:
        url = create(server, len(BODY))
        append(url, 0, BODY[:1000])

        server.kill()
        with pytest.raises(ConnectionRefusedError):
            offset(url)
        server.open()

        assert offset(url) == 1000
        assert append(url, 1000, BODY[1000:]).status == 204
        assert server.held(url) == BODY


@pytest.mark.parametrize("kind", [TusNode, TusChecksums], ids=lambda kind: kind.__name__)
def test_the_largest_size_is_told_and_kept(tmp_path, kind):
    with kind(tmp_path, max_size=1000) as server:
        assert ask("OPTIONS", server.url).getheader("Tus-Max-Size") == "1000"
        assert ask("POST", server.url, Upload_Length="1001").status == 413
        assert ask("POST", server.url, Upload_Length="1000").status == 201


@pytest.mark.parametrize("kind", [TusNode, TusChecksums], ids=lambda kind: kind.__name__)
def test_what_is_not_finished_in_time_is_gone(tmp_path, kind):
    with kind(tmp_path, expires=1) as server:
        answer = ask("POST", server.url, Upload_Length="10")
        url = urljoin(server.url, answer.getheader("Location"))
        assert (parsedate_to_datetime(answer.getheader("Upload-Expires")) - datetime.now(UTC)).total_seconds() <= 1

        until = time.monotonic() + 10
        while (found := append(url, 0, b"").status) == 204 and time.monotonic() < until:
            time.sleep(0.1)  # it is the server's clock that we wait for

        assert found in (404, 410)


# -- where they differ


def test_the_reference_keeps_what_arrived_before_a_reset(node):
    url = create(node, 1_000_000)
    connected = begun(url, 1_000_000, BODY)
    until = time.monotonic() + 10
    while len(node.held(url)) < len(BODY) and time.monotonic() < until:
        time.sleep(0.01)

    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connected.close()

    assert offset_becomes(url, len(BODY)) == len(BODY)


def test_the_reference_has_no_checksums(node):
    assert "checksum" not in ask("OPTIONS", node.url).getheader("Tus-Extension")
    assert ask("OPTIONS", node.url).getheader("Tus-Checksum-Algorithm") is None


@pytest.mark.parametrize("name", ["sha1", "sha256", "md5"])
def test_a_chunk_with_a_wrong_checksum_is_thrown_away(checksums, name):
    url = create(checksums, len(BODY))
    right, wrong = (f"{name} {base64.b64encode(hashlib.new(name, data).digest()).decode()}" for data in (BODY, b"other"))

    assert append(url, 0, BODY, Upload_Checksum=wrong).status == 460
    assert (offset(url), checksums.held(url)) == (0, b"")

    assert append(url, 0, BODY, Upload_Checksum=right).status == 204
    assert checksums.held(url) == BODY


def test_a_checksum_that_it_does_not_know_is_refused(checksums):
    assert name_of_algorithms(checksums) == {"sha1", "sha256", "md5"}
    assert append(create(checksums, 1), 0, b"x", Upload_Checksum="crc32 AAAAAA==").status == 400


def name_of_algorithms(server):
    return set(ask("OPTIONS", server.url).getheader("Tus-Checksum-Algorithm").split(","))


def test_parts_are_put_together(checksums):
    halves = [BODY[:70_000], BODY[70_000:]]
    parts = [create(checksums, len(half), Upload_Concat="partial") for half in halves]
    for url, half in zip(parts, halves, strict=True):
        append(url, 0, half)

    answer = ask("POST", checksums.url, Upload_Concat="final;" + " ".join(urlsplit(url).path for url in parts))

    assert answer.status == 201
    assert checksums.held(answer.getheader("Location")) == BODY


# -- the client of the protocol's own people, against both


@pytest.mark.parametrize("words", [{}, {"chunkSize": 40_000, "metadata": {"filename": "ü b"}}], ids=["whole", "in chunks"])
def test_their_own_client_gets_its_file_there(server, tmp_path, words):
    (tmp_path / "file").write_bytes(BODY)

    url = nodejs.tus_js_upload(tmp_path / "file", server.url, **words)

    assert server.held(url) == BODY
    assert known(server, url).metadata == words.get("metadata", {})
