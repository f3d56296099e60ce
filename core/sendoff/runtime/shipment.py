"""One try's view of its operation, handed to a transport."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from sendoff.errors import Interrupted, SessionLost, Superseded
from sendoff.model.change import Append, Reply, SaveCheckpoint, Unit, Update
from sendoff.model.event import Event
from sendoff.model.header import Headers, is_secret_header
from sendoff.model.limits import Limits
from sendoff.model.operation import Record
from sendoff.model.pace import Pace, left
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Query
from sendoff.model.response import Response, length_of
from sendoff.model.secret import STARS, Credential, public_url
from sendoff.model.session import Session
from sendoff.model.status import STOPPING, TransferStatus
from sendoff.model.target import Target
from sendoff.ports.clock import Clock
from sendoff.ports.toolkit import CredentialSource
from sendoff.runtime.answers import AnswerBody, Answers
from sendoff.runtime.journal import Journal
from sendoff.runtime.meter import Meter
from sendoff.runtime.pacing import Pacing
from sendoff.runtime.pulse import Pulse
from sendoff.runtime.reader import Reader
from sendoff.runtime.secrets import Secrets

_CONFIRMED_EVENT_EVERY = 60.0
_LOG = logging.getLogger("sendoff.attempts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all tries of a process share. reached: told once a try reads its first byte. meter: remembers what was sent through a kill.

    pacing: shares the bandwidth. clean: takes secrets out of what an error says, before it is put on record.
    ends: what ends this process wherever it comes up, and is no driver's doing; a simulated crash, for one.
    """

    journal: Journal
    secrets: Secrets
    answers: Answers
    clock: Clock
    reached: Callable[[Record], None]
    pacing: Pacing
    meter: Meter = field(default_factory=Meter)
    clean: Callable[[str], str] = str
    ends: tuple[type[BaseException], ...] = ()


