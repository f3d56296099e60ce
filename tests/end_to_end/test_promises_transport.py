"""What a person is promised, whatever carries: run with ``--transport`` for any other than ours."""

import hashlib
from pathlib import PurePosixPath
from subprocess import PIPE

import pytest
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Query

from tests.core.owned import eventually
from tests.end_to_end.stage import MIB

pytestmark = pytest.mark.promise
SIZE, RATE = 16 * MIB, "6M"  # slow enough for something to happen in between
AWKWARD = ["a b.bin", "ä ö.bin", "100%.bin", "a+b&c=d;e,f.bin", "#1?.bin", "~tilde.bin", "(1) [2] {3}.bin", "a'b.bin"]


def landed(there, name="source.bin"):
    return there.landed(PurePosixPath(name))


def amid(stage, id):
    """Returns when some of its bytes are on their way, and not all: how many."""
    for news in stage.desk.follow(Query(ids=(id,)), after=0, progress=True):
        if isinstance(news, UploadProgress) and news.bytes_sent >= MIB:
            return news.bytes_sent
    raise AssertionError("the events ended")


@pytest.fixture
def slow(stage, there):
    """An upload that takes a few seconds: its id, and what it is to be."""
    stage.config.write_text(f'[limits]\nbandwidth = "{RATE}"\n{stage.config.read_text()}')
    source, digest = stage.file(SIZE)
    (id,) = stage.put(source, "there:")
    return id, digest


def test_a_file_lands_unchanged_under_its_name_and_the_receipt_says_so(stage, there):
    source, digest = stage.file(3 * MIB + 7)

    (id,) = stage.put("--wait", source, "there:")

    assert hashlib.sha256(landed(there)).hexdigest() == digest
    assert (stage.ends(id), stage.view(id)["receipt"]["size"]) == (["completed"], 3 * MIB + 7)


@pytest.mark.campaign
def test_an_empty_file_lands(stage, there):
    stage.put("--wait", stage.file(0)[0], "there:")

    assert landed(there) == b""


@pytest.mark.campaign
def test_a_name_with_awkward_letters_is_the_name_there(stage, there):
    sources = [stage.file(100 + number, name)[0] for number, name in enumerate(AWKWARD)]

    stage.put("--wait", *sources, "there:in/")

    assert [len(landed(there, f"in/{name}") or b"") for name in AWKWARD] == [100 + number for number in range(len(AWKWARD))]


@pytest.mark.campaign
def test_a_folder_lands_with_everything_below_it(stage, there):
    for number, name in enumerate(("a.bin", "one/b.bin", "one/two/c.bin")):
        (stage.folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        stage.file(number + 1, f"tree/{name}")

    stage.put("--wait", "-r", str(stage.folder / "tree"), "there:")

    assert [len(landed(there, f"tree/{name}")) for name in ("a.bin", "one/b.bin", "one/two/c.bin")] == [1, 2, 3]


@pytest.mark.campaign
def test_what_is_read_from_standard_input_lands(stage, there):
    content = "said\n" * 100_000

    with stage.begin("put", "--wait", "-", "there:said", stdin=PIPE) as putting:
        _, complaints = putting.communicate(content, timeout=60)

    assert (putting.returncode, landed(there, "said")) == (0, content.encode()), complaints


@pytest.mark.campaign
def test_three_hundred_small_ones_land_each_under_its_name_and_each_ends_once(stage, there):
    content = {
        f"{number:03}.bin": stage.file(number, f"many/{number:03}.bin")[1]
        for number in range(300)
        if stage.folder.joinpath("many").mkdir(exist_ok=True) is None
    }

    ids = stage.put("--wait", "-r", f"{stage.folder}/many/", "there:")

    assert {name: hashlib.sha256(landed(there, name)).hexdigest() for name in content} == content
    assert [view["status"] for view in stage.listed()] == ["completed"] * len(ids) == ["completed"] * 300


def test_killed_amid_an_upload_the_next_host_completes_it_once(stage, there, slow, say):
    id, digest = slow
    sent = amid(stage, id)
    stage.kill_host()
    assert landed(there) is None, "what is half there has the name of what is whole"

    stage.run("wait", id)

    assert hashlib.sha256(landed(there)).hexdigest() == digest
    receipt = stage.view(id)["receipt"]
    assert (stage.ends(id), receipt["size"]) == (["completed"], SIZE)
    assert sent < SIZE
    say(f"killed after {sent} of {SIZE} bytes: {receipt['bytes_resent']} were sent again")


@pytest.mark.campaign
def test_a_paused_one_stands_still_and_goes_on_when_it_is_told_to(stage, there, slow):
    id, digest = slow
    amid(stage, id)

    stage.run("pause", id)
    stage.until(id, status="paused_by_application")
    assert landed(there) is None
    stage.run("resume", id)
    stage.run("wait", id)

    assert hashlib.sha256(landed(there)).hexdigest() == digest
    assert stage.ends(id) == ["completed"]


@pytest.mark.campaign
def test_a_canceled_one_leaves_nothing_there(stage, there, slow):
    id, _ = slow
    amid(stage, id)

    stage.run("cancel", id)
    stage.run("wait", id, fine=(1,))

    assert (landed(there), stage.ends(id)) == (None, ["canceled"])
    eventually(lambda: not there.unfinished(), "that nothing of it is left there")


@pytest.mark.campaign
def test_a_source_that_is_written_to_fails_and_nothing_of_it_has_the_name(stage, there, slow):
    id, _ = slow
    amid(stage, id)
    with open(stage.folder / "source.bin", "r+b") as file:
        file.truncate(SIZE - 1)

    stage.run("wait", id, fine=(1,))

    assert (stage.view(id)["error"]["code"], landed(there)) == ("source_changed", None)


@pytest.mark.campaign
def test_of_two_with_one_name_the_later_waits_and_is_what_is_there(stage, there, slow):
    first, _ = slow
    amid(stage, first)
    (stage.folder / "other").mkdir()
    source, digest = stage.file(1000, "other/source.bin")

    (second,) = stage.put(source, "there:")

    assert (stage.view(second)["reason"], stage.view(first)["status"]) == ("earlier_upload", "running")
    stage.run("wait", first, second)
    assert hashlib.sha256(landed(there)).hexdigest() == digest


@pytest.mark.campaign
def test_a_file_that_is_not_what_was_promised_fails(stage, there):
    source, _ = stage.file(1000)

    (id,) = stage.put("--sha256", "0" * 64, source, "there:")
    stage.run("wait", id, fine=(1,))

    assert stage.ends(id) == ["failed"]


@pytest.mark.campaign
def test_a_destination_that_is_there_is_said_to_be(stage, there):
    assert "there" in stage.run("check", "there:").stdout
