"""A server whose disk, quota, rights or names do not allow it: each has a sentence of its own, and says whether waiting helps.

What only root can bring about (a small disk, a read-only one) is skipped for others, so it is not marked as needing a server.
"""

import errno
import os
import subprocess
from contextlib import contextmanager

import asyncssh
import pytest
from sendoff import NoSpace, Rejected, Transient

from plugins.transports.sftp.tests.test_asyncssh import Strange, to_strange

MIB = 2**20
SIZE = 8 * MIB


@contextmanager
def mounted(folder, *options):
    """A file system in memory, for as long as the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "none", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("only root may mount: run it as root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def forbidden(folder):
    """A folder in which we may not write; root may everywhere, except where the file system itself forbids it."""
    if os.geteuid():
        folder.chmod(0o500)
    elif subprocess.run(["chattr", "+i", folder], capture_output=True, check=False).returncode:
        pytest.skip("nothing is forbidden to root on this file system: run it as another user")
    try:
        yield
    finally:
        if os.geteuid():
            folder.chmod(0o700)
        else:
            subprocess.run(["chattr", "-i", folder], check=True)


@pytest.fixture
def disk(openssh):
    """The folder that files are sent to, a disk of eight MiB and a half."""
    with mounted(openssh.root / "in", f"size={SIZE + MIB // 2}") as folder:
        yield folder


def fill(folder, leaving):
    room = os.statvfs(folder)
    (folder / "others").write_bytes(bytes(room.f_bavail * room.f_frsize - leaving))


@pytest.mark.fault(55)
def test_what_does_not_fit_is_refused_before_a_byte_is_sent(disk, to_openssh, ship):
    fill(disk, SIZE - MIB)
    transport = to_openssh()
    shipment = ship(transport, SIZE)

    with pytest.raises(NoSpace, match=rf"the server's disk has \d+ bytes left and {SIZE} are to come") as caught:
        transport.send(shipment)

    assert (shipment.given, caught.value.what) == (0, "space")


@pytest.mark.fault(68)
def test_a_disk_that_fills_up_on_the_way_is_told_from_other_failures_and_gone_on_with_once_there_is_room(disk, to_openssh, ship):
    """OpenSSH only says "Failure"; the disk is asked."""
    transport = to_openssh()
    shipment = ship(transport, SIZE)
    shipment.on_read = lambda offset: fill(disk, MIB) if offset == MIB else None
    with pytest.raises(NoSpace, match=r"cannot write at byte \d+: the server's disk is full"):
        transport.send(shipment)
    there, shipment.given, shipment.on_read = shipment.confirmed[-1], 0, lambda offset: None
    (disk / "others").unlink()

    transport.send(shipment)

    assert (disk / "thing").read_bytes() == shipment.path.read_bytes()
    assert shipment.given == SIZE - there < SIZE


@pytest.mark.fault(68)
def test_only_what_is_still_to_come_has_to_fit(disk, to_openssh, ship):
    transport = to_openssh()
    shipment = ship(transport, SIZE)
    shipment.on_read = lambda offset: fill(disk, MIB) if offset == MIB else None
    with pytest.raises(NoSpace):
        transport.send(shipment)
    (disk / "others").unlink()
    fill(disk, SIZE - shipment.confirmed[-1] + 64 * 1024)
    shipment.on_read = lambda offset: None

    transport.send(shipment)

    assert (disk / "thing").stat().st_size == SIZE


def test_a_disk_without_room_for_one_more_name_is_full(openssh, to_openssh, ship):
    with mounted(openssh.root / "in", "size=4m", "nr_inodes=2") as folder:
        (folder / "others").write_bytes(b"")

        with pytest.raises(NoSpace, match="the server's disk takes no more files"):
            to_openssh().send(ship(to_openssh()))


@pytest.mark.fault(68)
def test_a_file_system_that_is_read_only_says_so(openssh, to_openssh, ship):
    with mounted(openssh.root / "in", "size=4m", "ro"), pytest.raises(Rejected, match="file system is read-only"):
        to_openssh().send(ship(to_openssh()))


@pytest.mark.fault(68)
def test_what_nobody_may_write_says_whose_right_is_missing(openssh, to_openssh, ship):
    (openssh.root / "in").mkdir()
    with forbidden(openssh.root / "in"), pytest.raises(Rejected, match=r"permission denied for .*/in/\.thing") as caught:
        to_openssh().send(ship(to_openssh()))

    assert caught.value.side == "credential"


class Limited(asyncssh.SFTPServer):
    """A server that refuses after one MiB, with this error."""

    number = errno.EDQUOT

    def write(self, file, offset, data):
        if offset >= MIB:
            raise OSError(self.number, os.strerror(self.number))
        return super().write(file, offset, data)


@pytest.fixture
def limited(tmp_path, request, to):
    """Makes a transport to such a server."""

    def made(number):
        server = Strange(tmp_path / f"limited-{number}", kind=type("Kind", (Limited,), {"number": number}))
        request.addfinalizer(server.close)
        return to_strange(server, to)

    return made


@pytest.mark.fault(68)
@pytest.mark.parametrize(
    ("number", "error", "sentence"),
    [
        (errno.EDQUOT, NoSpace, "the quota is used up"),
        (errno.ENOSPC, NoSpace, "the server's disk is full"),
        (errno.EROFS, Rejected, "the server's file system is read-only"),
        (errno.EACCES, Rejected, "permission denied"),
        (errno.EIO, Transient, "the server failed without saying why"),
    ],
)
def test_the_words_of_a_server_are_understood_where_it_has_some(limited, ship, number, error, sentence):
    transport = limited(number)
    with pytest.raises(error, match=rf"cannot write at byte {MIB}: {sentence}"):
        transport.send(ship(transport, 3 * MIB))


class Chatty(asyncssh.SFTPServer):
    """Says far too much, and nothing good."""

    def write(self, file, offset, data):
        raise asyncssh.SFTPFailure("\x1b[2J" + "x" * 100_000)


@pytest.mark.fault(97)
def test_what_a_server_says_is_cut_short(tmp_path, request, to, ship):
    server = Strange(tmp_path / "chatty", kind=Chatty)
    request.addfinalizer(server.close)
    transport = to_strange(server, to)

    with pytest.raises(Transient) as caught:
        transport.send(ship(transport))

    assert len(str(caught.value)) < 500
