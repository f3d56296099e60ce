"""What a server's refusal means for an upload. Version 3 has few words for it, so the server's disk is asked as well."""

from __future__ import annotations

from collections.abc import Callable

from sendoff import CredentialNeeded, NoSpace, Permanent, Rejected, SendoffError, TargetExists, Transient, public_url

from sendoff_sftp import files
from sendoff_sftp.address import folder_of, shown
from sendoff_sftp.files import Files, Room
from sendoff_sftp.wire import Said

LONGEST_NAME = 255
_FULL = 64 * 1024  # bytes; a file system with less than that is full
_FOLDER = "make it (sendoff put -o make_folders=all makes it by itself)"


class Meaning:
    """Turns refusals into errors. where: the public address. path: what was wanted there."""

    def __init__(self, at: Files, where: str, path: bytes) -> None:
        self._files, self._where, self._path = at, public_url(where), path

    def of(self, said: Said, doing: str, *, path: bytes | None = None, writing: int | None = None) -> SendoffError:
        """The error for a refusal. doing: in words, after "cannot". writing: so many bytes were still to come."""
        place = path if path is not None else self._path
        text = f"{self._where}: cannot {doing}"
        known = _BY_CODE.get(said.code)
        if known is not None:
            return known(text, said, place)
        return self._plain_failure(text, said, place, writing)

    def _plain_failure(self, text: str, said: Said, place: bytes, writing: int | None) -> SendoffError:
        """``Failure`` says nothing; the server's disk and the name may."""
        words = said.text.lower()
        if "quota" in words:
            return NoSpace(f"{text}: the quota is used up ({said})", hint="make room at the destination, or have the quota raised")
        if "no space" in words:
            return _no_space(text, said, place)
        if "read-only" in words:
            return _read_only(text, said)
        room = self._room(folder_of(place))
        if room is not None and room.read_only:
            return _read_only(text, said)
        if room is not None and room.free < max(_FULL, min(writing or 0, 2**30)):
            return _no_space(text, said, place)
        if room is not None and not room.names:
            return NoSpace(f"{text}: the server's disk takes no more files, whatever their size ({said})", hint="remove files at the destination")
        if len(place.rpartition(b"/")[2]) > LONGEST_NAME:
            return _too_long(text, said, place)
        return Transient(f"{text}: the server failed without saying why ({said})", side="server", failure=True)

    def _room(self, folder: bytes) -> Room | None:
        return self._files.room(folder) if self._files.wire.reusable else None

    def quota(self, said: Said, doing: str) -> SendoffError:
        """The same place failed twice while the disk has room."""
        text = f"{self._where}: cannot {doing}: the server failed twice at the same place though its disk has room ({said})"
        return NoSpace(f"{text}; a quota or a limit on the size of files is the likely reason", hint="make room at the destination")


def not_enough(where: str, room: Room, wanted: int) -> SendoffError:
    """Said before a byte is sent."""
    text = f"{public_url(where)}: the server's disk has {room.free} bytes left and {wanted} are to come"
    return NoSpace(text, hint="make room at the destination")


def _no_space(text: str, said: Said, _place: bytes) -> SendoffError:
    return NoSpace(f"{text}: the server's disk is full ({said})", hint="make room at the destination")


def _quota(text: str, said: Said, _place: bytes) -> SendoffError:
    return NoSpace(f"{text}: the quota is used up ({said})", hint="make room at the destination, or have the quota raised")


def _read_only(text: str, said: Said, _place: bytes = b"") -> SendoffError:
    return Rejected(f"{text}: the server's file system is read-only ({said})")


def _denied(text: str, said: Said, place: bytes) -> SendoffError:
    return Rejected(
        f"{text}: permission denied for {shown(place)} ({said})", hint="ask whoever runs the server for the right to write there", side="credential"
    )


def _missing(text: str, said: Said, place: bytes) -> SendoffError:
    return Rejected(f"{text}: there is no folder {shown(folder_of(place)) or '.'} ({said})", hint=_FOLDER)


def _too_long(text: str, said: Said, place: bytes) -> SendoffError:
    name = place.rpartition(b"/")[2]
    if len(name) > LONGEST_NAME:
        return Rejected(f"{text}: its name has {len(name)} bytes, more than the server takes ({said})", hint="upload it under a shorter name")
    return Rejected(f"{text}: the server finds its name or path unfit ({said})", hint="upload it under another name")


def _exists(text: str, said: Said, _place: bytes) -> SendoffError:
    return TargetExists(f"{text}: something is there already ({said})")


def _lost(text: str, said: Said, _place: bytes) -> SendoffError:
    return Transient(f"{text}: the server lost its own connection ({said})", side="server")


def _unknown(text: str, said: Said, _place: bytes) -> SendoffError:
    return Permanent(f"{text}: the server does not know how ({said})")


def _login(text: str, said: Said, _place: bytes) -> SendoffError:
    return CredentialNeeded(f"{text}: the server does not know this user ({said})")


_BY_CODE: dict[int, Callable[[str, Said, bytes], SendoffError]] = {
    files.NO_SUCH_FILE: _missing,
    files.PERMISSION_DENIED: _denied,
    files.BAD_MESSAGE: _too_long,
    6: _lost,
    7: _lost,
    files.UNSUPPORTED: _unknown,
    10: _missing,
    files.EXISTS: _exists,
    files.WRITE_PROTECTED: _read_only,
    files.NO_SPACE: _no_space,
    files.QUOTA: _quota,
    16: _login,
    20: _too_long,
}
