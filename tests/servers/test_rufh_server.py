"""The server for resumable uploads does what the draft says; each test names the section of the text of July 2026."""

from contextlib import ExitStack

import pytest

from tests.servers.resumable import NEWEST, REGISTRY, SIX, append, created, offset_of
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


# -- discovery (section "Limits")


def test_options_tell_the_limits_of_what_could_be_created(make):
    server = make(limits=Limits(max_size=10**9, min_append_size=5, max_append_size=10**6, max_age=3600))

    assert ask("OPTIONS", server.url + "any/where")["upload-limit"] == "max-size=1000000000, max-append-size=1000000, min-append-size=5, max-age=3600"
    with Wire(server.url) as wire:
        wire.begin("OPTIONS", "*", {})
        assert wire.hear()["upload-limit"].startswith("max-size=1000000000")


def test_a_server_without_limits_says_so_with_min_size_0(server):
    assert ask("OPTIONS", server.url + "a.bin")["upload-limit"] == "min-size=0"


def test_options_with_upload_complete_do_not_ask_for_limits(server):
    assert ask("OPTIONS", server.url + "a.bin", Upload_Complete="?1")["upload-limit"] is None


@pytest.mark.parametrize("habit", ["announces", "resumable"])
def test_a_server_may_tell_nothing(make, habit):
    assert ask("OPTIONS", make(**{habit: False}).url + "a.bin")["upload-limit"] is None


# -- creation (section "Upload Creation", and "Status Code 104")


@pytest.mark.parametrize("version", [NEWEST, SIX])
def test_a_creation_of_the_whole_is_answered_by_the_target_and_announced_before(server, version):
    said = ask("PUT", server.url + "x/a.bin", b"0123456789", Upload_Complete="?1", Upload_Draft_Interop_Version=version)

    assert said.status == 201 and said["upload-complete"] == "?1"
    (interim,) = said.interims
    assert interim.status == 104 and interim["location"].startswith(server.url) and interim["upload-draft-interop-version"] == version
    assert interim["upload-limit"] == "min-size=0"
    assert server.stored("/x/a.bin") == b"0123456789"


def test_version_6_has_the_location_and_the_offset_in_the_last_answer(server):
    said = ask("POST", server.url + "a.bin", b"0123456789", Upload_Complete="?1", Upload_Draft_Interop_Version=SIX)

    assert (said["location"], said["upload-offset"]) == (said.interims[0]["location"], "10")


@pytest.mark.parametrize("fields", [{}, {"Upload_Draft_Interop_Version": "7"}, {"Upload_Draft_Interop_Version": "?1"}])
def test_no_104_goes_to_who_speaks_another_version(server, fields):
    """Section "Draft Version Identification"."""
    said = ask("PUT", server.url + "a.bin", b"0123456789", Upload_Complete="?1", **fields)

    assert said.status == 201 and said.interims == ()


def test_a_server_need_not_be_able_to_send_104(make):
    assert ask("PUT", make(interim=False).url + "a.bin", b"01", Upload_Complete="?1", Upload_Draft_Interop_Version=NEWEST).interims == ()


@pytest.mark.parametrize("relative", [False, True])
def test_a_careful_creation_gives_the_address_and_publishes_nothing(make, relative):
    server = make(relative=relative)
    said = ask("PUT", server.url + "a.bin", b"", Upload_Complete="?0", Upload_Length="10", Upload_Draft_Interop_Version=NEWEST)

    assert (said.status, said["upload-complete"], said["upload-limit"]) == (201, "?0", "min-size=0")
    assert said["location"].startswith("/" if relative else server.url)
    assert ask("GET", server.url + "a.bin").status == 404
    assert offset_of(server.url + ".uploads/" + said["location"].rpartition("/")[2]) == 0


def test_a_creation_may_bring_a_first_part(server):
    location = created(server, body=b"01234", Upload_Length="10")

    assert offset_of(location) == 5
    assert append(location, 5, b"56789", "?1").status == 201
    assert server.stored("/a.bin") == b"0123456789"


def test_interim_and_final_answer_to_a_part_name_the_same_location(server):
    said = ask("POST", server.url + "a.bin", b"01", Upload_Complete="?0", Upload_Draft_Interop_Version=NEWEST)

    assert said["location"] == said.interims[0]["location"]


