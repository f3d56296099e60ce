"""What comes of a resumable upload: its end, the target's part, digests, limits, cancellation, concurrency, state; each with its section of the draft."""

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

from tests.servers.resumable import NEWEST, REGISTRY, SIX, append, created, digest, offset_of
from tests.servers.rufh import Limits, RufhServer
from tests.servers.wire import Wire, ask


@pytest.fixture
def make(tmp_path):
    """Servers with the habits that a test names."""
    with ExitStack() as stack:
        yield lambda **habits: stack.enter_context(RufhServer(tmp_path / "site", **habits))


@pytest.fixture
def server(make):
    return make()


# -- after completion (sections "Completeness" and "Upload Append")


def test_a_lost_last_answer_is_given_again(server):
    location = created(server)
    last = append(location, 0, b"abc", "?1")

    assert [ask("HEAD", location)[name] for name in ("upload-offset", "upload-complete", "upload-length")] == ["3", "?1", "3"]
    again = append(location, 3, b"", "?1")
    assert (again.status, again["etag"], again["upload-complete"]) == (last.status, last["etag"], "?1")


@pytest.mark.parametrize(("offset", "body", "complete", "status"), [(3, b"more", "?1", 400), (3, b"", "?0", 400), (0, b"abc", "?1", 409)])
def test_nothing_can_be_appended_after_completion(server, offset, body, complete, status):
    location = created(server)
    append(location, 0, b"abc", "?1")

    said = append(location, offset, body, complete)

    assert (said.status, said["upload-complete"]) == (status, "?0")
    assert server.stored("/a.bin") == b"abc"


def test_version_6_has_a_problem_for_completed_uploads(server):
    """Draft -05, section "Completed Upload"."""
    location = created(server, version=SIX)
    append(location, 0, b"abc", "?1", version=SIX)
    said = append(location, 3, b"", "?1", version=SIX)

    assert (said.status, said.problem["type"]) == (400, REGISTRY + "completed-upload")


def test_a_server_may_forget_an_upload_with_its_last_answer(make):
    """Section "Upload Resource"."""
    server = make(keep_completed=False)
    location = created(server)

    assert append(location, 0, b"abc", "?1")["upload-complete"] == "?1"
    assert ask("HEAD", location).status == 404 and server.stored("/a.bin") == b"abc"


# -- the target


def test_a_put_replaces_and_says_so(server):
    server_path = server.url + "a.bin"

    assert [ask("PUT", server_path, data, Upload_Complete="?1").status for data in (b"one", b"two")] == [201, 204]
    assert server.stored("/a.bin") == b"two"


def test_a_post_makes_another_and_says_where(server):
    said = [ask("POST", server.url + "a.bin", data, Upload_Complete="?1") for data in (b"one", b"two")]

    assert [one["location"] for one in said] == ["/a.bin", "/a.bin~2"]
    assert json.loads(said[1].body) == {"path": "/a.bin~2", "size": 3} and server.stored("/a.bin~2") == b"two"


def test_if_none_match_is_asked_when_an_upload_begins(server):
    ask("PUT", server.url + "a.bin", b"old")
    said = ask("PUT", server.url + "a.bin", b"", Upload_Complete="?0", If_None_Match="*", Upload_Draft_Interop_Version=NEWEST)

    assert (said.status, said["upload-complete"], said.interims, server.live) == (412, "?1", (), ())


def test_if_none_match_is_asked_again_when_it_ends(server):
    """Section "Security Considerations": what was checked at the beginning may be true no more."""
    location = created(server, If_None_Match="*")
    ask("PUT", server.url + "a.bin", b"in between")
    said = append(location, 0, b"late", "?1")

    assert (said.status, said["upload-complete"]) == (412, "?1")
    assert server.stored("/a.bin") == b"in between"


