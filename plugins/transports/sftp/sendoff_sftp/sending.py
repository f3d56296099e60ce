"""One try to send one file: what is there of it, the rest, the proof, the name."""

from __future__ import annotations

import os
from random import Random

from sendoff import Delivery, Rejected, SendoffError, SessionLost, Shipment, TargetExists, Unverified, public_url

from sendoff_sftp import files, folders, reading
from sendoff_sftp.address import folder_of, path_of, root_of, shown
from sendoff_sftp.files import Attributes
from sendoff_sftp.meaning import Meaning, not_enough
from sendoff_sftp.part import Part, new_part
from sendoff_sftp.pool import Line
from sendoff_sftp.proof import Proof, Seen
from sendoff_sftp.publishing import Publishing
from sendoff_sftp.settings import Settings
from sendoff_sftp.watch import Watch
from sendoff_sftp.wire import Said
from sendoff_sftp.writing import Writing

TAIL = 2**20  # bytes before the place where it goes on that are fetched and compared
_MOST_NAMES = 4
_SMALL = 2**20  # below that the server's disk is not asked beforehand


class Sending:
    """Everything about one try."""

    def __init__(self, shipment: Shipment, watch: Watch, line: Line, settings: Settings, random: Random) -> None:
        self._settings, self._random, self._root = settings, random, root_of(shipment.root)
        self._shipment, self._watch, self._line, self._files = shipment, watch, line, line.files
        self._final = path_of(shipment.target.url)
        self._meaning = Meaning(self._files, shipment.target.url, self._final)
        self._publishing = Publishing(self._files, self._final, shipment.demand, settings, self._meaning)
        self._open, self.begun, self._widened = 0, False, False  # handles; whether a byte of the source went out; whether the rights are not the final ones
        self._proof = Proof(self._files, shipment, settings, lambda command: line.connection.run(command, watch, settings.channel_timeout))

    @property
    def shipment(self) -> Shipment:
        """Whose try it is."""
        return self._shipment

    def run(self) -> Delivery:
        """The steps in their order; whatever the server refuses becomes an error here at the latest."""
        try:
            return self._steps()
        except Said as said:
            raise self._meaning.of(said, "send it") from said
        finally:
            if self._open:  # the server closes with the session what was open in it
                self._line.wire.close()

    def _steps(self) -> Delivery:
        shipment = self._shipment
        shipment.handed(0)
        shipment.carried("sftp", resumable=True)
        part = Part.of(shipment.session) if shipment.session is not None else None
        if part is not None and part.published is not None:
            if self._publishing.seen(part, shipment.size):
                return self._delivered(Seen("size"))
            part = part.now(shipment.size)
        skipped = self._standing_in_the_way() if part is None else None
        if skipped is not None:
            return skipped
        part, handle = self._begun() if part is None else self._resumed(part)
        self._check_room(shipment.size - part.at)
        part = self._written(part, handle)
        seen = self._finished(part, handle)
        self._publishing.run(part.path)
        return self._delivered(seen)

    # -- beginning

    def _standing_in_the_way(self) -> Delivery | None:
        """What has the final name already, where that matters, before anything is sent."""
        return self._skipped(self._files.lstat(self._final)) if self._shipment.demand.existing != "overwrite" else None

    def _skipped(self, found: Attributes | None) -> Delivery | None:
        if found is None:
            return None
        if self._shipment.demand.existing == "fail":
            raise TargetExists(f"{self._where} is there already; nothing was sent")
        if found.size != self._shipment.size:
            raise Unverified(f"{self._where} is there already and has {found.size} bytes instead of {self._shipment.size}; it was left alone")
        return Delivery(url=self._where, size=self._shipment.size, verified="size", existing="skipped")

    def _begun(self) -> tuple[Part, bytes]:
        """A new file under a name of its own; recorded first, so that nothing lies there that nobody knows of."""
        for _ in range(_MOST_NAMES):
            part = new_part(self._final, self._shipment.operation.id, self._random)
            self._shipment.record(part.session)
            handle = self._opened(part)
            if handle is not None:
                return part, handle
        raise Rejected(f"{self._where}: whatever name its part is given, the server says that it is taken")

    def _opened(self, part: Part) -> bytes | None:
        """A handle to a file that is new; None where the name is taken, also by the word of a server that opens it all the same."""
        flags = files.WRITE | files.CREATE | files.EXCLUSIVE
        try:
            handle = self._handle(part.path, flags, 0o600)
        except Said as said:
            if said.code == files.NO_SUCH_FILE and self._settings.make_folders != "none":
                below = self._root if self._settings.make_folders == "below" else None
                folders.make(self._files, folder_of(self._final), below=below, meaning=self._meaning)
                handle = self._handle(part.path, flags, 0o600)
            elif self._files.lstat(part.path) is not None:
                return None
            else:
                raise self._meaning.of(said, "make a file", path=part.path) from said
        if self._files.fstat(handle).size not in (0, None):
            self._close(handle)
            return None
        return handle

    def _resumed(self, part: Part) -> tuple[Part, bytes]:
        """What an earlier try has left, as far as it is certain and still ours."""
        found = self._files.lstat(part.path)
        if found is None:
            if part.at:
                raise SessionLost(f"{self._where}: {shown(part.path)} is gone; it is sent from the beginning")
            again = self._opened(part)  # under its own name: a request of the earlier try may still be on its way to make it
            return (part, again) if again is not None else self._begun()
        self._check_ours(part, found)
        base = min(part.at, found.size or 0)
        if base and not self._same(part.path, base):
            self._files.remove(part.path)
            raise SessionLost(f"{self._where}: {shown(part.path)} holds other bytes than were sent; it is removed, and sent from the beginning")
        handle = self._reopened(part.path, files.WRITE)
        if (found.size or 0) > base:
            self._files.cut_off(handle, base)
        part = part.now(base)
        self._shipment.confirm(base, part.session)
        self._proof.catch_up(base)
        return part, handle

    def _check_ours(self, part: Part, found: Attributes) -> None:
        if not found.regular:
            raise SessionLost(f"{self._where}: {shown(part.path)} is no file any more; it is sent from the beginning under another name")

    def _same(self, path: bytes, base: int) -> bool:
        """Whether the end of what is there is ours, or all of it where all will be fetched anyhow."""
        handle = self._reopened(path, files.READ)
        start = 0 if self._shipment.demand.verify == "read-back" else max(0, base - TAIL)
        try:
            return reading.same(self._files, handle, self._shipment, start, base)
        finally:
            self._close(handle)

    def _reopened(self, path: bytes, flags: int) -> bytes:
        """A handle to what is recorded as ours; where an earlier try has given it its final rights already, they are widened for the owner first."""
        try:
            return self._handle(path, flags)
        except Said as said:
            if said.code != files.PERMISSION_DENIED:
                raise
        self._files.set_rights(path, 0o600)
        self._widened = True
        return self._handle(path, flags)

    def _check_room(self, wanted: int) -> None:
        room = self._files.room(folder_of(self._final)) if wanted > _SMALL else None
        if room is not None and room.free < wanted:
            raise not_enough(self._shipment.target.url, room, wanted)

    # -- the bytes

    def _written(self, part: Part, handle: bytes) -> Part:
        writing = Writing(self._files, handle, self._shipment, self._watch, part, self._proof.add)
        self.begun = part.at < self._shipment.size
        try:
            return writing.run()
        except Said as said:
            raise self._stuck(part, writing.part, said) from said

    def _stuck(self, before: Part, after: Part, said: Said) -> SendoffError:
        """The server refused a write; where it was is recorded, for the next try may fail at the very same place."""
        again = before.failed == after.at
        here = Part(path=after.path, at=after.at, failed=after.at)
        self._shipment.confirm(after.at, here.session)
        error = self._meaning.of(said, f"write at byte {after.at}", writing=self._shipment.size - after.at)
        return self._meaning.quota(said, f"write at byte {after.at}") if again and error.facts.get("failure") else error

    def _finished(self, part: Part, handle: bytes) -> Seen:
        """Whole, proved, and on record that it gets its name."""
        size, there = self._shipment.size, self._closed(handle)
        self._check_size(there)
        if self._proof.reads:
            self._shipment.confirm(size, part.now(size).session)
        seen = self._proved(part)
        self._shipment.commit_point()
        self._shipment.record(Part(path=part.path, at=size, published=there.mtime or 0).session)
        return seen

    def _check_size(self, there: Attributes) -> None:
        size = self._shipment.size
        if there.size is not None and there.size != size:
            text = f"{self._where}: the server holds {there.size} bytes of {size} that it has acknowledged; it is sent from the beginning"
            raise SessionLost(text, left=True)

    def _closed(self, handle: bytes) -> Attributes:
        """On the server's disk, with its time and its rights, looked at and closed: all of it asked for at once, as each answer may be far away."""
        at = self._files
        wishes, look, end = self._wishes(handle), at.look(handle), at.end(handle)
        try:
            for number, codes in wishes:
                self._allowing(number, *codes)
        except Said:
            at.wire.drain()  # then its disk can be asked what that means
            self._open -= 1
            raise
        there = at.looked(look)
        at.wire.answer(end)
        self._open -= 1
        return there

    def _wishes(self, handle: bytes) -> list[tuple[int, tuple[int, ...]]]:
        """Requests for the server's disk, the rights and the time; and the refusals of each that are no harm."""
        at, stamp = self._files, self._mtime()
        asked: list[tuple[int, tuple[int, ...]]] = [(at.sync(handle), (files.UNSUPPORTED,))] if at.offers(files.FSYNC) else []
        harmless = (files.UNSUPPORTED, files.PERMISSION_DENIED, files.FAILURE)
        asked.append((at.set_mode(handle, self._mode()), harmless))
        return [*asked, *([(at.set_times(handle, stamp), harmless)] if stamp is not None else [])]

    def _allowing(self, number: int, *codes: int) -> None:
        """Waits for an answer; some refusals are no harm."""
        try:
            self._files.wire.answer(number)
        except Said as said:
            if said.code not in codes:
                raise

    def _proved(self, part: Part) -> Seen:
        """Read, where that is needed, through a handle of its own: the first might only write."""
        try:
            if not self._proof.reads:
                return self._proof.of(b"", part.path)
            self._widened = False
            reader = self._reopened(part.path, files.READ)
            try:
                seen = self._proof.of(reader, part.path)
            finally:
                self._close(reader)
            if self._widened:
                self._files.set_rights(part.path, self._mode())
            return seen
        except Unverified as error:
            if error.facts.get("told") is not False:  # found to be different; what nothing was found out about may still be proved otherwise
                self._files.remove(part.path)
            raise

    def _mtime(self) -> int | None:
        identity = self._shipment.operation.spec.source.identity
        return identity.mtime_ns // 10**9 if identity is not None else None

    def _mode(self) -> int:
        """As it was asked for, else as the file has it here; a copy of what had no name has no say."""
        if self._settings.mode is not None:
            return int(self._settings.mode)
        source = self._shipment.operation.spec.source
        try:
            return os.stat(source.file).st_mode & 0o777 if source.file is not None else 0o600
        except OSError:
            return 0o600

    # -- handles

    def _handle(self, path: bytes, flags: int, mode: int | None = None) -> bytes:
        handle = self._files.open(path, flags, mode)
        self._open += 1
        return handle

    def _close(self, handle: bytes) -> None:
        """Not while an error is on its way with answers outstanding: then the whole session goes."""
        if self._files.wire.awaited == 0:
            self._files.close(handle)
            self._open -= 1

    # -- the end

    def _delivered(self, seen: Seen) -> Delivery:
        self._shipment.confirm(self._shipment.size)
        return Delivery(url=self._where, size=self._shipment.size, verified=seen.word, digests=seen.digests)

    @property
    def _where(self) -> str:
        return public_url(self._shipment.target.url)