class WorkShipment:
    """Implements ``ports.transport.Shipment`` over the journal; a late one is refused by its epoch.

    elsewhere: a listener sent this try to another origin: the operation's own session stands, and what this one leaves there is not kept.
    paces: its transport reads ahead, and asks before it hands over.
    vouched: so many bytes of a source that is another file now were seen to be the same; None = it is the same file.
    """

    def __init__(
        self, record: Record, reader: Reader, around: Surroundings, *, target: Target, headers: Headers, session: Session | None,
        credential: CredentialSource, elsewhere: bool = False, vouched: int | None = None, limits: Limits, paces: bool = False,
        pulse: Pulse,
    ) -> None:  # fmt: skip
        self.operation, self.target, self.headers, self.session, self.elsewhere = record, target, headers, session, elsewhere
        self.root, self.name = record.spec.root, PurePosixPath(record.spec.name)
        self.size, self.demand, self.deadline = reader.size, record.spec.demand, float("inf")
        self.lanes, self.memory = around.pacing.lanes(record.spec.destination, limits), limits.share
        self._pacing, self._paces = around.pacing, paces
        self.confirmed, self.body = 0, cast("AnswerBody | None", None)
        self._read, self._end, self._handed = 0, 0, cast("int | None", None)
        self._furthest = _known_before(record, reader, session, vouched)
        self.protocol, self.resumable = record.tally.protocol, record.tally.resumable
        self._slot, self._counting = around.meter.begin(record.number, record.epoch, elsewhere=elsewhere), threading.Lock()
        self._response, self.answers = cast("Response | None", None), 0
        self._reader, self._around, self._credential = reader, around, credential
        self._version, self._point = record.version, False
        self._why: str | None = None
        self._stop: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._told, self._pace = around.clock.monotonic(), Pace()
        self._confirmed_before = 0
        self.pulse = pulse

    # -- what a driver calls ---------------------------------------------------------------------------------------

    def readinto(self, buffer: memoryview, offset: int, *, paced: bool = True) -> int:
        """As the port says."""
        with self.pulse.inside_call():
            return self._read_into(buffer, offset, paced)

    def _read_into(self, buffer: memoryview, offset: int, paced: bool) -> int:
        self.check()
        if not paced:
            return self._reader.readinto(buffer, offset, follow=False)
        if self._read == 0:
            self._around.reached(self.operation)
        self._pace.note(self._around.clock.monotonic(), self.sent)
        if self._pacing.limited and not self._paces and offset < self.size:
            buffer = buffer[: self._pacing.take(self.operation, min(len(buffer), self.size - offset), self.check)]
        count = self._reader.readinto(buffer, offset)
        with self._counting:
            self._read, self._end = self._read + count, max(self._end, offset + count)
            if self._furthest is not None:
                self._furthest = max(self._furthest, offset + count)
            self._slot.note(self.sent, self._prefix())
        return count

    def allowed(self, count: int) -> int:
        """As the port says."""
        with self.pulse.inside_call():
            return self._pacing.take(self.operation, count, self.check)

    def handed(self, count: int) -> None:
        """As the port says."""
        self.pulse.beat()
        with self._counting:
            self._handed = (self._handed or 0) + count
            self._slot.note(self._handed, self._prefix())

    def carried(self, protocol: str, *, resumable: bool) -> None:
        """As the port says."""
        self.protocol, self.resumable = protocol, resumable

    def credential(self, kind: str = "server", *, challenge: str | None = None, refused: Credential | None = None) -> Credential | None:
        """As the port says."""
        with self.pulse.inside_call():
            return self._credential(kind, challenge=challenge, refused=refused)

    def record(self, session: Session) -> None:
        """As the port says."""
        with self.pulse.inside_call():
            unit = self.to_record(session)
            if unit:
                self.recorded(session, self._around.journal.commit(unit))
            self.check()

    def confirm(self, total: int, session: Session | None = None) -> None:
        """As the port says."""
        with self.pulse.inside_call():
            self._confirm(total, session)

    def _confirm(self, total: int, session: Session | None) -> None:
        self.session = session or self.session
        if self.session is not None:
            self._doubt(total)
            self._furthest = self._known_now(total)
        self.confirmed = total
        if self.session is None or self.elsewhere:
            return
        unit = [self._checkpoint(self.session)]
        now = self._around.clock.monotonic()
        if now - self._told >= _CONFIRMED_EVENT_EVERY and total > self._confirmed_before:
            self._told, self._confirmed_before = now, total
            self._around.journal.post([*unit, Append(self._event("confirmed", bytes=total))])
            return
        self._around.journal.post(unit)

    def commit_point(self) -> None:
        """As the port says."""
        with self.pulse.inside_call():
            self._mark_point()

    def _mark_point(self) -> None:
        self.check()
        self._reader.check()
        if self.operation.spec.repeatable or self._point or self.session is not None:  # whoever keeps a session can be asked what became of it
            return
        while not self._point:
            change = Update(self.operation.number, self._version, {"point": True}, self.operation.epoch)
            (reply,) = self._around.journal.commit([change])
            self._version = reply.version
            self.operation = replace(self.operation, want=reply.want)  # whoever settles this try by that version must know what was ordered
            if reply.refused not in (None, "version"):
                raise Superseded()
            if reply.want in STOPPING:
                raise Interrupted(f"ordered: {reply.want}")
            self._point = reply.refused is None

    def answered(self, status: int | None, headers: Sequence[tuple[str, str]], url: str) -> BinaryIO:
        """As the port says."""
        self.pulse.beat()
        self.body, self.answers = self._around.answers.writer(self.operation.number), self.answers + 1
        self._response = Response(status=status, headers=tuple(_shown(name, value) for name, value in headers), url=public_url(url))
        return cast(BinaryIO, self.body)

    @contextmanager
    def on_interrupt(self, stop: Callable[[], None]) -> Iterator[None]:
        """As the port says."""
        self.pulse.beat()
        with self._lock:
            self._stop = stop
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._stop = None

    # -- what the machinery calls ----------------------------------------------------------------------------------

    def to_record(self, session: Session) -> Unit:
        """What puts a session on disk; nothing where it is not kept. ``recorded`` is told what the journal said.

        Even where the try is to stop: what the server has made already would be lost.
        """
        new = self.session is None or self.session.kind != session.kind
        self.session = session
        self._reader.track()
        if self.elsewhere:
            return ()
        return self._beginning(session) if new else (self._checkpoint(session),)

    def recorded(self, session: Session, replies: Sequence[Reply]) -> None:
        """It is on disk when this returns; ``Superseded`` where another has the operation."""
        while any(reply.refused is not None for reply in replies):
            newest = self._around.journal.store.find(Query(numbers=(self.operation.number,)), limit=1).items
            if replies[0].refused != "version" or not newest:
                raise Superseded()
            self.operation, self._version = newest[0], newest[0].version
            replies = self._around.journal.commit(self._beginning(session))
        if len(replies) > 1:
            self._version = replies[0].version

    def _beginning(self, session: Session) -> Unit:
        """With a new one goes how it is carried, or nobody could tell after a kill."""
        record, told = self.operation, Append(self._event("session_recorded", kind=session.kind))
        tally = replace(record.tally, protocol=self.protocol, resumable=self.resumable)
        return Update(record.number, self._version, {"tally": tally}, record.epoch), self._checkpoint(session), told

    @property
    def proves(self) -> bool:
        """Whether its driver may be at a proof, which takes as long as the whole is large; one that goes on may be at once."""
        return self.demand.verify in ("read-back", "digest") or max(self._read, self._end, self.confirmed, self._furthest or 0) >= self.size

    @property
    def stopping(self) -> str | None:
        """Why it is to stop; None = it is not."""
        return self._why

    @property
    def about(self) -> tuple[str, str]:
        """Its operation and its batch."""
        return self.operation.id, self.operation.batch

    def check(self) -> None:
        """``Interrupted`` when somebody ordered it."""
        if self._why is not None:
            raise Interrupted(self._why)

    def interrupt(self, why: str, *, spare: bool = False) -> None:
        """Stop at the next read, and break a blocked call now. spare: not past the point of no return, where nothing but the answer is missing."""
        if spare and self._point:
            return
        with self._lock:
            self._why = self._why or why
            stop, self._stop = self._stop, None
        self._pacing.stir()
        if stop is None:
            return
        try:
            stop()
        except Exception:  # noqa: BLE001 - a driver is a stranger's code, and its try may have ended meanwhile; the next read stops it anyhow
            _LOG.exception("the transport %s could not break its call off", self.operation.spec.transport)

    @property
    def sent(self) -> int:
        """Bytes that were given to the network, as far as the driver says; else all that were read."""
        return self._read if self._handed is None else self._handed

    @property
    def begun(self) -> bool:
        """Whether any of it may be at the server."""
        return self._read > 0 or self.sent > 0 or self._point

    @property
    def furthest(self) -> int | None:
        """As the port says."""
        return self._furthest

    @property
    def blind(self) -> bool:
        """Nobody could tell the next try how far this one and those before it had come."""
        prefix = self._reader.prefix()
        return self.session is not None and (self._furthest is None or prefix is None or prefix[0] < self._furthest)

    def rest(self) -> None:
        """The try is over, its session stands: how far it had come is kept, and its count is on record from here on."""
        if self.session is not None and not self.elsewhere:
            self._around.journal.post([self._checkpoint(self.session)])

    def forgo(self) -> None:
        """It does not come about: another has its place."""
        self._around.meter.end(self._slot)

    def end(self) -> None:
        """What it has done is on record."""
        self._around.meter.end(self._slot)
        self._pacing.ended(self.operation.number)

    @property
    def past_point(self) -> bool:
        """Whether an unsafe request may have gone out whole."""
        return self._point

    @property
    def version(self) -> int:
        """The record's version as last seen."""
        return self._version

    def response(self) -> Response | None:
        """The last answer; its body is on disk when this returns."""
        if self._response is None or self.body is None:
            return None
        self.body.save()
        return replace(self._response, body=self.body.size, truncated=self.body.truncated)

    def progress(self) -> UploadProgress:
        """How far it is."""
        rate = self._pace.rate(self._around.clock.monotonic(), self.sent) if self.sent else None
        done = max(self.sent, self.confirmed) if self.session is None else self.confirmed
        return UploadProgress(
            operation=self.operation.id, bytes_sent=self.sent, bytes_confirmed=self.confirmed, total_bytes=self.size,
            bytes_received=self.body.received if self.body else 0, total_bytes_to_receive=length_of(self._response.headers) if self._response else 0,
            attempt=self.operation.tally.attempts, status=TransferStatus.RUNNING, answers=self.operation.tally.answers + self.answers,
            has_restarted=self.operation.tally.restarted and self.operation.tally.attempts > 1, rate=rate,
            eta=left(self.size - done, rate), protocol=self.protocol, resumable=self.resumable,
        )  # fmt: skip

    def _prefix(self) -> tuple[int, int] | None:
        """What is noted of the source beside the operation's own session."""
        return None if self.elsewhere else self._reader.prefix()

    def _checkpoint(self, session: Session) -> SaveCheckpoint:
        sealed = self._around.secrets.seal_session(self.operation.id, session)
        return SaveCheckpoint(number=self.operation.number, epoch=self.operation.epoch, session=sealed, confirmed=self.confirmed, prefix=self._reader.prefix())

    def _doubt(self, total: int) -> None:
        """A server that has what was never sent has something else."""
        where, most = self.operation.spec.url, self.size if self._furthest is None else min(self.size, self._furthest)
        if not 0 <= total <= most:
            raise SessionLost(f"{where} claims to have {total} bytes where it can have {most} at most; that half-done upload is given up", left=True)

    def _known_now(self, total: int) -> int | None:
        """How far anything was handed over, once the server has told; nobody knows where parts are sent here and there and an earlier try sent some."""
        if self._furthest is not None:
            return max(total, self._furthest)
        return None if self._reader.prefix() is None else max(total, self._read)

    def _event(self, type_: str, **data: object) -> Event:
        record = self.operation
        stamp = f"{record.id}.{record.round}.{type_}.{record.epoch}.{self.confirmed}"
        return Event(id=stamp, time=self._around.clock.wall(), type=type_, operation=record.id, batch=record.batch, round=record.round, data=data)


def _known_before(record: Record, reader: Reader, session: Session | None, vouched: int | None) -> int | None:
    """How much may lie at the server from earlier tries; None = nobody knows."""
    if session is None:
        return 0
    if vouched is not None:
        return vouched
    prefix = reader.prefix()
    return None if record.tally.blind or prefix is None else prefix[0]


def _shown(name: str, value: str) -> tuple[str, str]:
    """A response header as it may be kept: cookies are secrets, addresses lose theirs."""
    if is_secret_header(name) or name.lower() == "set-cookie":
        return name, STARS
    return name, public_url(value) if "://" in value else value
