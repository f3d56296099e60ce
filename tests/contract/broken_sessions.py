"""A transport in memory that resumes, lets go, asks and verifies; and for every promise of its contracts one that breaks it."""

import hashlib
from dataclasses import replace

from sendoff.errors import CredentialNeeded, InvalidArgument, Permanent, SessionLost, TargetExists, Transient, Unreachable
from sendoff.model.delivery import Demand
from sendoff.model.destination import Destination
from sendoff.model.session import Probe, Session
from sendoff.ports.transport import Probing
from sendoff.testing.memory_transport import KIND, MemoryServer, SessionTransport, nothing_happens, read_block
from sendoff.testing.shipment import loose_toolkit

BLOCK = 2**20


class Honest(SessionTransport, Probing):
    """Keeps every promise."""

    listens, lets_in = True, True

    def send(self, shipment):
        self.known(shipment.session)
        demand, there = shipment.demand, shipment.target.url in self.server.things
        if there and demand.existing == "fail":
            raise TargetExists(f"{shipment.target.public} is there")
        if there and demand.existing == "skip":
            return replace(self.delivery(shipment), existing="skipped")
        super().send(shipment)
        return self.delivery(shipment)

    def delivery(self, shipment):
        held = self.server.things[shipment.target.url]
        return self.seen(shipment.target.url, held)

    def seen(self, url, held):
        from sendoff.model.delivery import Delivery

        return Delivery(url=url, size=len(held), verified="read-back", existing="created", digests={"sha256": hashlib.sha256(held).hexdigest()})

    def known(self, session):
        if session is not None and session.kind != KIND:
            raise SessionLost()

    def abort(self, leftover):
        self.known(leftover.session)
        super().abort(leftover)

    def probe(self):
        if not self.listens:
            raise Unreachable("nobody listens")
        credential = self.toolkit.credential()
        if not self.lets_in:
            raise CredentialNeeded("the login was refused")
        return self.found(credential)

    def found(self, credential):
        return Probe(reachable=True, writable=True, resumable=True)


class MemoryWorld:
    """As much of a ``World`` as the contracts ask for."""

    def __init__(self, kind):
        self.kind, self.server = kind, MemoryServer()
        self.transport = self.to()

    def to(self, credential=None):
        destination = Destination(url="session://nowhere/root/", transport="session")
        return self.kind(destination, {"server": self.server, "block": BLOCK}, loose_toolkit(credential=credential))

    def landed(self, target):
        return self.server.things.get(target.url)

    def hang_up(self):
        """The next block does not arrive."""

        def cut(point, _operation):
            if point == "chunk":
                self.server.point = nothing_happens
                raise Transient("the connection broke")

        self.server.point = cut

    def nobody(self):
        made = self.to()
        made.listens = False
        return made

    def refusing(self, credentials):
        made = self.to(credentials)
        made.lets_in = False
        return made


# -- goes on ------------------------------------------------------------------------------------------------------------


class BeginsAnew(Honest):
    def send(self, shipment):
        shipment.session = None
        return super().send(shipment)


class RemembersByItself(Honest):
    """Goes on with what is in its memory, not with what is on record."""

    def __init__(self, *words):
        super().__init__(*words)
        self.mine = {}

    def send(self, shipment):
        shipment.session = self.mine.get(shipment.target.url)
        try:
            return super().send(shipment)
        finally:
            self.mine[shipment.target.url] = shipment.session

    def close(self):
        self.mine.clear()


class RecordsWhatIsNoJson(Honest):
    def send(self, shipment):
        record = shipment.record
        shipment.record = lambda session: record(Session(kind=session.kind, data={**session.data, "ports": (1, 2)}, leaves=True))
        return super().send(shipment)


class SendsBeforeItRecords(Honest):
    def send(self, shipment):
        read_block(shipment, 0, 1000)
        return super().send(shipment)


class ConfirmsOnlyTheEnd(Honest):
    def send(self, shipment):
        confirm = shipment.confirm
        shipment.confirm = lambda total, session=None: confirm(total, session) if total == shipment.size else None
        return super().send(shipment)


# -- lets go ------------------------------------------------------------------------------------------------------------


class OnlySaysThatItRemoves(Honest):
    def abort(self, leftover):
        self.known(leftover.session)


class RemovesNothingThatIsListed(OnlySaysThatItRemoves):
    """The same lie; whoever lists sees it."""


class RemovesOnce(Honest):
    def abort(self, leftover):
        if leftover.session.data["id"] not in self.server.uploads:
            raise SessionLost()
        super().abort(leftover)


class RemovesEverything(Honest):
    def abort(self, leftover):
        self.known(leftover.session)
        self.server.uploads.clear()


class RemovesWithoutLooking(Honest):
    def abort(self, leftover):
        self.server.uploads.clear()


# -- asks without sending -----------------------------------------------------------------------------------------------


class NeverFindsIt(Honest):
    def found(self, credential):
        return Probe(reachable=False)


class TriesItOut(Honest):
    def found(self, credential):
        self.server.things.clear()
        return super().found(credential)


class PromisesToBeginAnew(Honest):
    def found(self, credential):
        return Probe(reachable=True, resumable=False)


class FindsNobody(Honest):
    def probe(self):
        return Probe(reachable=True) if not self.listens else super().probe()


class TellsTheSecret(Honest):
    def probe(self):
        if not self.lets_in:
            raise CredentialNeeded(f"{self.toolkit.credential().secret.reveal()} was refused")
        return super().probe()


# -- does what is asked -------------------------------------------------------------------------------------------------


class LooksAtTheSizeAlone(Honest):
    def seen(self, url, held):
        return replace(super().seen(url, held), verified="size")


class MakesUpADigest(Honest):
    def seen(self, url, held):
        return replace(super().seen(url, held), digests={"sha256": hashlib.sha256(b"").hexdigest()})


class Overwrites(Honest):
    def send(self, shipment):
        shipment.demand = replace(shipment.demand, existing="overwrite")
        return super().send(shipment)


class OverwritesAndSaysThatItSkipped(Overwrites):
    def seen(self, url, held):
        return replace(super().seen(url, held), existing="skipped")


class SkipsInAnyCase(Honest):
    def send(self, shipment):
        delivery = super().send(shipment)
        return replace(delivery, existing="skipped") if shipment.demand.existing in ("fail", "skip") else delivery


class IsThereInAnyCase(Honest):
    def send(self, shipment):
        if shipment.demand.existing == "fail":
            raise TargetExists(f"{shipment.target.public} is there")
        return super().send(shipment)


class ForgetsTheDigest(Honest):
    def seen(self, url, held):
        return replace(super().seen(url, held), digests={})


class FailsWhateverIsAsked(Honest):
    """A failure is no word about what it cannot do."""

    def send(self, shipment):
        if shipment.demand != Demand():
            raise Permanent("boom")
        return super().send(shipment)


class Refuses(Honest):
    """Who cannot do what is asked says so: that breaks nothing."""

    def send(self, shipment):
        if shipment.demand.existing != "overwrite" or shipment.demand.verify != "auto":
            raise InvalidArgument("this place can do nothing but overwrite")
        return super().send(shipment)
