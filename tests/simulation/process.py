"""A simulated process: the real runtime over a journal that dies at drawn commits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from threading import Event as ThreadEvent
from typing import Any

from greenlet import GreenletExit
from sendoff.errors import UnsupportedScheme
from sendoff.model.change import Reply, Unit
from sendoff.model.configuration import Configuration
from sendoff.model.identifier import Identifiers
from sendoff.model.moment import Moment
from sendoff.policy.proof import THEN
from sendoff.ports.store import Store
from sendoff.ports.toolkit import Toolkit
from sendoff.runtime.addresses import Addresses
from sendoff.runtime.afterwards import Afterwards
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.answers import Answers
from sendoff.runtime.app import App, Parts
from sendoff.runtime.attempts import Attempts
from sendoff.runtime.conductor import Conductor
from sendoff.runtime.connections import Connections
from sendoff.runtime.creation import Creation
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.following import Bell, Following
from sendoff.runtime.groups import Groups
from sendoff.runtime.in_force import InForce
from sendoff.runtime.journal import Journal
from sendoff.runtime.key import MemoryKey
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.lineup import FEW
from sendoff.runtime.meter import Meter, Reading
from sendoff.runtime.origin import Origin
from sendoff.runtime.pacing import Pacing
from sendoff.runtime.recovery import Recovery
from sendoff.runtime.removal import Removal
from sendoff.runtime.secrets import Secrets
from sendoff.runtime.shipment import Surroundings
from sendoff.runtime.signals import Reached, Signal
from sendoff.runtime.spool import Spool
from sendoff.runtime.underway import Underway
from sendoff.runtime.vault import Vault
from sendoff.testing.memory_runs import PlainRuns, SessionRuns
from sendoff.testing.memory_transport import MemoryServer, PlainTransport, SessionTransport

_SILENT = logging.getLogger("simulation")


class Crash(BaseException):
    """The process is gone."""


class VirtualClock:
    """Time that moves when the world says so."""

    def __init__(self) -> None:
        self.now: Moment = 1_700_000_000_000_000

    def monotonic(self) -> float:
        return self.now / 1e6

    def wall(self) -> Moment:
        return self.now

    def steady(self) -> Moment:
        return self.now

    def slept(self) -> float:
        return 0.0


class DyingJournal(Journal):
    """Dies at the drawn commits: before it, so that nothing of it is on disk, or right after."""

    def __init__(self, store: Store, dies: Callable[[str], bool]) -> None:
        super().__init__(store)
        self._dies, self.dead = dies, False

    def commit_many(self, units: Sequence[Unit], *, synced: bool = True) -> Sequence[Sequence[Reply]]:
        self._live("before")
        replies = super().commit_many(units, synced=synced)
        self._live("after")
        return replies

    def _live(self, when: str) -> None:
        if self.dead or self._dies(when):
            self.dead = True
            raise Crash()


class Installation:
    """The two transports in memory, both to the world's server. bundling: they carry several small ones in one run."""

    def __init__(self, server: MemoryServer, *, bundling: bool = False) -> None:
        self._server, self._bundling = server, bundling

    def names(self, kind: str) -> tuple[str, ...]:
        return ("plain", "session") if kind == "transports" else ()

    def load(self, kind: str, name: str) -> type:
        if self._bundling:
            return {"plain": PlainRuns, "session": SessionRuns}[name]
        return {"plain": PlainTransport, "session": SessionTransport}[name]

    def transport_for(self, scheme: str) -> str:
        if scheme not in ("plain", "session"):
            raise UnsupportedScheme(scheme)
        return scheme

    def settings(self, kind: str, name: str, options: Any, *, section: str | None = None) -> Any:
        return {"server": self._server, "block": 100}

    def describe(self) -> list[dict[str, Any]]:
        return []


class Hearing:
    """A listener that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def tell(self, hook: str, **facts: Any) -> None:
        self.told.append((hook, facts))

    def before_queue(self, operation: Any) -> None:
        return None

    def before_attempt(self, operation: Any, attempt: int) -> None:
        return None

    def describe(self) -> list[dict[str, Any]]:
        return []


class Process:
    """One owner of the journal, without threads."""

    def __init__(
        self, name: str, store: Store, server: MemoryServer, clock: VirtualClock, random: Random, configuration: Configuration, folder: Path, *,
        dies: Callable[[str], bool], key: MemoryKey, left: Mapping[int, Reading] | None = None, bundling: bool = False, few: int = FEW,
    ) -> None:  # fmt: skip
        self.name, self.signals, self.clock = name, list[Signal](), clock
        self.journal, self.meter = DyingJournal(store, dies), Meter()
        installed, self.hearing, self.underway = Installation(server, bundling=bundling), Hearing(), Underway()
        announcer = Announcer(self.hearing)
        self.ledger = Ledger(self.journal, clock, announcer)
        toolkit = Toolkit(clock=clock, random=random, log=_SILENT)
        secrets = Secrets(Vault(key), store)
        credentials = Credentials(installed, lambda: configuration, toolkit)
        connections = Connections(installed, lambda: configuration, credentials, secrets, self.journal, clock=clock, random=random)
        spool, self.leaving = Spool(folder, 2**20), ThreadEvent()
        self.in_force = in_force = InForce()
        self.groups = Groups(self.journal)
        self.conductor = Conductor(
            self.ledger, configuration=lambda: configuration, random=random, in_force=in_force, groups=self.groups, carrier=connections.carrier, few=few,
        )  # fmt: skip
        around = Surroundings(
            journal=self.journal, secrets=secrets, answers=Answers(folder), clock=clock, reached=lambda record: self.signals.append(Reached(record.number)),
            meter=self.meter, pacing=Pacing(clock, lambda: configuration.limits), ends=(Crash, GreenletExit),
        )  # fmt: skip
        self.attempts = Attempts(
            self.ledger, around, connections, credentials, self.hearing, self.underway, Origin(self.ledger, secrets, "boot"),
            configuration=lambda: configuration, gate=self.conductor.gate_of, owner=name, random=random, leaving=self.leaving,
            in_force=in_force,
        )  # fmt: skip
        identifiers = Identifiers(random)
        creation = Creation(
            addresses=Addresses(installed, lambda: configuration, connections), connections=connections, credentials=credentials, secrets=secrets,
            installed=installed, spool=spool, boot="boot", machine="machine", new_id=lambda: identifiers.new(clock.now // 1000),
        )  # fmt: skip
        self.app = App(
            Parts(
                ledger=self.ledger, creation=creation, announcer=announcer, following=Following(self.journal, Bell(), self.underway),
                underway=self.underway, answers=Answers(folder), clock=clock, configuration=lambda: configuration, signal=self.signals.append,
                down_since=self.conductor.down_since, gate=self.conductor.gate_of, full=self.conductor.full,
                asks=self.conductor.asks, questions={}, keep=credentials.keep, environment={}, in_force=in_force, groups=self.groups,
                leaving=self.leaving, limit=lambda _: None, few=1, slice=2,
            )
        )  # fmt: skip
        self.afterwards = Afterwards(
            self.ledger, connections, credentials, secrets, spool, clock=clock, random=random, more={THEN: Removal(self.ledger, "boot")}
        )
        self.recovery = Recovery(self.ledger, owner=name, clock=clock, random=random, rules=configuration.retry, left=left)
