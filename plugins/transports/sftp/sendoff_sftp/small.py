"""The steps of one small file, each left where it waits for the server, so that those of others go on meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress

from sendoff import Delivery, SendoffError, Session, SessionLost, SourceChanged

from sendoff_sftp import files, folders
from sendoff_sftp.address import folder_of
from sendoff_sftp.files import Attributes
from sendoff_sftp.part import Part, new_part
from sendoff_sftp.sending import Sending
from sendoff_sftp.wire import Reply, Said

Wanted = int | Session  # a request whose answer is waited for, or what has to be on record first
Steps = Generator[Wanted, Reply | None, Delivery]


class Alone(Exception):
    """Something is as it seldom is: this file is sent by itself, after the others."""


class Small(Sending):
    """The same steps as of a file by itself, in the same order. meaning: of a refusal where it is now. opening: nobody knows yet whether its part is there."""

    meaning: Callable[[Said], SendoffError]
    opening = False
    _handle_open: bytes | None = None
    _asked: set[int]

    @property
    def fits(self) -> bool:
        """Whether its steps are these: no byte of it is there yet."""
        if self._shipment.session is None:
            return True
        with suppress(SessionLost, KeyError):
            part = Part.of(self._shipment.session)
            return part.at == 0 and part.published is None
        return False

    def steps(self) -> Steps:
        """From the first request to the last; ``Said`` for what the server refuses."""
        shipment = self._shipment
        self._asked = set()
        self.meaning = lambda said: self._meaning.of(said, "send it")
        shipment.handed(0)
        shipment.carried("sftp", resumable=True)
        part = Part.of(shipment.session) if shipment.session is not None else None
        if part is None and shipment.demand.existing != "overwrite":
            skipped = self._skipped((yield from self._found()))
            if skipped is not None:
                return skipped
        if part is None:
            part = new_part(self._final, shipment.operation.id, self._random)
            yield part.session
        handle = yield from self._made(part)
        yield from self._filled(handle)
        there = yield from self._ended(handle)
        self._check_size(there)
        seen = self._proved(part)
        shipment.commit_point()
        yield Part(path=part.path, at=shipment.size, published=there.mtime or 0).session
        yield from self._named(part)
        return self._delivered(seen)

    def let_go(self) -> None:
        """It ends here: nobody waits for its answers, and what is open is closed."""
        for number in self._asked:
            self._files.wire.forget(number)
        if self._handle_open is not None:
            self._files.wire.forget(self._files.end(self._handle_open))
            self._handle_open = None

    # -- the steps

    def _found(self) -> Generator[Wanted, Reply | None, Attributes | None]:
        try:
            return self._files.attributes((yield from self._answer(self._files.look_at(self._final))))
        except Said as said:
            if said.code != files.NO_SUCH_FILE:
                raise
            return None

    def _made(self, part: Part) -> Generator[Wanted, Reply | None, bytes]:
        flags = files.WRITE | files.CREATE | files.EXCLUSIVE
        try:
            self.opening = True
            reply = yield from self._answer(self._files.start(part.path, flags, 0o600))
        except Said as said:
            self.opening = False
            if said.code != files.NO_SUCH_FILE or self._settings.make_folders == "none":
                raise Alone from said
            below = self._root if self._settings.make_folders == "below" else None
            folders.make(self._files, folder_of(self._final), below=below, meaning=self._meaning)
            reply = yield from self._answer(self._files.start(part.path, flags, 0o600))
        self._handle_open, self.opening = self._files.opened(reply), False
        return self._handle_open

    def _filled(self, handle: bytes) -> Generator[Wanted, Reply | None, None]:
        shipment, place = self._shipment, 0
        self.meaning = lambda said: self._meaning.of(said, "write at byte 0", writing=shipment.size)
        block, room = self._source(), self._files.wire.room - 25 - len(handle)
        self._proof.add(block)
        under_way = []
        while place < len(block):
            piece = block[place : place + shipment.allowed(min(room, 32 * 1024, len(block) - place))]
            under_way.append(self._ask(self._files.write(handle, place, piece)))
            place += len(piece)
            shipment.handed(len(piece))
        for number in under_way:
            yield from self._answer(number)

    def _source(self) -> memoryview:
        """All of it."""
        whole, place = memoryview(bytearray(self._shipment.size)), 0
        self.begun = True
        while place < len(whole):
            count = self._shipment.readinto(whole[place:], place)
            if not count:
                raise SourceChanged(f"the file ended after {place} of {len(whole)} bytes")
            place += count
        return whole

    def _ended(self, handle: bytes) -> Generator[Wanted, Reply | None, Attributes]:
        wishes = self._wishes(handle)
        look, end = self._files.look(handle), self._files.end(handle)
        self._handle_open = None
        for number in (*(one for one, _ in wishes), look, end):
            self._ask(number)
        for number, codes in wishes:
            try:
                yield from self._answer(number)
            except Said as said:
                if said.code not in codes:
                    raise
        there = self._files.attributes((yield from self._answer(look)))
        yield from self._answer(end)
        return there

    def _named(self, part: Part) -> Generator[Wanted, Reply | None, None]:
        if self._shipment.demand.existing != "overwrite" or not self._files.offers(files.RENAME_OVER):
            self._publishing.run(part.path)
            return
        self.meaning = lambda said: self._publishing.refused(said, part.path)
        yield from self._answer(self._files.put_over(part.path, self._final))

    # -- answers

    def _close(self, handle: bytes) -> None:
        """Whatever else is under way: the line is everybody's."""
        self._files.close(handle)
        self._open -= 1

    def _ask(self, number: int) -> int:
        self._asked.add(number)
        return number

    def _answer(self, number: int) -> Generator[Wanted, Reply | None, Reply]:
        self._ask(number)
        try:
            reply = yield number
        except Said:
            self._asked.discard(number)
            raise
        self._asked.discard(number)
        assert reply is not None
        return reply