def test_an_empty_representation_is_complete_at_once(server):
    assert ask("PUT", server.url + "empty", b"", Upload_Complete="?1").status == 201
    assert server.stored("/empty") == b""


def test_upload_resources_are_unique_and_hard_to_guess(server):
    """Sections "Upload Resource" and "Security Considerations"."""
    addresses = {created(server) for _ in range(5)}

    assert len(addresses) == 5 and all(len(address.rpartition("/")[2]) >= 20 for address in addresses)


def test_who_expects_100_gets_it_besides_the_104(server):
    with Wire(server.url) as wire:
        fields = {"Upload-Complete": "?1", "Upload-Draft-Interop-Version": NEWEST, "Content-Length": "3", "Expect": "100-continue"}
        wire.begin("PUT", "/a.bin", fields)
        assert [wire.hear_one().status for _ in range(2)] == [104, 100]
        wire.send(b"abc")
        assert wire.hear().status == 201


def test_a_request_without_upload_complete_is_a_plain_one(server):
    said = ask("PUT", server.url + "a.bin", b"plain", Upload_Draft_Interop_Version=NEWEST)

    assert (said.status, said["upload-complete"], said.interims) == (201, None, ())
    assert server.stored("/a.bin") == b"plain" and server.live == ()


@pytest.mark.parametrize("value", ["1", "true", '"?1"', "?2", "?1, ?1", ":?1:"])
def test_another_value_of_upload_complete_is_ignored(server, value):
    """Section "Completeness"."""
    assert ask("PUT", server.url + "a.bin", b"plain", Upload_Complete=value)["upload-complete"] is None


def test_parameters_of_an_item_do_not_matter(server):
    """RFC 9651, section 3.3."""
    assert ask("PUT", server.url + "a.bin", b"", Upload_Complete='?0;why="part"; x', Upload_Length="10;a=1").status == 201


def test_who_does_not_know_the_draft_takes_the_first_part_for_the_whole(make):
    server = make(resumable=False)
    said = ask("PUT", server.url + "a.bin", b"part", Upload_Complete="?0", Upload_Length="10", Upload_Draft_Interop_Version=NEWEST)

    assert (said.status, said["location"], said.interims) == (201, None, ())
    assert server.stored("/a.bin") == b"part"


# -- the offset (sections "Offset Retrieval" and "Offset")


def test_an_offset_comes_with_all_that_is_known(make):
    server = make(limits=Limits(max_age=60), clock=lambda: 1000.0)
    said = ask("HEAD", created(server, body=b"0123", Upload_Length="10"))

    assert said.status == 204
    assert [said[name] for name in ("upload-offset", "upload-complete", "upload-length")] == ["4", "?0", "10"]
    assert (said["upload-limit"], said["cache-control"]) == ("max-age=60", "no-store")


def test_an_unknown_length_is_not_told(server):
    assert ask("HEAD", created(server, body=b"0123"))["upload-length"] is None


def test_get_on_an_upload_tells_the_offset_too(server):
    assert ask("GET", created(server, body=b"0123"))["upload-offset"] == "4"


def test_the_newest_drafts_need_only_the_offset(make):
    """Required until draft -12; since -13 neither length nor completeness must be there."""
    server = make(terse=True)
    location = created(server, body=b"0123", Upload_Length="10")
    said = ask("HEAD", location)

    assert (said["upload-offset"], said["upload-complete"], said["upload-length"]) == ("4", None, None)
    assert append(location, 4, b"4")["upload-offset"] is None


@pytest.mark.parametrize("name", ["Upload_Offset", "Upload_Complete", "Upload_Length"])
def test_version_6_refuses_questions_with_fields_of_an_upload(server, name):
    """Draft -05, section "Offset Retrieval"."""
    location = created(server, version=SIX)

    assert ask("HEAD", location, **{name: "?0"}, Upload_Draft_Interop_Version=SIX).status == 400
    assert ask("HEAD", location, **{name: "?0"}, Upload_Draft_Interop_Version=NEWEST).status == 204


