"""What may be a source, what makes it the same one, and what is noticed while it is read."""

import json
import os
import shutil
import socket
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from sendoff.errors import SendoffError, SourceChanged, SourceMissing, SourceUnavailable, SourceUnreadable, SourceUnsuitable, to_json
from sendoff.model.source import Source, SourceIdentity
from sendoff.runtime.reader import FileReader, Sameness, mount_of, open_source

NOBODY = 65534


def as_nobody(path):
    """What somebody without rights is told who opens this path."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            open_source(path)
        except SendoffError as error:
            os.write(writing, json.dumps(to_json(error)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as told:
        os.waitpid(child, 0)
        return json.load(told)


def source_of(path, **changed):
    found = SourceIdentity.of(os.stat(path), "this boot")
    return Source(path=str(path), identity=replace(found, **changed))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(256)) * 40)
    return path


@pytest.fixture
def reader(file):
    made = FileReader(source_of(file), "this boot")
    yield made
    made.close()


# -- what may be a source ---------------------------------------------------------------------------------------------


def a_directory(folder):
    (folder / "d").mkdir()
    return "d"


def a_fifo(folder):
    os.mkfifo(folder / "fifo")
    return "fifo"


def a_socket(folder):
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(folder, os.O_RDONLY)
        made.bind(f"/proc/self/fd/{here}/s")  # the name of a test's folder can be longer than a socket's may
        os.close(here)
    return "s"


def a_dangling_link(folder):
    (folder / "link").symlink_to("nowhere")
    return "link"


def a_loop(folder):
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")
    return "one"


UNFIT = [
    (a_directory, SourceUnsuitable, "is a directory; only a regular file can be uploaded"),
    (a_fifo, SourceUnsuitable, "is a named pipe; only a regular file can be uploaded"),
    (a_socket, SourceUnsuitable, "is a socket or a device; only a regular file can be uploaded"),
    (a_dangling_link, SourceMissing, "is a symbolic link to nowhere, which is not there"),
    (a_loop, SourceMissing, "is a loop of symbolic links"),
    (lambda folder: "/dev/null", SourceUnsuitable, "/dev/null is a device; only a regular file can be uploaded"),
    (lambda folder: "/proc/version", SourceUnsuitable, "/proc/version is made up by the kernel while it is read"),
    (lambda folder: "/sys/kernel/mm/transparent_hugepage/enabled", SourceUnsuitable, "is made up by the kernel while it is read"),
    (lambda folder: "missing", SourceMissing, "there is no file"),
    (lambda folder: "a.bin/b", SourceMissing, "there is no file"),
    (lambda folder: "x" * 300, SourceUnreadable, "cannot be opened: File name too long"),
]


@pytest.mark.fault(33, 34)
@pytest.mark.parametrize(("make", "error", "sentence"), UNFIT, ids=[sentence for _, _, sentence in UNFIT])
def test_what_is_no_file_is_named_for_what_it_is(make, error, sentence, file):
    path = os.path.join(file.parent, make(file.parent))

    with pytest.raises(error) as raised:
        open_source(path)

    assert sentence in raised.value.message and path in raised.value.message
    assert raised.value.side == "source"


def test_what_may_not_be_read_is_said_so():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder, "private")
        path.write_bytes(b"x")
        path.chmod(0o600 if os.geteuid() == 0 else 0)
        error = as_nobody(str(path))

    assert (error["code"], error["message"], error["hint"]) == ("source_unreadable", f"{path} cannot be read: permission denied", "make it readable")


def test_a_link_is_the_file_it_leads_to(file):
    link = file.parent / "link"
    link.symlink_to(file)
    handle, found = open_source(str(link))
    os.close(handle)
    assert found.st_ino == file.stat().st_ino


def test_a_file_below_a_mount_that_is_not_there_is_waited_for(tmp_path):
    with pytest.raises(SourceUnavailable, match="nothing is mounted on"):
        open_source(str(tmp_path / "a.bin"), str(tmp_path))


def test_a_file_below_a_mount_that_is_there_is_missing(tmp_path):
    with pytest.raises(SourceMissing):
        open_source(str(tmp_path / "a.bin"), mount_of(str(tmp_path / "a.bin")))


def test_no_descriptor_stays_open_behind_an_error(file):
    before = len(os.listdir("/proc/self/fd"))
    for make, _, _ in UNFIT:
        with pytest.raises(SendoffError):
            open_source(os.path.join(file.parent, make(file.parent)))
    assert len(os.listdir("/proc/self/fd")) == before


# -- what makes it the same one ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "boot", "sameness"),
    [
        ({}, "this boot", Sameness.SAME),
        ({"size": 1}, "this boot", Sameness.CHANGED),
        ({"mtime_ns": 1}, "this boot", Sameness.CHANGED),
        ({"ctime_ns": 1}, "this boot", Sameness.MOVED),
        ({"inode": 1}, "this boot", Sameness.MOVED),
        ({"device": 1}, "this boot", Sameness.MOVED),
        ({"device": 1}, "another boot", Sameness.SAME),
        ({"device": 1, "inode": 1}, "another boot", Sameness.MOVED),
    ],
)
def test_size_and_time_say_changed_and_the_rest_says_moved(changed, boot, sameness, file):
    reader = FileReader(source_of(file, **changed), boot)
    assert reader.sameness() is sameness
    reader.close()


def test_a_copy_that_keeps_its_time_is_moved_not_changed(file):
    before = source_of(file)
    shutil.copy2(file, f"{file}.new")
    os.replace(f"{file}.new", file)
    reader = FileReader(before, "this boot")
    assert reader.sameness() is Sameness.MOVED
    reader.close()


# -- what is noticed while it is read ---------------------------------------------------------------------------------


def truncate(path):
    os.truncate(path, 5000)


def append(path):
    with path.open("ab") as file:
        file.write(b"more")


def rewrite(path):
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [truncate, append, rewrite])
def test_a_change_is_noticed_at_the_next_read_and_at_every_check(change, reader, file):
    assert reader.readinto(memoryview(bytearray(4000)), 0) == 4000
    change(file)
    with pytest.raises(SourceChanged, match="while it was being sent"):
        reader.readinto(memoryview(bytearray(4000)), 4000)
    with pytest.raises(SourceChanged):
        reader.check()


def test_a_file_that_gives_way_to_another_is_read_to_its_end(reader, file):
    old = file.read_bytes()
    (file.parent / "new").write_bytes(b"new")
    os.replace(file.parent / "new", file)
    whole = bytearray(len(old))
    assert reader.readinto(memoryview(whole), 0) == len(old)
    reader.check()
    assert whole == old


def test_reading_ends_at_the_size_that_was_opened(reader, file):
    assert reader.readinto(memoryview(bytearray(100)), reader.size - 10) == 10
    assert reader.readinto(memoryview(bytearray(100)), reader.size) == 0
    assert reader.readinto(memoryview(bytearray(100)), reader.size + 10) == 0


def test_the_running_crc_is_that_of_all_that_was_read(reader, file):
    content = file.read_bytes()
    assert reader.prefix() is None
    reader.track()
    for offset in (0, 3000, 3000):
        reader.readinto(memoryview(bytearray(3000)), offset)
    assert reader.prefix() == (6000, zlib.crc32(content[:6000]))
    assert reader.begins_with((6000, zlib.crc32(content[:6000])))
    assert not reader.begins_with((6000, zlib.crc32(content[:6001])))
    assert not reader.begins_with((len(content) + 1, 0))


def test_the_crc_goes_on_after_a_resume_over_bytes_it_has_not_read(reader, file):
    content = file.read_bytes()
    reader.track((1000, zlib.crc32(content[:1000])))
    reader.readinto(memoryview(bytearray(500)), 4000)
    reader.readinto(memoryview(bytearray(500)), 4250)
    assert reader.prefix() == (4750, zlib.crc32(content[:4750]))


def test_a_file_that_is_read_here_and_there_is_not_followed(reader):
    reader.track()
    for offset in (0, 4000, 500):
        reader.readinto(memoryview(bytearray(500)), offset)
    assert reader.prefix() is None


def test_what_was_lost_once_is_not_followed_again(reader):
    reader.track()
    reader.lose()
    reader.track()
    reader.readinto(memoryview(bytearray(500)), 0)

    assert reader.prefix() is None


def test_the_errors_travel_as_they_are(file):
    with pytest.raises(SourceUnavailable) as raised:
        open_source(f"{file}.gone", str(file.parent))
    assert to_json(raised.value)["hint"] == f"mount {file.parent}; the upload then goes on by itself"
