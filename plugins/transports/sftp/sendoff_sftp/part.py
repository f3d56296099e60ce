"""The file that is not yet whole: its name, and what is recorded of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from sendoff import Session, SessionLost

from sendoff_sftp.address import folder_of
from sendoff_sftp.meaning import LONGEST_NAME

KIND = "sftp/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What lies at the server until it is whole. at: so many bytes are there for certain. failed: where the server last refused to write.

    published: the final name is about to be given, or was; with the modification time by which the file is known again.
    """

    path: bytes
    at: int = 0
    failed: int | None = None
    published: int | None = None

    @property
    def session(self) -> Session:
        """As the journal keeps it."""
        data = {"part": self.path.decode("utf-8", "surrogateescape"), "at": self.at, "failed": self.failed, "published": self.published}
        return Session(kind=KIND, data=data, leaves=True)

    @classmethod
    def of(cls, session: Session) -> Part:
        """From what was recorded; ``SessionLost`` for whatever is not ours."""
        if session.kind != KIND:
            raise SessionLost(f"a session of the kind {session.kind} is none of SFTP's")
        data = session.data
        return cls(path=data["part"].encode("utf-8", "surrogateescape"), at=data["at"], failed=data["failed"], published=data["published"])

    def now(self, at: int) -> Part:
        """With more of it there."""
        return replace(self, at=at)


def new_part(final: bytes, operation: str, random: Random) -> Part:
    """A name in the same folder that nobody else has: ``.<name>.<end of the operation's id>-<chance>.part``, at most 255 bytes."""
    folder, name = folder_of(final), final.rpartition(b"/")[2]
    mark = "".join(letter for letter in operation if letter.isalnum())[-8:]
    end = f".{mark}-{random.getrandbits(32):08x}.part".encode()
    room = LONGEST_NAME - len(end) - 1
    if len(name) > room:
        half = (room - 1) // 2
        name = name[:half].decode("utf-8", "ignore").encode() + b"~" + name[-half:].decode("utf-8", "ignore").encode()
    return Part(path=join(folder, b"." + name + end))


def join(folder: bytes, name: bytes) -> bytes:
    """A path in a folder; empty = that of the login."""
    if not folder:
        return name
    return folder + name if folder.endswith(b"/") else folder + b"/" + name