@pytest.mark.parametrize("path", ["", "..%2Fa", ".uploads", "%2Euploads/x", ".uploads/x/../..", "x/%2e%2e/a"])
def test_no_upload_leads_outside(server, path):
    assert ask("PUT", server.url + path, b"x", Upload_Complete="?1").status in (404, 405)


def test_what_is_there_can_be_fetched(server):
    ask("PUT", server.url + "a%20b.bin", b"0123456789")
    got, seen = ask("GET", server.url + "a%20b.bin", Want_Repr_Digest="sha-256=10"), ask("HEAD", server.url + "a%20b.bin")

    assert (got.body, got["repr-digest"]) == (b"0123456789", digest(b"0123456789"))
    assert (seen["content-length"], seen["etag"], seen["repr-digest"]) == ("10", got["etag"], None)


# -- digests (section "Integrity Digests", until draft -11; RFC 9530)


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
def test_a_representation_with_its_digest_is_published(server, algorithm):
    location = created(server, Repr_Digest=digest(b"abcdef", algorithm))

    assert append(location, 0, b"abcdef", "?1").status == 201


def test_a_representation_with_another_digest_fails_and_is_not_published(server):
    location = created(server, Repr_Digest=digest(b"abcdef"))
    said = append(location, 0, b"abcdeX", "?1")

    assert (said.status, said["upload-complete"]) == (400, "?1") and "Repr-Digest" in said.problem["title"]
    assert ask("GET", server.url + "a.bin").status == 404
    assert append(location, 6, b"", "?1").status == 400


def test_a_digest_that_is_wanted_comes_with_the_last_answer(server):
    location = created(server, Want_Repr_Digest="md5=10, sha-512=1, sha-256=3")

    assert append(location, 0, b"abc", "?1")["repr-digest"] == digest(b"abc")


def test_content_with_another_digest_is_not_appended(server):
    """Section "Content Digests"."""
    location = created(server)
    said = append(location, 0, b"abX", Content_Digest=digest(b"abc"))

    assert (said.status, said["upload-complete"], said["upload-offset"]) == (400, "?0", "0")
    assert offset_of(location) == 0
    assert append(location, 0, b"abc", "?1", Content_Digest=digest(b"abc")).status == 201


def test_no_progress_is_told_of_content_that_may_yet_be_refused(make):
    """An ``Upload-Offset`` is a guarantee that nothing below it must be sent again (section "Offset")."""
    server = make(progress=1)

    assert append(created(server), 0, b"abX", Content_Digest=digest(b"abc")).interims == ()
    assert append(created(server), 0, b"abX").interims != ()


def test_what_arrived_of_broken_content_with_a_digest_is_kept(server):
    """The digest is compared once the request is complete; of an interrupted one as much as possible is appended (section "Upload Append")."""
    location = created(server)
    with Wire(location) as wire:
        fields = {"Content-Type": "application/partial-upload", "Upload-Offset": "0", "Upload-Complete": "?1", "Content-Length": "3"}
        wire.begin("PATCH", location, {**fields, "Content-Digest": digest(b"abc")})
        wire.send(b"ab")
        server.wait_for("PATCH", bytes=2)
    assert offset_of(location) == 2


def test_a_creation_with_another_content_digest_leaves_an_empty_upload(server):
    said = ask("PUT", server.url + "a.bin", b"abX", Upload_Complete="?1", Content_Digest=digest(b"abc"))

    assert (said.status, said["upload-complete"], offset_of(said["location"])) == (400, "?0", 0)
    assert append(said["location"], 0, b"abc", "?1").status == 201


def test_digests_of_unknown_kind_are_passed_over(server):
    """RFC 9530, section 2."""
    assert ask("PUT", server.url + "a.bin", b"abc", Upload_Complete="?1", Repr_Digest="crc32c=:AAAAAA==:", Content_Digest="what").status == 201


# -- limits (section "Limits")