def test_what_is_not_an_upload_is_not_found(server):
    address = server.url + ".uploads/never"

    assert [ask("HEAD", address).status, append(address, 0, b"").status, ask("DELETE", address).status] == [404, 404, 404]


# -- appending (section "Upload Append")


def test_a_series_of_appends_makes_the_whole(server):
    location = created(server)

    first = append(location, 0, b"abc")
    assert (first.status, first["upload-complete"], first["upload-offset"]) == (204, "?0", "3")
    assert append(location, 3, b"def").status == 204
    last = append(location, 6, b"", "?1")
    assert (last.status, last["upload-complete"]) == (201, "?1")
    assert server.stored("/a.bin") == b"abcdef"


def test_version_6_acknowledges_an_append_with_201_and_the_offset(server):
    location = created(server, version=SIX)

    part, last = append(location, 0, b"abc", version=SIX), append(location, 3, b"def", "?1", version=SIX)

    assert (part.status, part["upload-offset"], part["upload-complete"]) == (201, "3", "?0")
    assert (last.status, last["upload-offset"]) == (201, "6") and last["upload-complete"] != "?0"


def test_in_version_6_silence_means_that_more_is_to_come(server):
    """Draft -05, section "Upload Append", the example."""
    location = created(server, version=SIX)
    said = ask("PATCH", location, b"ab", Content_Type="application/partial-upload", Upload_Offset="0", Upload_Draft_Interop_Version=SIX)

    assert (said.status, said["upload-offset"]) == (201, "2")


@pytest.mark.parametrize(
    ("changed", "status"), [({"Content_Type": "application/offset+octet-stream"}, 415), ({"Upload_Offset": "-1"}, 400), ({"Upload_Complete": "yes"}, 400)]
)
def test_an_append_names_its_type_its_offset_and_whether_it_is_the_last(server, changed, status):
    said = append(created(server), 0, b"abc", **changed)

    assert (said.status, said["upload-complete"]) == (status, "?0")


@pytest.mark.parametrize("version", [NEWEST, SIX])
@pytest.mark.parametrize("offset", [0, 2, 4])
def test_another_offset_is_refused_with_the_right_one(server, offset, version):
    """Sections "Upload Append" and "Mismatching Offset"."""
    location = created(server, body=b"abc")
    said = append(location, offset, b"xyz", version=version)

    assert (said.status, said["upload-offset"], said["upload-complete"]) == (409, "3", "?0")
    assert said.problem["type"] == REGISTRY + "mismatching-upload-offset"
    assert (said.problem["expected-offset"], said.problem["provided-offset"]) == (3, offset)
    assert offset_of(location) == 3


def test_an_offset_that_reaches_the_length_does_not_complete(server):
    """Section "Length"."""
    location = created(server, Upload_Length="3")

    assert append(location, 0, b"abc")["upload-complete"] == "?0"
    assert ask("HEAD", location)["upload-complete"] == "?0" and ask("GET", server.url + "a.bin").status == 404
    assert append(location, 3, b"", "?1")["upload-complete"] == "?1"
    assert server.stored("/a.bin") == b"abc"


def test_progress_is_told_without_a_location(make):
    server = make(progress=1000)
    location = created(server)
    with Wire(location) as wire:
        fields = {"Content-Type": "application/partial-upload", "Upload-Offset": "0", "Upload-Complete": "?0", "Content-Length": "2500"}
        wire.begin("PATCH", location, {**fields, "Upload-Draft-Interop-Version": NEWEST})
        wire.send(b"x" * 1200)
        interim = wire.hear_one()
        assert (interim.status, interim["location"], interim["upload-draft-interop-version"]) == (104, None, NEWEST)
        assert 1000 <= int(interim["upload-offset"]) <= 1200
        wire.send(b"x" * 1300)
        assert wire.hear().status == 204


@pytest.mark.parametrize("version", [NEWEST, SIX])
def test_what_arrived_of_a_broken_append_is_kept(server, version):
    location = created(server, version=version, Upload_Length="100")
    with Wire(location) as wire:
        fields = {"Content-Type": "application/partial-upload", "Upload-Offset": "0", "Upload-Complete": "?1", "Content-Length": "100"}
        wire.begin("PATCH", location, fields)
        wire.send(b"0123456789")
        server.wait_for("PATCH", bytes=10)
    said = ask("HEAD", location)

    assert (said["upload-offset"], said["upload-complete"]) == ("10", "?0")
    assert ask("GET", server.url + "a.bin").status == 404


