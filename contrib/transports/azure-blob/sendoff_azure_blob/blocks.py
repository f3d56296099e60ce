"""Large things: blocks that wait at the server until all are there, whoever began to send them in whatever process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from sendoff import Delivery, SendoffError, Session, Shipment, SourceChanged, TargetExists

from sendoff_azure_blob.answers import EXISTS, Refusal
from sendoff_azure_blob.condition import Condition
from sendoff_azure_blob.lanes import Lanes
from sendoff_azure_blob.leftovers import KIND, remove
from sendoff_azure_blob.names import Name
from sendoff_azure_blob.part import Part, md5_of
from sendoff_azure_blob.plan import Plan
from sendoff_azure_blob.proof import Proof, Sent
from sendoff_azure_blob.thing import Thing, mark_of

LACKING = "InvalidBlockList"


@dataclass(frozen=True, slots=True)
class Stored:
    """A block that the server has; it has compared what it received with the MD5 that came along, or it would not have taken it ("Put Block")."""

    name: str
    length: int


class Blocks:
    """One try of an upload in blocks. Nothing is begun at the server: a block makes its own place, and all of them wait under the name until they are put
    together.

    Its session's data: ``id`` in the names of its blocks, ``block`` and ``size`` in bytes, ``token`` in the blob's metadata, ``completing``: everything is
    there, and they may have been put together.
    """

    def __init__(self, shipment: Shipment, thing: Thing, plan: Plan, token: str) -> None:
        self._shipment, self._thing, self._plan, self._token = shipment, thing, plan, token
        self._proof = Proof.begun(shipment, thing)
        self._condition = Condition(shipment, thing, self._proof)
        self._blocks: dict[int, Stored] = {}

    def run(self) -> Delivery:
        """Asks what is there; sends what is missing; puts it together; looks."""
        session = self._shipment.session
        if session is None:
            done = self._condition.before(self._token)
            if done is not None:
                return done
            session = self._begun()
        else:
            self._plan, self._token = Plan.recorded(self._shipment.size, session.data), str(session.data["token"])
            done = self._resumed(session)
            if done is not None:
                return done
        try:
            self._send(session)
        except SourceChanged:
            self._let_go(session)
            raise
        return self._completed(session)

    # -- beginning, and going on

    def _begun(self) -> Session:
        """On record before the first block: whatever lies at the server then can be found again."""
        id = f"{self._thing.service.toolkit.random.getrandbits(64):016x}"
        data = {"id": id, "block": self._plan.block, "size": self._plan.size, "token": self._token, "completing": False}
        session = Session(kind=KIND, data=data, leaves=True)
        self._shipment.record(session)
        return session

    def _resumed(self, session: Session) -> Delivery | None:
        """Asks which blocks are there and compares each with the file; a delivery where they were put together already."""
        if session.data["completing"] and (done := self._reconciled()) is not None:
            return done
        for number, name, size in self._waiting(session):
            kept = self._same(session, number, name, size)
            if kept is not None:
                self._blocks[number] = kept
        self._shipment.confirm(self._confirmed())
        return None

    def _waiting(self, session: Session) -> Iterator[tuple[int, str, int]]:
        """Number, name and size of what the server has of this session. Where that may not be seen: nothing, and all is sent again under the same names."""
        try:
            _, waiting = self._thing.lists()
        except Refusal as refusal:
            if not refusal.unseen:
                raise
            return
        for block in waiting:
            name = Name.read(block.id)
            if name is not None and name.id == session.data["id"] and 1 <= name.number <= self._plan.count:
                yield name.number, block.id, block.size

    def _same(self, session: Session, number: int, name: str, size: int) -> Stored | None:
        """The block, if what the server has of it is what the file has; else it is simply sent again, under another name."""
        if size != self._plan.length(number):
            return None
        own = self._name(session, number, self._part(number, held=False).digest())
        return Stored(name, size) if own == name else None

    def _reconciled(self) -> Delivery | None:
        """They were to be put together: what lies there tells, by our mark, whether they were."""
        try:
            held = self._thing.head()
        except Refusal as refusal:
            if not refusal.unseen:
                raise
            return None
        if held is None or mark_of(held) != self._token or held.size != self._shipment.size:
            return None
        return self._proof.found(held)

    # -- sending

    def _send(self, session: Session) -> None:
        lanes = max(1, min(self._shipment.lanes, self._plan.count))
        held = self._plan.block * (lanes + 1) <= self._shipment.memory  # as much as one block is on its way besides
        missing: Iterator[int] = (number for number in range(1, self._plan.count + 1) if number not in self._blocks)
        Lanes(lanes).run(missing, lambda number: self._send_block(session, number, held=held))

    def _send_block(self, session: Session, number: int, *, held: bool) -> None:
        part = self._part(number, held=held).digest()
        name = self._name(session, number, part)
        told = self._thing.stage(name, part)
        self._shipment.readinto(memoryview(bytearray(1)), part.start, paced=False)  # the file is still what it was
        self._proof.compared(told, part.md5)
        self._blocks[number] = Stored(name, part.length)
        self._shipment.confirm(self._confirmed())

    def _part(self, number: int, *, held: bool) -> Part:
        return Part(self._shipment, self._thing.wire, self._plan.start(number), self._plan.length(number), held=held)

    def _name(self, session: Session, number: int, part: Part) -> str:
        return str(Name.of(str(session.data["id"]), number, part.md5))

    def _confirmed(self) -> int:
        return sum(one.length for one in list(self._blocks.values()))

    # -- ending

    def _completed(self, session: Session) -> Delivery:
        md5 = md5_of(self._shipment, self._thing.wire) if self._thing.service.settings.content_md5 else None
        completing = replace(session, data={**session.data, "completing": True})
        self._shipment.record(completing)
        self._shipment.commit_point()
        names = [one.name for _, one in sorted(self._blocks.items())]
        try:
            told = self._thing.commit(names, self._token, anew=self._condition.holds, md5=md5)
        except Refusal as refusal:
            return self._not_completed(completing, refusal)
        return self._proof.of(Sent(token=self._token, seen="part-digests", md5=md5, told=told))

    def _not_completed(self, session: Session, refusal: Refusal) -> Delivery:
        """The server said no: they may have been put together before, or something is in the way, or blocks are gone and are asked for by the next try."""
        if refusal.code == LACKING and (done := self._reconciled()) is not None:
            return done
        if refusal.code in EXISTS and self._condition.holds:
            try:
                done = self._condition.failed(refusal, self._token)
            except TargetExists:
                self._let_go(session)
                raise
            if done.existing == "skipped":
                self._let_go(session)
            return done
        raise refusal

    def _let_go(self, session: Session) -> None:
        """Removed at once if that can be; the session stays on record, by which it is found again."""
        with suppress(Refusal, SendoffError):
            remove(self._thing, str(session.data["id"]))