def test_what_is_known_to_be_too_large_is_not_begun(make):
    server = make(limits=Limits(max_size=5))
    said = ask("PUT", server.url + "a.bin", b"", Upload_Complete="?0", Upload_Length="6", Upload_Draft_Interop_Version=NEWEST)

    assert (said.status, said["upload-limit"], said.interims, server.live) == (413, "max-size=5", (), ())


def test_what_turns_out_too_large_ends(make):
    server = make(limits=Limits(max_size=5))
    location = created(server)

    assert append(location, 0, b"7\r\nabcdefg\r\n0\r\n\r\n", Transfer_Encoding="chunked").status == 413
    assert ask("HEAD", location).status == 404


def test_a_request_has_bounds_that_an_upload_has_not(make):
    server = make(limits=Limits(max_append_size=4))
    location = created(server, Upload_Length="8")
    said = append(location, 0, b"12345678", "?1")

    assert (said.status, said["upload-limit"], said["upload-complete"]) == (413, "max-append-size=4", "?0")
    assert append(location, 0, b"1234").status == 204 and append(location, 4, b"5678", "?1").status == 201


def test_the_largest_append_bounds_a_creation_but_not_in_version_6(make):
    server = make(limits=Limits(max_append_size=4))
    said = [ask("PUT", server.url + "a.bin", b"12345", Upload_Complete="?1", Upload_Draft_Interop_Version=version) for version in (NEWEST, SIX)]

    assert [one.status for one in said] == [413, 201]


def test_the_smallest_append_does_not_bind_the_first_empty_one_and_the_last(make):
    server = make(limits=Limits(min_append_size=4))
    location = created(server)

    assert ask("PUT", server.url + "b.bin", b"123", Upload_Complete="?0").status == 400
    refused = append(location, 0, b"123")
    assert (refused.status, refused["upload-limit"]) == (400, "min-append-size=4")
    assert append(location, 0, b"1234").status == 204 and append(location, 4, b"5", "?1").status == 201


def test_what_is_too_small_is_taken_without_an_upload_resource(make):
    server = make(limits=Limits(min_size=5))

    whole = ask("PUT", server.url + "a.bin", b"1234", Upload_Complete="?1", Upload_Draft_Interop_Version=NEWEST)
    part = ask("PUT", server.url + "b.bin", b"", Upload_Complete="?0", Upload_Length="4")
    assert (whole.status, whole.interims) == (201, ()) and server.stored("/a.bin") == b"1234"
    assert (part.status, part["upload-limit"]) == (400, "min-size=5")
    assert created(server, Upload_Length="5")


@pytest.mark.parametrize(("version", "key"), [(NEWEST, "max-age"), (SIX, "expires")])
def test_a_lifetime_runs_down_and_ends(make, version, key):
    now = [1000.0]
    server = make(limits=Limits(max_age=60), clock=lambda: now[0])
    location = created(server, version=version)
    now[0] += 20

    assert ask("HEAD", location, Upload_Draft_Interop_Version=version)["upload-limit"] == f"{key}=40"
    now[0] += 41
    assert ask("HEAD", location).status == 404 and append(location, 0, b"x").status == 404


# -- cancellation (section "Upload Cancellation")


def test_a_canceled_upload_is_gone(server, tmp_path):
    location = created(server, body=b"abc")

    assert ask("DELETE", location).status == 204
    assert [ask("HEAD", location).status, append(location, 3, b"d").status, ask("DELETE", location).status] == [404, 404, 404]
    assert list((tmp_path / "site" / ".uploads").iterdir()) == []


def test_cancellation_ends_what_is_in_flight(server):
    location = created(server)
    with Wire(location) as wire:
        fields = {"Content-Type": "application/partial-upload", "Upload-Offset": "0", "Upload-Complete": "?1", "Content-Length": "100"}
        wire.begin("PATCH", location, fields)
        wire.send(b"abc")
        server.wait_for("PATCH", bytes=3)
        assert ask("DELETE", location).status == 204
        with pytest.raises(ConnectionError):
            wire.hear()
    assert server.live == ()


