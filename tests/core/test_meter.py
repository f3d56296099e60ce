"""What tries have sent is still known when their process was killed."""

import errno
import logging
import os
import signal
import struct
import subprocess
import sys

import pytest
from sendoff.runtime import meter as module
from sendoff.runtime.given import boot_id
from sendoff.runtime.meter import Meter, Reading, left_in

BOOT, OTHER_BOOT = "this boot", "another boot"
SLOTS = module._SLOTS
SLOT, HEAD = module._SLOT.size, module._HEAD.size

# A process that counts, and says when it has; then it waits for its end.
COUNTING = """
import sys, time
from pathlib import Path
from sendoff.runtime.meter import Meter

meter = Meter(Path(sys.argv[1]), sys.argv[2])
slots = [meter.begin(number, 5) for number in (1, 2)]
for sent in range(0, 1_000_001, 1000):
    slots[0].note(sent, (sent + 7, 99))
slots[1].note(17, None)
print("counted", flush=True)
time.sleep(600)
"""
# One that never stops: 16 bytes more in each note, and of the prefix the same.
COUNTING_ON = """
import sys
from itertools import count
from pathlib import Path
from sendoff.runtime.meter import Meter

slot = Meter(Path(sys.argv[1]), sys.argv[2]).begin(1, 1)
print("begun", flush=True)
for turn in count(1):
    slot.note(16 * turn, (16 * turn, turn & 0xFFFFFFFF))
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "meter"


def killed(path, program, after=0.0):
    """A process counted, and was killed: what it left."""
    with subprocess.Popen([sys.executable, "-c", program, str(path), BOOT], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline()
        if after:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(after)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    return left_in(path, BOOT)


def test_what_a_killed_process_had_counted_is_there_for_the_next(path):
    killed(path, COUNTING)
    assert Meter(path, BOOT).left == {1: Reading(1, 5, 1_000_000, (1_000_007, 99)), 2: Reading(2, 5, 17, None)}


@pytest.mark.parametrize("moment", range(8))
def test_whenever_it_is_killed_a_prefix_that_is_known_is_one_that_was_noted(path, moment):
    reading = killed(path, COUNTING_ON, after=0.01 + moment * 0.007)[1]
    assert reading.sent % 16 == 0
    if reading.prefix is not None:
        assert reading.prefix == (reading.sent, reading.sent // 16)


def test_a_note_that_was_half_written_gives_no_prefix(path):
    slot = Meter(path, BOOT).begin(1, 1)
    slot.note(100, (100, 5))
    data = bytearray(path.read_bytes())
    (turn,) = struct.unpack_from("<Q", data, HEAD)
    struct.pack_into("<Q", data, HEAD, turn + 1)
    path.write_bytes(data)
    assert left_in(path, BOOT) == {1: Reading(1, 1, 100, None)}


def test_a_try_at_another_origin_is_told_from_one_that_was_read_here_and_there(path):
    meter = Meter(path, BOOT)
    meter.begin(1, 1, elsewhere=True).note(100, None)
    meter.begin(2, 1).note(100, None)
    left = {1: Reading(1, 1, 100, None, elsewhere=True), 2: Reading(2, 1, 100, None)}
    assert left_in(path, BOOT) == left
    assert Meter(path, BOOT).readings() == left, "nor does a process that dies before it has settled it lose that"


def test_what_an_earlier_boot_left_counts_for_nothing(path):
    killed(path, COUNTING)
    assert Meter(path, OTHER_BOOT).left == {}
    assert left_in(path, OTHER_BOOT) == {}


@pytest.mark.parametrize("content", [b"", b"sendoff1", os.urandom(4 * SLOT), b"\0" * (HEAD + SLOT)])
def test_a_file_that_is_none_of_ours_counts_for_nothing(path, content):
    path.write_bytes(content)
    assert Meter(path, BOOT).left == {}


def test_a_file_that_ends_early_gives_what_is_whole(path):
    killed(path, COUNTING)
    os.truncate(path, HEAD + SLOT + 3)
    assert left_in(path, BOOT) == {1: Reading(1, 5, 1_000_000, (1_000_007, 99))}


def test_what_is_on_record_is_forgotten_and_its_place_is_used_again(path):
    meter = Meter(path, BOOT)
    for turn in range(1, SLOTS + 10):
        meter.end(meter.begin(turn, 1))
    assert left_in(path, BOOT) == {} == meter.readings()
    slot = meter.begin(7, 2)
    slot.note(5, None)
    assert left_in(path, BOOT) == {7: Reading(7, 2, 5, None)}


def test_a_number_that_comes_again_is_told_from_its_earlier_try(path):
    meter = Meter(path, BOOT)
    first = meter.begin(7, 1)
    first.note(100, (100, 1))
    meter.end(first)
    meter.begin(7, 3).note(2, (2, 9))
    assert left_in(path, BOOT) == {7: Reading(7, 3, 2, (2, 9))}


def test_a_late_note_and_a_second_end_touch_nobody_else(path):
    meter = Meter(path, BOOT)
    late = meter.begin(7, 1)
    meter.end(late)
    slots = [meter.begin(number, 1) for number in (8, 9)]
    late.note(1000, (1000, 1))
    meter.end(late)
    assert left_in(path, BOOT) == {8: Reading(8, 1, 0, None), 9: Reading(9, 1, 0, None)}
    assert len(slots) == 2


def test_more_tries_than_there_are_places_are_counted_and_only_forgotten_with_the_process(path):
    meter = Meter(path, BOOT)
    slots = [meter.begin(number, 1) for number in range(1, SLOTS + 3)]
    for slot in slots:
        slot.note(1, None)
    assert len(left_in(path, BOOT)) == SLOTS
    for slot in slots:
        meter.end(slot)
    assert meter.readings() == {}
    again = [meter.begin(number, 2) for number in range(1, SLOTS + 1)]
    assert len(meter.readings()) == len(again)


def test_what_was_left_outlives_a_process_that_dies_before_it_has_settled_it(path):
    left = killed(path, COUNTING)
    assert Meter(path, BOOT).left == left
    second = Meter(path, BOOT)
    assert second.left == left == second.readings()
    second.settled()
    assert (left_in(path, BOOT), second.readings(), second.left) == ({}, {}, left)


def test_a_full_disk_costs_the_count_after_a_kill_and_nothing_else(path, monkeypatch, caplog):
    killed(path, COUNTING)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with caplog.at_level(logging.WARNING):
        meter = Meter(path, BOOT)
    assert "No space left" in caplog.text and str(path) in caplog.text
    assert set(meter.left) == {1, 2}
    slot = meter.begin(3, 1)
    slot.note(10, (10, 1))
    assert meter.readings()[3] == Reading(3, 1, 10, (10, 1))
    assert 3 not in left_in(path, BOOT)


def test_without_a_file_it_counts_all_the_same():
    meter = Meter()
    meter.begin(1, 1).note(5, None)
    assert (meter.left, meter.readings()) == ({}, {1: Reading(1, 1, 5, None)})


def test_it_is_nobody_elses_to_read(path):
    Meter(path, BOOT)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["meter"]


def test_an_owner_that_leaves_lets_go_of_the_file_and_what_was_counted_stays_in_it(owned):
    meter, path = owned.owner._meter, str(owned.state / "meter")
    slot = meter.begin(4711, 5)
    slot.note(17, None)
    boot = boot_id()

    owned.close()

    assert path not in {os.path.realpath(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd")}
    slot.note(18, None)  # whoever is late disturbs nobody
    assert left_in(owned.state / "meter", boot) == {4711: Reading(4711, 5, 17, None)}
