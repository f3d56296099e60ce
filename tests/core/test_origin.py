"""A source is compared before and during every try: what that means for its upload."""

import os
import shutil
import subprocess
from itertools import count
from pathlib import Path

import pytest
from sendoff.errors import Transient

from tests.core.owned import eventually

CONTENT = bytes(range(250)) * 4
OTHER = CONTENT[:50] + b"!" + CONTENT[51:]
LONGER = CONTENT + b"more"


def at(owned, point, number, act):
    """Let something happen the ``number``-th time that the transport stands at a point."""
    times = count(1)

    def seen(name, _operation):
        if name == point and next(times) == number:
            act()

    owned.server.point = seen


def broken():
    raise Transient("the connection broke")


def replaced(path, content):
    """Another file under the same name, with the same time: what a restore or a remount gives."""
    before = path.stat()
    path.with_suffix(".new").write_bytes(content)
    os.utime(path.with_suffix(".new"), ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(path.with_suffix(".new"), path)


def changes(owned, id):
    return [event.data for event in owned.events(id, "changed")]


# -- before a try -----------------------------------------------------------------------------------------------------


def rewritten(path):
    path.write_bytes(OTHER)
    os.utime(path, (1, 1))


BEFORE = [
    (rewritten, "source_changed", "was changed after it was queued"),
    (lambda path: os.truncate(path, 10), "source_changed", "was changed after it was queued"),
    (lambda path: path.write_bytes(LONGER), "source_changed", "was changed after it was queued"),
    (lambda path: path.unlink(), "source_missing", "there is no file"),
    (lambda path: (path.unlink(), path.mkdir()), "source_unsuitable", "is a directory"),
    (lambda path: (path.unlink(), os.mkfifo(path)), "source_unsuitable", "is a named pipe"),
    (lambda path: (path.unlink(), path.symlink_to(path)), "source_missing", "is a loop of symbolic links"),
]


@pytest.mark.fault(26, 27, 28)
@pytest.mark.parametrize(("change", "code", "sentence"), BEFORE)
@pytest.mark.parametrize("scheme", ["plain", "session"])
def test_what_is_not_what_was_queued_is_not_sent(scheme, change, code, sentence, owned):
    path = owned.file(content=CONTENT)
    id = owned.put(path, f"{scheme}://10.0.0.1/x", start=False)
    change(path)
    owned.order("start", id)

    error = owned.until(id, "error")["error"]

    assert (error["code"], error["side"]) == (code, "source")
    assert str(path) in error["message"] and sentence in error["message"]
    assert (owned.server.things, owned.server.uploads) == ({}, {})


def test_who_asked_for_it_gets_what_the_file_holds_now(owned):
    path = owned.file(content=CONTENT)
    id = owned.put(path, "session://10.0.0.1/x", start=False, if_changed="restart")
    path.write_bytes(LONGER)
    owned.order("start", id)

    owned.done(id)

    assert owned.server.things == {"session://10.0.0.1/x": LONGER}
    assert changes(owned, id) == [{"source": "changed", "checked": "nothing; sent from the first byte"}]
    assert owned.view(id)["receipt"]["size"] == len(LONGER)


# -- during a try -----------------------------------------------------------------------------------------------------


DURING = [
    (lambda path: os.truncate(path, 300), CONTENT[:300]),
    (lambda path: path.write_bytes(LONGER), LONGER),
    (rewritten, OTHER),
]


@pytest.mark.parametrize(("change", "_after"), DURING)
@pytest.mark.parametrize(("scheme", "point"), [("plain", "body"), ("session", "chunk_answer")])
def test_a_change_in_mid_transfer_ends_it_and_nothing_mixed_is_published(scheme, point, change, _after, owned):
    path = owned.file(content=CONTENT)
    at(owned, point, 5, lambda: change(path))

    id = owned.put(path, f"{scheme}://10.0.0.1/x")
    error = owned.until(id, "error")["error"]

    assert error["code"] == "source_changed" and "while it was being sent" in error["message"]
    assert owned.server.things == {}


@pytest.mark.parametrize(("change", "after"), DURING)
@pytest.mark.parametrize(("scheme", "point"), [("plain", "body"), ("session", "chunk_answer")])
def test_a_change_in_mid_transfer_begins_anew_where_that_was_asked(scheme, point, change, after, owned):
    path = owned.file(content=CONTENT)
    at(owned, point, 5, lambda: change(path))

    id = owned.put(path, f"{scheme}://10.0.0.1/x", if_changed="restart")
    owned.done(id)

    assert owned.server.things == {f"{scheme}://10.0.0.1/x": after}
    assert changes(owned, id) == [{"source": "changed", "checked": "nothing; sent from the first byte"}]
    eventually(lambda: not owned.server.uploads, "the end of the half-done upload of what the file held before")


def test_a_post_that_was_taken_is_done_even_if_its_source_changes_a_moment_later(owned):
    path = owned.file(content=CONTENT)
    at(owned, "answer", 1, lambda: path.write_bytes(LONGER))

    id = owned.put(path, "plain://10.0.0.1/x", method="POST", if_changed="restart")
    owned.done(id)

    assert [body for _, body in owned.server.posted] == [CONTENT]


def test_a_file_that_never_holds_still_fails_when_patience_ends(owned):
    path, turns = owned.file(content=CONTENT), count(1)

    def grow(name, _operation):
        if name == "body":
            path.write_bytes(CONTENT + b"x" * next(turns))

    owned.server.point = grow
    id = owned.put(path, "plain://10.0.0.1/x", if_changed="restart", patience=0, attempts=3)

    assert owned.until(id, "error")["error"]["code"] == "source_changed"
    assert owned.server.things == {}


# -- moved: the same content in another file --------------------------------------------------------------------------


def test_a_restored_file_goes_on_at_the_confirmed_byte_once_the_prefix_was_compared(owned):
    path = owned.file(content=CONTENT)
    at(owned, "chunk", 6, lambda: (replaced(path, CONTENT), broken()))

    id = owned.put(path, "session://10.0.0.1/x")
    owned.done(id)

    assert owned.server.things == {"session://10.0.0.1/x": CONTENT}
    assert (owned.server.repeated, owned.server.made) == (0, 1)
    assert changes(owned, id) == [{"source": "moved", "checked": "the first 600 bytes"}]


def test_a_restored_file_goes_on_after_another_owner_took_over(owned):
    path = owned.file(content=CONTENT)
    at(owned, "chunk", 6, broken)
    id = owned.put(path, "session://10.0.0.1/x", patience=0, attempts=1)
    owned.until(id, "error")
    owned.server.point = lambda *_: None
    replaced(path, CONTENT)
    owned.reopen()

    owned.order("retry", id)
    owned.done(id)

    assert (owned.server.repeated, owned.server.made) == (0, 1)
    assert changes(owned, id) == [{"source": "moved", "checked": "the first 600 bytes"}]


def test_a_file_with_the_same_time_and_another_prefix_is_changed(owned):
    path = owned.file(content=CONTENT)
    at(owned, "chunk", 6, lambda: (replaced(path, OTHER), broken()))

    id = owned.put(path, "session://10.0.0.1/x")

    assert owned.until(id, "error")["error"]["code"] == "source_changed"
    assert owned.server.things == {}


def test_a_file_with_the_same_time_and_another_prefix_is_sent_whole_where_that_was_asked(owned):
    path = owned.file(content=CONTENT)
    at(owned, "chunk", 6, lambda: (replaced(path, OTHER), broken()))

    id = owned.put(path, "session://10.0.0.1/x", if_changed="restart")
    owned.done(id)

    assert owned.server.things == {"session://10.0.0.1/x": OTHER}
    assert [one["checked"] for one in changes(owned, id)] == ["nothing; sent from the first byte"]


@pytest.mark.parametrize(("scheme", "point"), [("plain", "body"), ("session", "recorded")])
def test_a_restored_file_without_confirmed_bytes_is_sent_from_the_first(scheme, point, owned):
    path = owned.file(content=CONTENT)
    at(owned, point, 1, lambda: (replaced(path, CONTENT), broken()))

    id = owned.put(path, f"{scheme}://10.0.0.1/x")
    owned.done(id)

    assert owned.server.things == {f"{scheme}://10.0.0.1/x": CONTENT}
    assert changes(owned, id) == [{"source": "moved", "checked": "nothing; sent from the first byte"}]
    eventually(lambda: not owned.server.uploads, "the end of the half-done upload that could not go on")


@pytest.mark.fault(26)
@pytest.mark.parametrize("scheme", ["plain", "session"])
def test_a_file_that_is_deleted_in_mid_transfer_is_sent_to_its_end_and_an_event_says_so(scheme, owned):
    path = owned.file(content=CONTENT)
    at(owned, "body" if scheme == "plain" else "chunk", 1 if scheme == "plain" else 5, path.unlink)
    id = owned.put(path, f"{scheme}://10.0.0.1/x")

    owned.done(id)

    assert owned.server.things == {f"{scheme}://10.0.0.1/x": CONTENT}
    assert changes(owned, id) == [{"source": "gone", "checked": "what was open was sent to its end"}]


@pytest.mark.fault(26)
def test_a_file_that_is_deleted_in_mid_transfer_is_missing_where_the_try_then_breaks(owned):
    path = owned.file(content=CONTENT)
    at(owned, "chunk", 5, lambda: (path.unlink(), broken()))
    id = owned.put(path, "session://10.0.0.1/x")

    assert owned.until(id, "error")["error"]["code"] == "source_missing"
    assert owned.server.things == {}


def test_a_file_that_gives_way_to_another_in_mid_transfer_arrives_as_it_was_queued(owned):
    path = owned.file(content=CONTENT)
    at(owned, "chunk", 5, lambda: (path.with_suffix(".new").write_bytes(LONGER), os.replace(path.with_suffix(".new"), path)))

    owned.done(owned.put(path, "session://10.0.0.1/x"))

    assert owned.server.things == {"session://10.0.0.1/x": CONTENT}


# -- a drive that is not there ----------------------------------------------------------------------------------------


@pytest.fixture
def drive(tmp_path):
    """A folder that can be mounted and is, and two functions that take it away and bring it back."""
    real, place = tmp_path / "real", tmp_path / "drive"
    real.mkdir()
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not (mount and umount) or subprocess.run([mount, "--bind", real, place], capture_output=True).returncode:
        pytest.skip("folders cannot be mounted here; run as root")
    yield place, lambda: subprocess.run([umount, place], check=True), lambda: subprocess.run([mount, "--bind", real, place], check=True)
    subprocess.run([umount, place], capture_output=True)


@pytest.mark.fault(38)
def test_an_absent_drive_is_waited_for_and_the_upload_goes_on_by_itself(drive, owned):
    place, away, back = drive
    path = place / "a.bin"
    path.write_bytes(CONTENT)
    id = owned.put(path, "session://10.0.0.1/x", start=False)
    away()
    owned.order("start", id)

    view = owned.until(id, "paused_recoverable", reason="source_unavailable")
    assert f"nothing is mounted on {place}" in view["reason_text"] and view["needs"] is None
    assert not owned.owner.idle()
    back()

    owned.until(id, "completed")
    assert owned.server.things == {"session://10.0.0.1/x": CONTENT}


@pytest.mark.fault(38)
def test_a_drive_that_goes_away_between_tries_costs_no_confirmed_byte(drive, owned):
    place, away, back = drive
    path = place / "a.bin"
    path.write_bytes(CONTENT)
    at(owned, "chunk", 6, broken)
    id = owned.put(path, "session://10.0.0.1/x", patience=0, attempts=1)
    owned.until(id, "error")
    away()
    owned.order("retry", id)
    owned.until(id, "paused_recoverable", reason="source_unavailable")
    back()

    owned.until(id, "completed")
    assert (owned.server.repeated, owned.server.made) == (0, 1)


def test_a_file_that_is_gone_from_a_drive_that_is_there_fails(drive, owned):
    place, _, _ = drive
    (place / "a.bin").write_bytes(CONTENT)
    id = owned.put(place / "a.bin", "session://10.0.0.1/x", start=False)
    (place / "a.bin").unlink()
    owned.order("start", id)
    assert owned.until(id, "error")["error"]["code"] == "source_missing"


def test_nothing_holds_a_source_open_that_is_not_being_sent(drive, owned):
    place, away, _ = drive
    (place / "a.bin").write_bytes(CONTENT)
    owned.done(owned.put(place / "a.bin", "session://10.0.0.1/x"))
    eventually(lambda: not any(path.startswith(str(place)) for path in map(os.path.realpath, Path("/proc/self/fd").iterdir())))
    away()  # a drive that is in use cannot be taken away
