"""The source is another when the next host takes over a half-done upload: what arrives is one file as it was at one moment, never two spliced."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.core.owned import eventually
from tests.end_to_end.roads import reference
from tests.end_to_end.stage import MIB

SIZE = 16 * MIB
KILLED = 4 * MIB  # bytes that have left by then, and some more that lie in the kernel's buffers
PACE = 32 * MIB

pytestmark = pytest.mark.needs_server


class Half:
    """An upload whose host was killed in mid-transfer; the next has not begun."""

    def __init__(self, stage, road):
        self.stage, self.road = stage, road
        path, self.digest = stage.file(SIZE)
        self.path = Path(path)
        (self.id,) = stage.put(path, *road.words)
        road.wait_for_bytes(KILLED)
        stage.kill_host()
        self._since = len(road.proxy.requests)

    def ended(self):
        """The view of it, at its end."""
        self.stage.run("wait", self.id, fine=(0, 1))
        return self.stage.view(self.id)

    def changes(self):
        return [event.data for event in self.stage.history(self.id) if event.type == "changed"]

    def went_on_at(self):
        """The offset of the first bytes that the next host sent; None = it sent none."""
        return next((row.offset for row in self.road.proxy.requests[self._since :] if row.received), None)

    def whole(self):
        """The digests of what the server holds whole."""
        return [digest for _, digest in self.road.uploads() if digest]

    def digest_now(self):
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def replace(self, content):
        """Another file in its place, of the same time."""
        found, other = self.path.stat(), self.path.with_name("other")
        other.write_bytes(content)
        os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
        os.replace(other, self.path)

    def rewrite(self, start, content):
        """Other bytes in the same file, its time set back."""
        found = self.path.stat()
        with self.path.open("r+b") as file:
            file.seek(start)
            file.write(content)
        os.utime(self.path, ns=(found.st_atime_ns, found.st_mtime_ns))


@pytest.fixture
def road(stage, tmp_path):
    with reference(tmp_path / "kept", rate=PACE) as opened:
        yield opened


@pytest.fixture
def half(stage, road):
    return Half(stage, road)


def test_an_equal_copy_in_its_place_goes_on_at_the_confirmed_byte_and_an_event_says_so(half):
    shutil.copy2(half.path, half.path.with_name("copy"))
    os.replace(half.path.with_name("copy"), half.path)
    assert half.ended()["status"] == "completed"
    assert half.whole() == [half.digest]
    assert half.went_on_at() > 0
    (change,) = half.changes()
    assert change["source"] == "moved" and change["checked"].startswith("the first ")


@pytest.mark.fault(30)
def test_another_file_of_its_size_and_time_is_refused_and_nothing_is_whole(half):
    half.replace(half.stage.random.randbytes(SIZE))
    view = half.ended()
    assert (view["status"], view["error"]["code"]) == ("error", "source_changed")
    assert (half.whole(), half.went_on_at()) == ([], None)


@pytest.mark.parity("F177")
@pytest.mark.fault(29)
def test_rewritten_in_place_where_it_had_been_sent_it_is_refused(half):
    half.rewrite(MIB, b"other bytes")
    assert half.ended()["error"]["code"] == "source_changed"
    assert (half.whole(), half.went_on_at()) == ([], None)


@pytest.mark.fault(29)
def test_rewritten_in_place_where_nothing_had_been_sent_what_arrives_is_what_the_file_holds_now(half):
    half.rewrite(SIZE - MIB, b"other bytes")
    assert half.ended()["status"] == "completed"
    assert half.whole() == [half.digest_now()] != [half.digest]
    assert half.went_on_at() > 0


@pytest.mark.parity("F177")
@pytest.mark.fault(28)
def test_with_more_at_its_end_it_is_refused(half):
    with half.path.open("ab") as file:
        file.write(b"more")
    assert half.ended()["error"]["code"] == "source_changed"
    assert (half.whole(), half.went_on_at()) == ([], None)


@pytest.mark.parity("F177")
@pytest.mark.fault(27)
def test_shortened_it_is_refused(half):
    os.truncate(half.path, SIZE - MIB)
    assert half.ended()["error"]["code"] == "source_changed"
    assert (half.whole(), half.went_on_at()) == ([], None)


@pytest.mark.fault(26)
def test_gone_it_fails_and_a_retry_goes_on_once_it_is_back(half):
    away = half.path.rename(half.path.with_name("away"))
    assert half.ended()["error"]["code"] == "source_missing"
    away.rename(half.path)
    half.stage.run("retry", half.id)
    assert half.ended()["status"] == "completed"
    assert half.whole() == [half.digest]
    assert half.went_on_at() > 0


# -- and what the host had counted is lost, as in a power cut


@pytest.fixture
def forgotten(half):
    (half.stage.state / "meter").unlink()
    return half


@pytest.mark.fault(10)
def test_the_same_file_goes_on_where_the_server_is_when_what_was_counted_is_lost(forgotten):
    assert forgotten.ended()["status"] == "completed"
    assert forgotten.whole() == [forgotten.digest]
    assert forgotten.went_on_at() > 0


@pytest.mark.fault(10)
def test_another_file_begins_anew_when_nobody_knows_any_more_what_had_been_sent(forgotten):
    half = forgotten
    half.replace(half.stage.random.randbytes(SIZE))
    assert half.ended()["status"] == "completed"
    assert half.whole() == [half.digest_now()]
    assert half.went_on_at() == 0
    assert half.changes() == [{"source": "moved", "checked": "nothing; sent from the first byte"}]
    eventually(lambda: [size for size, _ in half.road.uploads()] == [SIZE], "the end of the half-done upload of the other file")