# -- concurrency (section "Concurrency")


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_question_ends_the_transfer_so_that_its_answer_holds(server, method):
    fields = {"Upload-Complete": "?1", "Content-Length": "100", "Upload-Draft-Interop-Version": NEWEST}
    location = created(server) if method == "PATCH" else None
    with Wire(server.url) as wire:
        wire.begin(method, location or "/a.bin", {**fields, "Content-Type": "application/partial-upload", "Upload-Offset": "0"})
        location = location or wire.hear_one()["location"]
        wire.send(b"abc")
        server.wait_for(method, nth=server.requests[-1].nth, bytes=3)
        offset = offset_of(location)
        with pytest.raises(ConnectionError):
            wire.hear()
    assert offset == 3
    assert append(location, offset, b"x" * 97, "?1").status == 201


def test_a_newer_append_ends_an_older_one(server):
    location = created(server)
    with Wire(location) as wire:
        fields = {"Content-Type": "application/partial-upload", "Upload-Offset": "0", "Upload-Complete": "?0", "Content-Length": "100"}
        wire.begin("PATCH", location, fields)
        wire.send(b"abc")
        server.wait_for("PATCH", bytes=3)

        assert append(location, 3, b"def", "?1").status == 201
        with pytest.raises(ConnectionError):
            wire.hear()
    assert server.stored("/a.bin") == b"abcdef"


def test_many_appends_at_once_leave_no_byte_twice(server):
    location = created(server)
    said = []

    def race(letter):
        try:
            said.append((letter, append(location, 0, letter * 50_000).status))
        except OSError:
            said.append((letter, None))

    racers = [Thread(target=race, args=(letter.encode(),)) for letter in "abcdefgh"]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    offset = offset_of(location)

    assert append(location, offset, b"", "?1").status == 201
    whole = server.stored("/a.bin")
    assert len(whole) == offset and len(set(whole)) <= 1 and len([1 for _, status in said if status == 204]) <= 1


# -- state (section "State")


def test_uploads_go_on_after_a_restart(make):
    """The server is responsible for persisting the state of the upload resource (section "Upload Resource")."""
    first = make(limits=Limits(max_age=600))
    location = created(first, "a.bin", body=b"abc", Upload_Length="6", Repr_Digest=digest(b"abcdef"), Want_Repr_Digest="sha-512=1")
    done = created(first, "b.bin")
    last = append(done, 0, b"done", "?1")
    first.close()
    second = make()
    location, done = (address.replace(first.url, second.url) for address in (location, done))

    assert [ask("HEAD", location)[name] for name in ("upload-offset", "upload-length")] == ["3", "6"]
    assert append(location, 3, b"def", "?1")["repr-digest"] == digest(b"abcdef", "sha-512")
    assert append(done, 4, b"", "?1")["etag"] == last["etag"]


def test_an_upload_whose_bytes_are_lost_is_gone(make, tmp_path):
    """Section "Offset": if any part of the state is lost, the resource is deactivated."""
    first = make()
    location = created(first, body=b"abc")
    first.close()
    next((tmp_path / "site" / ".uploads").glob("*/data")).unlink()
    second = make()

    assert ask("HEAD", location.replace(first.url, second.url)).status == 404 and second.live == ()


def test_it_runs_as_a_program_until_it_is_told_to_stop(tmp_path):
    words = [sys.executable, "-m", "tests.servers.rufh", "--folder", str(tmp_path / "kept"), "--max-size", "5"]
    with subprocess.Popen(words, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        url = process.stdout.readline().strip()
        assert ask("OPTIONS", url + "a")["upload-limit"] == "max-size=5"
        assert ask("PUT", url + "a", b"abc").status == 201
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert (tmp_path / "kept" / "a").read_bytes() == b"abc"
