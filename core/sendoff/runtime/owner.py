"""Everything one owner of a journal runs: opened, kept going, and left at a safe point."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from sendoff.errors import Json, SendoffError
from sendoff.model.change import SaveNote
from sendoff.model.conditions import Conditions
from sendoff.model.configuration import Configuration
from sendoff.model.destination import is_loopback
from sendoff.model.event import Event
from sendoff.model.identifier import Identifiers
from sendoff.model.operation import Record, Request
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Applied, Created, Order, Page, Query, Question, Selection, View
from sendoff.model.secret import Credential
from sendoff.policy.cost import Seen, is_cut_off
from sendoff.policy.proof import THEN
from sendoff.ports.toolkit import SinkToolkit, Toolkit
from sendoff.runtime.addresses import Addresses
from sendoff.runtime.afterwards import Afterwards
from sendoff.runtime.announcer import AnnouncerThread
from sendoff.runtime.answers import Answers
from sendoff.runtime.app import App, Parts
from sendoff.runtime.attempts import Attempts
from sendoff.runtime.census import Census
from sendoff.runtime.clearing import Clearing
from sendoff.runtime.conductor import Conductor
from sendoff.runtime.connections import Connections
from sendoff.runtime.creation import Creation
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.engine import Engine
from sendoff.runtime.following import Bell, Following
from sendoff.runtime.given import Given, boot_id
from sendoff.runtime.groups import Groups
from sendoff.runtime.handlers import Handlers, surroundings
from sendoff.runtime.in_force import InForce
from sendoff.runtime.journal import GroupJournal
from sendoff.runtime.keeper import Keeper
from sendoff.runtime.key import KEY_NOTE, keys_for
from sendoff.runtime.last_network import LastNetwork
from sendoff.runtime.lately import Lately
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.leftovers import Leftovers
from sendoff.runtime.limiting import Limiting
from sendoff.runtime.lookout import Lookout, Told
from sendoff.runtime.meter import Meter
from sendoff.runtime.neighbors import Neighbors
from sendoff.runtime.origin import Origin
from sendoff.runtime.outbox import Outbox
from sendoff.runtime.pacing import Pacing
from sendoff.runtime.questions import Questions
from sendoff.runtime.recovery import Recovery
from sendoff.runtime.remains import remains
from sendoff.runtime.removal import Removal
from sendoff.runtime.secrets import Secrets, holds_sealed
from sendoff.runtime.shipment import Surroundings
from sendoff.runtime.signals import Changed, Ended, Queued, Reached, Slept
from sendoff.runtime.spool import Spool
from sendoff.runtime.sweep import Sweep
from sendoff.runtime.ticket import Outcome
from sendoff.runtime.underway import Underway
from sendoff.runtime.vault import Vault
from sendoff.runtime.vigil import Vigil
from sendoff.runtime.workers import Workers


class Owner:
    """A desk with the work behind it. ``open`` before anything else, ``close`` at the end."""

    def __init__(self, given: Given) -> None:
        self._given, self._limiting = given, Limiting(given.clock, self._take, self.reconfigure)
        self.configuration = self._limiting.over(given.configuration)
        self._leaving, self._reconfiguring = threading.Event(), threading.Lock()
        self._log = logging.getLogger("sendoff.owner")

    def open(self) -> None:
        """Open the journal, settle what an earlier owner left, and begin to work."""
        given = self._given
        opened = given.store.open()
        self._bell, self._underway, self._in_force = Bell(), Underway(), InForce()
        self._journal = GroupJournal(given.store, log=logging.getLogger("sendoff.journal"), appended=self._bell.ring)
        self._groups = Groups(self._journal)
        self._groups.load()
        self._announcer = AnnouncerThread(given.listeners, self._underway)
        self._spool = Spool(given.folder / "spool", given.configuration.limits.spool)
        self._ledger = Ledger(self._journal, given.clock, self._announcer, held=self._spool.holds, shows=self._shows)
        self._toolkit = Toolkit(clock=given.clock, random=given.random, log=logging.getLogger("sendoff.drivers"), folder=given.configured)
        self._credentials = Credentials(
            given.installed, self._configured, self._toolkit, hide=given.hide, late=self._wake
        )  # fmt: skip
        self._outbox = Outbox(
            self._journal, given.installed, self._configured, self._sink_toolkit(), given.clock, random=given.random, bell=self._bell, clean=given.clean,
        )  # fmt: skip
        self._outbox.open()  # what is found to have ended is news, too
        self._secrets = Secrets(self._vault(opened.journal), given.store, hide=given.hide)
        self._connections = Connections(
            given.installed, self._configured, self._credentials, self._secrets, self._journal, clock=given.clock, random=given.random
        )  # fmt: skip
        self._spool.open()
        owner = f"{opened.machine[:8]}.{os.getpid()}.{given.random.getrandbits(32):08x}"
        self._meter = Meter(given.folder / "meter", boot_id())
        rules = self.configuration.retry
        recovery = Recovery(self._ledger, owner=owner, clock=given.clock, random=given.random, rules=rules, left=self._meter.left)
        recovered = recovery.run()
        self._meter.settled()
        if recovered:
            self._log.info("took over %d uploads that were under way", recovered)
        self._put_together(owner, opened.machine)
        given.listeners.tell("sendoff_opened", client=self)
        self._start()

    def _put_together(self, owner: str, machine: str) -> None:
        """The parts that act, not yet acting."""
        given, boot = self._given, boot_id()
        self._answers = Answers(given.folder / "responses")
        neighbors = Neighbors(lambda: self.configuration.destinations, lambda: self._engine.tell(Queued()))
        self._pacing = Pacing(given.clock, lambda: self.configuration.limits)
        self._conductor = Conductor(
            self._ledger, configuration=self._configured, random=given.random, in_force=self._in_force, groups=self._groups,
            carrier=self._connections.carrier, near=neighbors.near, fed=self._pacing.most,
            last=LastNetwork(self._journal, given.clock), turn=self._pacing.turn,
        )  # fmt: skip
        self._pacing.priority = self._conductor.priority_of
        around = Surroundings(
            journal=self._journal, secrets=self._secrets, answers=self._answers, clock=given.clock,
            reached=lambda record: self._engine.tell(Reached(record.number)), meter=self._meter, clean=given.clean,
            pacing=self._pacing,
        )  # fmt: skip
        attempts = Attempts(
            self._ledger, around, self._connections, self._credentials, given.listeners, self._underway, Origin(self._ledger, self._secrets, boot),
            configuration=self._configured, gate=self._conductor.gate_of, owner=owner, random=given.random, leaving=self._leaving, in_force=self._in_force,
            look=self._look_again,
        )  # fmt: skip
        workers = Workers(attempts.run, self._ended)
        self._engine = Engine(self._conductor, workers, self._underway, given.clock)
        self._vigil = Vigil(attempts, workers, self._ended, given.clock, lambda: self.configuration.retry)
        self._clearing = Clearing(
            self._journal, self._answers, self._spool, self._secrets, given.clock,
            retention=lambda: self.configuration.retention, leaving=self._leaving, untold=self._outbox.untold,
        )  # fmt: skip
        self._app = App(self._parts(boot, machine))
        self._app.sweeping.load()
        self._app.clients.load()
        self._app.clients.look()  # before anything begins again that is to wait
        self._keeper = self._make_keeper()
        self._handlers = Handlers(
            self._journal, self._bell, configuration=self._configured, clock=given.clock, random=given.random, clean=given.clean,
            call=given.call, environment=surroundings(given.environment, given.folder, given.config_file),
        )  # fmt: skip
        told = Told(changed=self._looked, slept=lambda: self._engine.tell(Slept()))
        self._lookout = Lookout(given.network, given.clock, told, settle=lambda: self.configuration.settle)

    def _start(self) -> None:
        self._announcer.start()
        self._lookout.start()
        self._engine.start()
        self._vigil.start()
        self._keeper.start()
        self._handlers.start()

    def _parts(self, boot: str, machine: str) -> Parts:
        given = self._given
        identifiers = Identifiers(given.random)
        addresses = Addresses(given.installed, self._configured, self._connections)
        creation = Creation(
            addresses=addresses, connections=self._connections, credentials=self._credentials, secrets=self._secrets,
            installed=given.installed, spool=self._spool, boot=boot, machine=machine,
            new_id=lambda: identifiers.new(given.clock.wall() // 1000),
        )  # fmt: skip
        questions = Questions(
            store=given.store, installed=given.installed, listeners=given.listeners, addresses=addresses, connections=self._connections,
            credentials=self._credentials, secrets=self._secrets, clock=given.clock, configuration=self._configured, explain=given.explain,
            conditions=lambda: self._conductor.conditions, running=lambda: self._conductor.running,
            seal=Lately(self._secrets.vault.describe, "it is being asked where the key is", wait=1.0), sinks=self._outbox.status,
        )  # fmt: skip
        leftovers = Leftovers(
            store=given.store, journal=self._journal, addresses=addresses, connections=self._connections, secrets=self._secrets,
        )  # fmt: skip
        census = Census(self._journal, self._underway)
        asked = {
            **questions.by_word(),
            "batch": census.batch,
            "open": census.open,
            "group": self._groups.ask,
            "seal": self._ledger.open_batches.seal,
            "notify": self._ledger.open_batches.notify,
            "gc": self._clearing.gc,
            "leftovers": leftovers.ask,
            "remains": lambda _: remains(given.store),
            "sinks": lambda _: self._outbox.status(),
            "status": lambda details: {**questions.status(details), "limits": self._limits()},
            "limits": lambda _: self._limits(),
            "spool": lambda _: {"limit": self._spool.limit, "used": self._spool.used()},
        }
        return Parts(
            ledger=self._ledger, creation=creation, announcer=self._announcer, following=Following(self._journal, self._bell, self._underway),
            underway=self._underway, answers=self._answers, clock=given.clock, configuration=self._configured, signal=self._engine.tell,
            down_since=self._conductor.down_since, gate=self._conductor.gate_of, full=self._conductor.full,
            asks=self._conductor.asks, questions=asked, keep=self._credentials.keep, environment=given.environment,
            in_force=self._in_force, groups=self._groups, leaving=self._leaving, limit=self._limiting.order,
        )  # fmt: skip

    def _limits(self) -> Json:
        return self._limiting.told(self._pacing.most, self._conductor.running)

    def _make_keeper(self) -> Keeper:
        given = self._given
        afterwards = Afterwards(
            self._ledger, self._connections, self._credentials, self._secrets, self._spool, clock=given.clock, random=given.random,
            more={THEN: Removal(self._ledger, boot_id())},
        )  # fmt: skip
        sweep = Sweep(self._journal, self._secrets, self._spool, given.clock)
        return Keeper(
            self._journal, afterwards, self._outbox, sweep, self._app.sweeping, self._app.waking, self._clearing, self._bell,
            open_batches=self._ledger.open_batches, clients=self._app.clients, configuration=self._configured, clock=given.clock,
        )  # fmt: skip

    def _sink_toolkit(self) -> SinkToolkit:
        given, log = self._given, logging.getLogger("sendoff.sinks")
        ask = partial(self._credentials.get, environment=given.environment)
        return SinkToolkit(clock=given.clock, random=given.random, log=log, folder=given.configured, credential=ask)

    def close(self, timeout: float = 8.0) -> bool:
        """Stop at a safe point within ``timeout`` seconds; whether everything had stopped."""
        deadline = self._given.clock.monotonic() + timeout
        self._leaving.set()
        self._lookout.close()
        stopped = self._engine.close(timeout)
        self._vigil.close()
        self._handlers.close(deadline - self._given.clock.monotonic())
        self._keeper.close(deadline - self._given.clock.monotonic())
        self._announcer.close(deadline - self._given.clock.monotonic())
        self._given.listeners.tell("sendoff_closed", client=self)
        self._meter.close()
        self._journal.close()
        self._connections.forget()
        self._given.store.close()
        return stopped

    def idle(self) -> bool:
        """Nothing runs, nothing waits for a network, a time, a server or a person, and nothing must still happen."""
        return self._conductor.running == 0 and self._keeper.nothing_left()

    def catch_up(self, seconds: float) -> bool:
        """Wait until the sinks were told of everything so far, and what must still happen was tried; whether that came true in time."""
        end = self._given.clock.monotonic() + seconds
        self._ledger.batches.close_called()
        return self._keeper.caught_up(seconds) and self._handlers.caught_up(end - self._given.clock.monotonic())

    def reconfigure(self) -> None:
        """Read the configuration anew; an invalid one raises and leaves the old in force."""
        with self._reconfiguring:  # whoever saved it and whoever saw it changed may come at once
            self._limiting.refile(self._given.load())
            self._connections.forget()
            self._spool.limit = self.configuration.limits.spool
            self._keeper.reconfigured()

    def _take(self, configuration: Configuration) -> None:
        """It is in force, for what runs too."""
        self.configuration = configuration
        self._pacing.changed()
        self._engine.tell(Queued())

    def status(self) -> Json:
        """What ``sendoff host status`` counts: operations by status and reason, and how far each sink is; for listeners."""
        return self._app.ask(Question(what="status"))

    def position(self) -> int:
        """Where "from now on" begins: what is followed after it misses nothing."""
        return self._journal.position()

    # -- the desk --------------------------------------------------------------------------------------------------

    def create(
        self,
        requests: Iterable[Request],
        *,
        start: bool = True,
        dry_run: bool = False,
        together: bool = False,
        environment: Mapping[str, str] | None = None,
        batch: str | None = None,
    ) -> Iterator[Created | SendoffError]:
        """As ``Desk.create``."""
        return self._app.create(requests, start=start, dry_run=dry_run, together=together, environment=environment, batch=batch)

    def order(self, order: Order, which: Selection) -> Applied:
        """As ``Desk.order``."""
        return self._app.order(order, which)

    def page(self, query: Query, *, after: str | None = None, limit: int = 100) -> Page[View]:
        """As ``Desk.page``."""
        return self._app.page(query, after=after, limit=limit)

    def follow(self, query: Query, *, after: int | None, progress: bool = False) -> Iterator[Event | UploadProgress | None]:
        """As ``Desk.follow``."""
        return self._app.follow(query, after=after, progress=progress)

    def answer(self, id: str, offset: int = 0) -> Iterator[bytes]:
        """As ``Desk.answer``."""
        return self._app.answer(id, offset)

    def ask(self, question: Question) -> Json:
        """As ``Desk.ask``."""
        return self._app.ask(question)

    def keep(self, reference: str, credential: Credential | None) -> None:
        """As ``Desk.keep``."""
        self._app.keep(reference, credential)

    # -- what the parts tell each other ----------------------------------------------------------------------------

    def _configured(self) -> Configuration:
        return self.configuration

    def _ended(self, outcome: Outcome) -> None:
        self._engine.tell(Ended(outcome))

    def _looked(self, conditions: Conditions, sure: bool) -> None:
        self._engine.tell(Changed(conditions, sure))

    def _look_again(self, record: Record) -> Seen:
        """What the network is like at this moment, for what has just broken."""
        if is_loopback(record.spec.url):
            return Seen()
        conditions = self._lookout.fresh()
        gate = self._conductor.gate_of(record, conditions if is_cut_off(conditions) else None)
        return Seen(gate=gate, away=gate is None and conditions.online is False)

    def _shows(self, kind: str) -> bool:
        return self._outbox.shows(kind)

    def _wake(self, reference: str) -> None:
        """A credential that was given up on has come after all."""
        self._app.waking.came(reference)

    def _vault(self, journal: str) -> Vault:
        """Sealed values name their key; the journal remembers which one it is."""
        note = self._given.store.note(KEY_NOTE, ["key"]).get("key")
        keys, earlier = keys_for(
            self.configuration.seal, environment=self._given.environment, folder=self._given.configured, journal=journal, credentials=self._credentials
        )  # fmt: skip
        value = note.value if note else {}
        in_use = partial(holds_sealed, self._given.store)
        return Vault(*keys, earlier=earlier, known=value.get("id"), place=value.get("place"), used=self._remember_key, in_use=in_use)

    def _remember_key(self, id: str, place: str) -> None:
        self._journal.commit([SaveNote(kind=KEY_NOTE, key="key", value={"id": id, "place": place})])
