"""SFTP version 3 over one channel: requests out, answers in, by number (draft-ietf-secsh-filexfer-02).

paramiko carries the channel; the file protocol is spoken here, because paramiko's own client drops the server's list of extensions and the status of
pipelined writes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sendoff import Permanent, Transient

from sendoff_sftp.watch import LOOK_UP_EVERY, Watch

if TYPE_CHECKING:
    from paramiko import Channel

INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
OPENDIR, READDIR, REMOVE, MKDIR, STAT, RENAME, EXTENDED = 11, 12, 13, 14, 17, 18, 200
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED_REPLY = 101, 102, 103, 104, 105, 201
_LONGEST = 2**20  # of an answer; whoever sends more does not speak SFTP
_HEAD = struct.Struct(">IBI")


class Said(Exception):
    """A status that is not OK. code: as draft-ietf-secsh-filexfer numbers it. text: the server's words, in any language."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code, self.text = code, text

    def __str__(self) -> str:
        return f"status {self.code}{f': {self.text}' if self.text else ''}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is no failure. body: what comes after its number."""

    kind: int
    body: bytes


class Wire:
    """One conversation, for one thread at a time. extensions: what the server says it knows besides. awaited: requests without an answer yet."""

    def __init__(self, channel: Channel, watch: Watch) -> None:
        self._channel, self._watch = channel, watch
        self._received, self._kept = bytearray(), dict[int, Reply | Said]()
        self._forgotten = set[int]()
        self._number, self.awaited, self._torn = 0, 0, False
        channel.settimeout(LOOK_UP_EVERY)
        watch.heard()
        self._send(struct.pack(">IBI", 5, INIT, 3))
        self.extensions: Mapping[str, str] = self._greeting()

    @property
    def room(self) -> int:
        """Bytes of one request that travel in one SSH packet; a longer one is cut in two and copied once more."""
        return int(self._channel.out_max_packet_size) - 64

    @property
    def reusable(self) -> bool:
        """Whether somebody else may go on here: nothing is owed and nothing torn."""
        return self.awaited == 0 and not self._torn and not self._channel.closed

    @property
    def torn(self) -> bool:
        """Whether nobody can go on here."""
        return self._torn or self._channel.closed

    def use(self, watch: Watch) -> None:
        """From now on it is this try's."""
        self._watch = watch
        watch.heard()

    def lives(self, seconds: float) -> bool:
        """Whether the server answers within this time."""
        number, until = self.ask(STAT, text(b".")), self._watch.now() + seconds
        while number not in self._kept:
            if self._watch.now() >= until:
                self._torn = True
                return False
            self._read(wait=False)
        del self._kept[number]
        return True

    def close(self) -> None:
        """The end."""
        self._torn = True
        with suppress(OSError, EOFError):
            self._channel.close()

    # -- requests

    def ask(self, kind: int, body: bytes) -> int:
        """Sends a request; its number, by which ``answer`` finds what came back."""
        self._number = (self._number + 1) & 0xFFFFFFFF
        if self.awaited == 0:
            self._watch.heard()
        self._send(_HEAD.pack(len(body) + 5, kind, self._number) + body)
        self.awaited += 1
        return self._number

    def extended(self, name: str, body: bytes) -> int:
        """Sends an extension's request."""
        return self.ask(EXTENDED, text(name.encode()) + body)

    def answer(self, number: int) -> Reply:
        """The answer to this request, waited for; ``Said`` where it is a refusal."""
        while number not in self._kept:
            self._read(wait=True)
        return self._taken(number)

    def peek(self, number: int) -> Reply | None:
        """The answer to this request if it is here; ``Said`` where it is a refusal."""
        if number not in self._kept:
            while self._channel.recv_ready():
                self._read(wait=False)
        return self._taken(number) if number in self._kept else None

    def here(self, number: int) -> bool:
        """Whether the answer to this request has arrived."""
        return number in self._kept

    def drain(self) -> None:
        """Waits for every answer that is still due, and drops those that nobody has taken."""
        while self.awaited:
            self._read(wait=True)
        self._kept.clear()
        self._forgotten.clear()

    def listen(self) -> bool:
        """Takes in what arrives next; whether anything did within a moment."""
        return self._read(wait=False)

    def forget(self, number: int) -> None:
        """Nobody wants the answer to this request."""
        if self._kept.pop(number, None) is None:
            self._forgotten.add(number)

    def _taken(self, number: int) -> Reply:
        found = self._kept.pop(number)
        if isinstance(found, Said):
            raise found
        return found

    # -- bytes

    def _send(self, packet: bytes) -> None:
        view = memoryview(packet)
        self._torn = True
        self._watch.heed()
        while view:
            try:
                count = self._channel.send(bytes(view) if len(view) != len(packet) else packet)
            except TimeoutError:
                self._watch.check()
                continue
            except (OSError, EOFError) as cause:
                raise self._broken() from cause
            if count == 0:
                raise self._broken()
            self._watch.heard()
            view = view[count:]
        self._torn = False

    def _read(self, *, wait: bool) -> bool:
        """What has arrived, taken apart; whether anything has. The server is silent only where somebody has listened."""
        self._watch.heed()
        while True:
            try:
                block = self._channel.recv(65536)
                break
            except TimeoutError:
                self._watch.check()
                if not wait:
                    return False
            except (OSError, EOFError) as cause:
                raise self._broken() from cause
        if not block:
            raise self._broken()
        self._watch.heard()
        self._received += block
        while (packet := self._packet()) is not None:
            self._keep(packet)
        return True

    def _packet(self) -> bytes | None:
        if len(self._received) < 4:
            return None
        length = int.from_bytes(self._received[:4], "big")
        if not 1 <= length <= _LONGEST:
            self._torn = True
            raise Permanent(f"{self._watch.where}: what answers there does not speak SFTP; a login script that prints something does this")
        if len(self._received) < 4 + length:
            return None
        packet = bytes(self._received[4 : 4 + length])
        del self._received[: 4 + length]
        return packet

    def _keep(self, packet: bytes) -> None:
        if len(packet) < 5:
            raise self._broken()
        kind, number, body = packet[0], int.from_bytes(packet[1:5], "big"), packet[5:]
        self.awaited -= 1
        if number in self._forgotten:
            self._forgotten.remove(number)
            return
        if kind != STATUS:
            self._kept[number] = Reply(kind, body)
            return
        code = int.from_bytes(body[:4], "big")
        words, _ = cut(body[4:]) if len(body) >= 8 else (b"", b"")
        self._kept[number] = Reply(kind, body) if code == 0 else Said(code, words.decode("utf-8", "replace")[:200])

    def _greeting(self) -> dict[str, str]:
        """The server's version and its extensions."""
        while (packet := self._packet()) is None:
            self._read_greeting()
        if packet[0] != VERSION or len(packet) < 5:
            raise self._broken()
        found: dict[str, str] = {}
        rest = packet[5:]
        while len(rest) >= 8:
            name, rest = cut(rest)
            value, rest = cut(rest)
            found[name.decode("ascii", "replace")] = value.decode("ascii", "replace")
        return found

    def _read_greeting(self) -> None:
        self._watch.check()
        try:
            block = self._channel.recv(65536)
        except TimeoutError:
            return
        if not block:
            raise Permanent(f"{self._watch.where}: the server offers no SFTP to this login", hint="ask whoever runs it to enable the subsystem sftp")
        self._received += block

    def _broken(self) -> Transient:
        self._torn = True
        self._watch.check()
        return Transient(f"{self._watch.where}: the connection broke", connection="broken")


def text(data: bytes) -> bytes:
    """A string as it travels."""
    return len(data).to_bytes(4, "big") + data


def cut(data: bytes) -> tuple[bytes, bytes]:
    """The first string of this, and the rest."""
    length = int.from_bytes(data[:4], "big")
    return data[4 : 4 + length], data[4 + length :]
