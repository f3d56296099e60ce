"""Somebody else's client uploads through our server for resumable uploads, so that the two do not only understand themselves.

tus-js-client 4 speaks draft -05 (interop version 6) and is thin: it creates carefully (an empty POST) and appends with PATCH. It never asks OPTIONS,
reads no 104 (so an upload that begins with its bytes cannot be resumed), takes an upload whose offset equals its length for completed without
having said ``Upload-Complete: ?1``, and from a stream of a file says that only in a request with the whole of it, so a resumed one never completes
(``node/upload.js`` gives it a buffer for that reason). It sends no digests, and needs ``Upload-Offset`` in the last answer, which the newest drafts
do not require: it is no check of interop version 9.
"""

import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.servers.nodejs import missing, node
from tests.servers.rufh import Limits, Lost, RufhServer, Rule

NODE = Path(__file__).parent / "node"
SIZE = 5 * 1024 * 1024

pytestmark = pytest.mark.needs_server


@pytest.fixture
def command(tmp_path):
    """What uploads a file to an address, or goes on with it."""
    if reason := missing("tus-js-client"):
        pytest.skip(reason)
    memory = tmp_path / "uploads.json"
    return lambda address, file, *chunk: [str(node()), str(NODE / "upload.js"), "ietf-draft-05", address, str(file), str(memory), *map(str, chunk)]


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "source.bin"
    file.write_bytes(random.Random(5).randbytes(SIZE))
    return file


def done(words):
    """It ran to its end: what it said."""
    run = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_tus_js_client_is_killed_in_the_middle_and_goes_on(command, source, tmp_path):
    """Draft -05, sections "Upload Creation", "Offset Retrieval" and "Upload Append"."""
    with RufhServer(tmp_path / "site", rate=2 * 1024 * 1024) as server:
        with subprocess.Popen(command(server.url + "films/a.bin", source)) as process:
            server.wait_for("PATCH", bytes=SIZE // 4)
            os.kill(process.pid, signal.SIGKILL)
        kept = server.wait_for("PATCH", over=True).received
        assert 0 < kept < SIZE and not (tmp_path / "site" / "films").exists()
        server.rate = None

        location = done(command(server.url + "films/a.bin", source))

        create, _, ask, rest = server.requests
        assert [row.method for row in (create, ask, rest)] == ["POST", "HEAD", "PATCH"]
        assert (create.header("upload-complete"), create.header("upload-length"), create.size) == ("?0", str(SIZE), 0)
        assert all(row.header("upload-draft-interop-version") == "6" for row in server.requests)
        assert int(rest.header("upload-offset")) == kept and rest.received == SIZE - kept
        assert (rest.header("upload-complete"), rest.header("content-type"), rest.status) == ("?1", "application/partial-upload", 201)
        assert server.stored("/films/a.bin") == source.read_bytes() and server.upload(location).state.complete


def test_tus_js_client_uploads_in_parts(command, source, tmp_path):
    """Draft -05, section "Example 2: Upload as a series of parts"."""
    with RufhServer(tmp_path / "site", limits=Limits(max_append_size=2 * 1024 * 1024)) as server:
        done(command(server.url + "a.bin", source, 2 * 1024 * 1024))

        parts = [row for row in server.requests if row.method == "PATCH"]
        assert [(row.header("upload-complete"), row.status) for row in parts] == [("?0", 201), ("?0", 201), ("?1", 201)]
        assert server.stored("/a.bin") == source.read_bytes()


def test_tus_js_client_learns_of_a_completion_whose_answer_was_lost(command, source, tmp_path):
    with RufhServer(tmp_path / "site", script=[Rule(do=Lost(), method="PATCH")]) as server:
        run = subprocess.run(command(server.url + "a.bin", source), capture_output=True, text=True, timeout=60)
        assert run.returncode == 1 and "socket hang up" in run.stderr

        done(command(server.url + "a.bin", source))

        assert [row.method for row in server.requests] == ["POST", "PATCH", "HEAD"]
        assert server.stored("/a.bin") == source.read_bytes()
