"""A run of small files over one line: while one waits for the server, the others go on."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from random import Random
from threading import Lock
from typing import cast

from sendoff import Delivery, Interrupted, Permanent, SendoffError, Session, Shipment, Shipments, Transient

from sendoff_sftp.pool import Line
from sendoff_sftp.sending import Sending
from sendoff_sftp.settings import Settings
from sendoff_sftp.small import Alone, Small, Steps
from sendoff_sftp.watch import Watch
from sendoff_sftp.wire import Reply, Said

Told = tuple[Shipment, Delivery | SendoffError]
_AT_THE_GATE = 16  # so many wait for the record at most while others still wait for the server


class Members:
    """Who is in a run and was not told yet, and whom somebody has stopped. The run is broken off when that is all of them."""

    def __init__(self, shipments: Shipments) -> None:
        self.all, self._watch = shipments, cast("Watch | None", None)
        self._deaf, self._alone, self._lock = False, cast("int | None", None), Lock()
        self.left = {id(shipment): shipment for shipment in shipments}
        self.stopped = set[int]()

    def heed(self, stack: ExitStack) -> Iterator[Told]:
        """From now on orders are heeded; who was stopped before is told at once."""
        for shipment in list(self.left.values()):
            try:
                stack.enter_context(shipment.on_interrupt(partial(self._stop, id(shipment))))
            except Interrupted as error:
                yield self.told(shipment, error)

    def told(self, shipment: Shipment, result: Delivery | SendoffError) -> Told:
        """Off the list."""
        self.left.pop(id(shipment), None)
        return shipment, result

    def use(self, watch: Watch) -> None:
        """The watch of the pass that begins; until ``listening`` an order for one of them breaks it off, for nobody looks at who it is for."""
        with self._lock:
            self._watch, self._deaf = watch, True

    def listening(self) -> None:
        """From now on the run looks by itself, a few times a second, who was stopped."""
        with self._lock:
            self._deaf = False

    @contextmanager
    def alone(self, shipment: Shipment) -> Iterator[None]:
        """All that is done here is done for this one."""
        with self._lock:
            self._alone = id(shipment)
            if id(shipment) in self.stopped and self._watch is not None:
                self._watch.stop()
        try:
            yield
        finally:
            with self._lock:
                self._alone = None

    def tell_stopped(self) -> Iterator[Told]:
        """Those that were stopped."""
        for key in [key for key in self.left if key in self.stopped]:
            yield self.told(self.left[key], Interrupted())

    def _stop(self, key: int) -> None:
        """From another thread."""
        with self._lock:
            self.stopped.add(key)
            broken_off = self._deaf or self._alone == key or self.stopped.issuperset(list(self.left))
            watch = self._watch
        if broken_off and watch is not None:
            watch.stop()


@dataclass(slots=True, eq=False)
class _File:
    """One of the run: its steps, and the request whose answer it waits for."""

    shipment: Shipment
    small: Small
    steps: Steps
    waits: int | None = None


class Running:
    """One run. group: those of the members that this line is for. begun: whose bytes went out, or are about to."""

    def __init__(self, members: Members, group: Sequence[Shipment], watch: Watch, line: Line, settings: Settings, random: Random) -> None:
        self._members, self._group, self._watch, self._line, self._wire = members, group, watch, line, line.wire
        self._given = (settings, random)
        self._ready: deque[tuple[_File, Reply | Said | SendoffError | None]] = deque()
        self._waiting: list[_File] = []
        self._gate: list[tuple[_File, Session]] = []
        self._alone: list[Shipment] = []
        self._refused: list[tuple[_File, Said]] = []
        self._smalls: list[Small] = []

    @property
    def begun(self) -> set[int]:
        """Whose bytes went out."""
        return {id(small.shipment) for small in self._smalls if small.begun}

    def run(self) -> Iterator[Told | None]:
        """Each with what became of it; None while nothing comes. What is raised concerns all that were not told."""
        for shipment in self._group:
            small = Small(shipment, self._watch, self._line, *self._given)
            if small.fits:
                self._smalls.append(small)
                self._ready.append((_File(shipment, small, small.steps()), None))
            else:
                self._alone.append(shipment)
        while self._ready or self._waiting or self._gate:
            yield from self._stopped()
            if self._ready:
                yield from self._advanced(*self._ready.popleft())
            elif self._gate and (not self._waiting or len(self._gate) >= _AT_THE_GATE):
                self._pass_the_gate()
            elif self._waiting:
                if not self._wire.listen():
                    yield None
                self._sort()
        yield from self._afterwards()

    # -- together

    def _advanced(self, file: _File, answer: Reply | Said | SendoffError | None) -> Iterator[Told]:
        """One goes on until it waits again, or ends."""
        try:
            wanted = file.steps.throw(answer) if isinstance(answer, Exception) else file.steps.send(answer)
            while isinstance(wanted, int) and self._wire.here(wanted):
                wanted = self._next(file, wanted)
        except StopIteration as ended:
            yield self._members.told(file.shipment, ended.value)
        except Alone:
            file.small.let_go()
            self._alone.append(file.shipment)
        except Said as said:
            file.small.let_go()
            self._refused.append((file, said))
        except (struct.error, ValueError, IndexError) as cause:
            file.small.let_go()
            text = f"{file.shipment.target.public}: what the server answers is not understood ({type(cause).__name__}: {cause})"
            yield self._members.told(file.shipment, Permanent(text, side="server"))
        except SendoffError as error:
            file.small.let_go()
            if isinstance(error, Transient | Interrupted):
                self._everybody(error)
            yield self._members.told(file.shipment, error)
        else:
            self._left_at(file, wanted)

    def _next(self, file: _File, number: int) -> int | Session:
        try:
            reply = self._wire.answer(number)
        except Said as said:
            return file.steps.throw(said)
        return file.steps.send(reply)

    def _left_at(self, file: _File, wanted: int | Session) -> None:
        if isinstance(wanted, Session):
            self._gate.append((file, wanted))
        else:
            file.waits = wanted
            self._waiting.append(file)

    def _everybody(self, error: SendoffError) -> None:
        """Raises what is not this one's alone: the connection is gone, the server silent, or all were stopped."""
        if self._wire.torn or error.facts.get("stalled"):
            raise error
        self._watch.heed()

    def _sort(self) -> None:
        """Whose answer is here goes on."""
        there = [file for file in self._waiting if file.waits is not None and self._wire.here(file.waits)]
        self._waiting = [file for file in self._waiting if file not in there]
        for file in there:
            assert file.waits is not None
            try:
                self._ready.append((file, self._wire.answer(file.waits)))
            except Said as said:
                self._ready.append((file, said))

    def _pass_the_gate(self) -> None:
        """All that wait for it are put on record together."""
        standing, self._gate = self._gate, []
        failed = {id(shipment): error for shipment, error in self._members.all.record([(file.shipment, session) for file, session in standing])}
        self._ready.extend((file, failed.get(id(file.shipment))) for file, _ in standing)

    def _stopped(self) -> Iterator[Told]:
        """Who was stopped goes, whatever it waits for; the answers to what it asked are read and dropped."""
        if not self._members.stopped:
            return
        everyone = [*(file for file, _ in self._ready), *self._waiting, *(file for file, _ in self._gate)]
        gone = [file for file in everyone if id(file.shipment) in self._members.stopped and not file.small.opening]
        if not gone:
            return
        self._ready = deque((file, answer) for file, answer in self._ready if file not in gone)
        self._waiting = [file for file in self._waiting if file not in gone]
        self._gate = [(file, session) for file, session in self._gate if file not in gone]
        for file in gone:
            file.steps.close()
            file.small.let_go()
            yield self._members.told(file.shipment, Interrupted())

    # -- one after the other

    def _afterwards(self) -> Iterator[Told]:
        """When no answer is due any more: what refusals mean, for the server's disk may be asked now; and those that are sent by themselves."""
        while self._wire.awaited and (self._refused or self._alone):
            self._wire.listen()
        for file, said in self._refused:
            yield self._members.told(file.shipment, _meant(file, said))
        for shipment in self._alone:
            if id(shipment) in self._members.stopped:
                yield self._members.told(shipment, Interrupted())
                continue
            if self._wire.torn or self._watch.stopped:
                return  # it has not begun, and goes in another pass
            yield self._members.told(shipment, self._by_itself(shipment))

    def _by_itself(self, shipment: Shipment) -> Delivery | SendoffError:
        """The run's watch is its own for so long: an order for it breaks off what it waits for."""
        sending = Sending(shipment, self._watch, self._line, *self._given)
        try:
            with self._members.alone(shipment):
                return sending.run()
        except Interrupted as error:
            return error
        except Transient as error:
            if not sending.begun:
                self._everybody(error)
            return error
        except SendoffError as error:
            return error


def _meant(file: _File, said: Said) -> SendoffError:
    """What a refusal means; the server may refuse the question, too."""
    try:
        return file.small.meaning(said)
    except Said:
        return Transient(f"{file.shipment.target.public}: the server refuses, and does not say why ({said})", side="server")