def test_what_arrived_of_a_broken_creation_is_kept(server):
    """Section "Upload Creation"."""
    with Wire(server.url) as wire:
        wire.begin("POST", "/a.bin", {"Upload-Complete": "?1", "Upload-Draft-Interop-Version": NEWEST, "Content-Length": "10"})
        location = wire.hear_one()["location"]
        wire.send(b"0123")
        server.wait_for("POST", bytes=4)
    assert [ask("HEAD", location)[name] for name in ("upload-offset", "upload-length", "upload-complete")] == ["4", "10", "?0"]

    assert append(location, 4, b"456789", "?1").status == 201
    assert server.stored("/a.bin") == b"0123456789"


def test_a_chunked_body_counts_without_its_coding(server):
    """Section "Transfer Codings"."""
    said = append(location := created(server), 0, b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", Transfer_Encoding="chunked")

    assert said.status == 204 and offset_of(location) == 5


def test_a_broken_chunked_body_keeps_what_came(server):
    location = created(server)
    with Wire(location) as wire:
        fields = {"Content-Type": "application/partial-upload", "Upload-Offset": "0", "Upload-Complete": "?1", "Transfer-Encoding": "chunked"}
        wire.begin("PATCH", location, fields)
        wire.send(b"3\r\nabc\r\n2\r\nd")
        server.wait_for("PATCH", bytes=4)
    assert offset_of(location) == 4


# -- the length (sections "Length" and "Inconsistent Length")


def inconsistent(said):
    return (said.status, said["upload-complete"], said.problem["type"]) == (400, "?0", REGISTRY + "inconsistent-upload-length")


@pytest.mark.parametrize("version", [NEWEST, SIX])
def test_a_creation_with_two_lengths_is_refused(server, version):
    said = ask("PUT", server.url + "a.bin", b"abc", Upload_Complete="?1", Upload_Length="4", Upload_Draft_Interop_Version=version)

    assert inconsistent(said) and said.interims == () and server.live == ()


@pytest.mark.parametrize("version", [NEWEST, SIX])
def test_a_last_append_that_does_not_reach_the_length_is_refused(server, version):
    location = created(server, version=version, Upload_Length="10")

    assert inconsistent(append(location, 0, b"abc", "?1", version=version))
    assert append(location, 0, b"0123456789", "?1", version=version).status == 201


def test_an_append_cannot_change_the_length(server):
    location = created(server, Upload_Length="10")

    assert inconsistent(append(location, 0, b"abc", Upload_Length="11"))


def test_an_append_can_tell_the_length_at_last(server):
    location = created(server)

    assert append(location, 0, b"abc", Upload_Length="5").status == 204
    assert ask("HEAD", location)["upload-length"] == "5"


def test_a_last_append_of_unannounced_size_must_reach_the_length(server):
    """Completing below the length is inconsistent even without a Content-Length; said plainly since draft -12."""
    location = created(server, Upload_Length="10")

    assert inconsistent(append(location, 0, b"3\r\nabc\r\n0\r\n\r\n", "?1", Transfer_Encoding="chunked"))
    assert ask("GET", server.url + "a.bin").status == 404


@pytest.mark.parametrize("fields", [{}, {"Transfer_Encoding": "chunked"}])
def test_more_than_the_length_ends_the_upload(server, fields):
    """Section "Upload Append": the resource is invalid then."""
    location = created(server, Upload_Length="3")
    body = b"4\r\nabcd\r\n0\r\n\r\n" if fields else b"abcd"

    assert inconsistent(append(location, 0, body, **fields))
    assert ask("HEAD", location).status == 404 and server.live == ()


def test_version_6_keeps_the_bytes_up_to_the_length(server):
    """Draft -05, section "Upload Append"."""
    location = created(server, version=SIX, Upload_Length="3")

    assert append(location, 0, b"abcd", version=SIX).status == 400
    assert offset_of(location, SIX) == 3
    assert append(location, 3, b"", "?1", version=SIX).status == 201
