"""Where a journal may lie, and whose machine this is."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from sendoff import StoreRefused

MACHINE_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = (
    "nfs nfs4 cifs smb smb2 smb3 smbfs ncpfs 9p afs coda ceph lustre gpfs beegfs glusterfs davfs vboxsf "
    "fuse.sshfs fuse.ceph fuse.glusterfs fuse.davfs fuse.davfs2 fuse.rclone fuse.s3fs fuse.gcsfuse fuse.curlftpfs fuse.smbnetfs fuse.vmhgfs-fuse"
)
_CURE = "name a folder on a local disk of yours with --state-dir or SENDOFF_STATE_DIR"


def check_folder(folder: Path, *, mounts: Path = MOUNTS) -> None:
    """Make the folder (0700) or check that a journal is safe in it; ``StoreRefused`` says what to do."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as cause:
        raise StoreRefused(f"{folder}: the folder for the journal cannot be made: {cause.strerror}", hint=_CURE) from cause
    _refuse_owner(folder, found)
    refuse_network(folder, mounts=mounts)
    _refuse_shut(folder, os.R_OK | os.W_OK | os.X_OK)


def check_file(file: Path) -> None:
    """Check that an existing journal is ours alone and can be written."""
    _refuse_owner(file, file.stat())
    _refuse_shut(file, os.R_OK | os.W_OK)


def _refuse_owner(path: Path, found: os.stat_result) -> None:
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise StoreRefused(f"{path} belongs to user {found.st_uid}, and this is user {os.geteuid()}; run as that user, or {_CURE}")
    if found.st_mode & stat.S_IWOTH:
        raise StoreRefused(f"{path} is world-writable: anybody could change the journal; take that right away with `chmod o-w {path}`")


def _refuse_shut(path: Path, wish: int) -> None:
    if not os.access(path, wish, effective_ids=os.access in os.supports_effective_ids):
        raise StoreRefused(f"{path} is read-only for this user, and a journal is written; give yourself the right, or {_CURE}")


def refuse_network(folder: Path, *, mounts: Path = MOUNTS) -> None:
    """``StoreRefused`` when the folder lies on a network file system, whose locks cannot be relied upon."""
    kind = file_system(folder, mounts=mounts)
    if kind in _NETWORK.split():
        raise StoreRefused(f"{folder} lies on a network file system ({kind}), where locks cannot be relied upon; {_CURE}")


def file_system(folder: Path, *, mounts: Path = MOUNTS) -> str:
    """The type of the file system that holds a folder, as proc(5) mountinfo tells; empty when nothing tells."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    place, kind, depth = os.path.realpath(folder), "", -1
    for line in lines:
        left, _, right = line.partition(" - ")
        point = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), left.split(" ")[4])
        if os.path.commonpath([place, point]) == point and len(point) >= depth:
            kind, depth = right.split(" ")[0], len(point)
    return kind


def machine_id(files: Sequence[Path] = MACHINE_FILES) -> str:
    """What tells this machine from others (machine-id(5)); empty when the machine does not say."""
    for file in files:
        try:
            found = file.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue
        if re.fullmatch(r"[0-9a-f]{32}", found):
            return found
    return ""
