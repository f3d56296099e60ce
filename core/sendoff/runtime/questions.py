"""What the work tells of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sendoff.distributions import unknown
from sendoff.errors import InvalidArgument, Json, Rejected, SendoffError, to_json
from sendoff.model.conditions import Conditions
from sendoff.model.configuration import Configuration, SinkSection
from sendoff.model.document import encode
from sendoff.model.moment import moment_text
from sendoff.model.query import Query
from sendoff.model.secret import public_url
from sendoff.policy.cost import described
from sendoff.ports.clock import Clock
from sendoff.ports.store import Store
from sendoff.ports.transport import Probing, Trusting
from sendoff.runtime.addresses import Addresses
from sendoff.runtime.connections import Connections
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.health import Health
from sendoff.runtime.installation import Installed, Listening
from sendoff.runtime.secrets import Secrets

_MOST_COUNTED = 5000
_FAR = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Answers ``ask``, each question a function of its details.

    explain: the keys in force. running: how many tries are under way. seal: where the key of the secrets is, as far as that can be told at once.
    conditions: what is known of the network. sinks: who is told, and how far they are.
    """

    store: Store
    installed: Installed
    listeners: Listening
    addresses: Addresses
    connections: Connections
    credentials: Credentials
    secrets: Secrets
    clock: Clock
    configuration: Callable[[], Configuration]
    explain: Callable[[], Sequence[Json]]
    running: Callable[[], int]
    seal: Callable[[], str]
    sinks: Callable[[], Json]
    conditions: Callable[[], Conditions] = Conditions

    def by_word(self) -> Mapping[str, Callable[[Mapping[str, Json]], Json]]:
        """The questions there are."""
        return {
            "status": self.status,
            "plugins": self.plugins,
            "check": self.check,
            "todos": self.todos,
            "config": self.config,
            "credentials": self.names,
            "trust": self.trust,
        }

    def status(self, _details: Mapping[str, Json]) -> Json:
        """How much runs and waits, and for what."""
        statuses: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        counted, more = self._count(statuses, reasons)
        return {
            "running": self.running(), "open": counted, "more": more, "statuses": dict(statuses), "reasons": dict(reasons),
            "todos": len(self.store.todos(_FAR, limit=1000)), "seal": self.seal(), "configuration": self.configuration().path,
            "network": self._network(), "sinks": self.sinks(),
        }  # fmt: skip

    def _network(self) -> Json:
        """What it is like, and since when by the clock on the wall."""
        conditions = self.conditions()
        since = None if conditions.since is None else moment_text(conditions.since + self.clock.wall() - self.clock.steady())
        return {**encode(conditions), "since": since, "text": described(conditions)}

    def plugins(self, _details: Mapping[str, Json]) -> Json:
        """Every driver and listener, and how each is."""
        health = Health(credentials=self.credentials, configuration=self.configuration, conditions=self.conditions, sinks=self.sinks)
        return {"drivers": health.of(self.installed.describe()), "listeners": [dict(one) for one in self.listeners.describe()]}

    def todos(self, _details: Mapping[str, Json]) -> Json:
        """What must still happen."""
        return [{"kind": todo.kind, "about": todo.about, "due": moment_text(todo.due), "tries": todo.tries} for todo in self.store.todos(_FAR, limit=1000)]

    def config(self, _details: Mapping[str, Json]) -> Json:
        """Which configuration is in force, key by key."""
        return {"path": self.configuration().path, "keys": list(self.explain())}

    def names(self, _details: Mapping[str, Json]) -> Json:
        """Names of credentials, never values; and which stores could not be listed, and why."""
        names, passed_by = self.credentials.names()
        return {"names": names, "passed_by": passed_by}

    def check(self, details: Mapping[str, Json]) -> Json:
        """Whether what the configuration names loads and understands what it is told; with a destination, whether it answers. One row a finding."""
        rows: list[Json] = [self._row("seal", self.secrets.vault.describe)]
        configuration = self.configuration()
        rows.append(self._row(f"stores {configuration.store}", lambda: self.installed.load("stores", configuration.store).__name__))
        rows += [self._row(f"sinks.{sink.name}", lambda sink=sink: self._understood(sink)) for sink in configuration.sinks]  # type: ignore[misc]
        rows += [{"what": "disabled", "ok": True, "detail": sentence} for sentence in unknown(configuration.disabled)]
        destination = details.get("destination")
        places = [str(destination)] if destination else []
        environment = details.get("environment") or {}
        rows += [self._store(name) for name in self.credentials.stores()]
        rows += [self._row(public_url(place), lambda place=place: self._probe(place, environment)) for place in places]  # type: ignore[misc]
        return {"rows": rows, "ok": all(row["ok"] for row in rows)}

    def _understood(self, sink: SinkSection) -> str:
        """The driver of a sink, which understands its section."""
        self.installed.settings("sinks", sink.use, sink.options, section=f"sinks.{sink.name}")
        return self.installed.load("sinks", sink.use).__name__

    def _store(self, name: str) -> Json:
        """Which credential store it is, and whether it can be asked; one that cannot is no fault where nothing names it."""
        reason = self.credentials.usable(name)
        return {"what": f"credentials {name}", "ok": True, "detail": f"not usable here: {reason}" if reason else self.credentials.describe(name) or "usable"}

    def _probe(self, place: str, environment: Mapping[str, str]) -> str:
        """One bodiless question to a destination, asked as who asks here."""
        transport = self.connections.asking(self.addresses.place(place), environment)
        if not isinstance(transport, Probing):
            return "loads; it cannot be asked without sending"
        try:
            found = transport.probe()
        finally:
            self.connections.close(transport)
        if found.writable is False:
            raise Rejected(found.detail or "it does not take uploads", hint="choose another method with --method, or another address")
        return found.detail or "it answers"

    def trust(self, details: Mapping[str, Json]) -> Json:
        """The key that a destination's server shows; with ``fingerprint`` it is accepted, with ``forget`` what was accepted is forgotten."""
        place, fingerprint = str(details.get("destination") or ""), details.get("fingerprint")
        if not place:
            raise InvalidArgument("trust which destination?")
        transport = self.connections.make(self.addresses.place(place))
        try:
            if not isinstance(transport, Trusting):
                raise InvalidArgument(f"{public_url(place)}: there are no host keys there to trust", hint="a certificate is checked by itself; see ca_file")
            if details.get("forget"):
                return {"forgotten": transport.distrust(), "accepted": False}
            key = transport.trust(str(fingerprint)) if fingerprint else transport.server_key()
        finally:
            self.connections.close(transport)
        found = {"host": key.host, "type": key.kind, "fingerprint": key.fingerprint, "standing": key.standing, "where": key.where}
        return {**found, "accepted": bool(fingerprint)}

    @staticmethod
    def _row(what: str, look: Callable[[], str]) -> dict[str, Json]:
        try:
            return {"what": what, "ok": True, "detail": look()}
        except SendoffError as error:
            return {"what": what, "ok": False, "detail": error.message, "error": to_json(error)}

    def _count(self, statuses: Counter[str], reasons: Counter[str]) -> tuple[int, bool]:
        """Open operations by status and reason, up to a bound."""
        counted, after = 0, None
        while counted < _MOST_COUNTED:
            page = self.store.find(Query(open=True), after=after, limit=1000)
            for record in page.items:
                statuses[record.status.word] += 1
                reasons[record.reason or ""] += 1
            counted += len(page.items)
            if page.next is None:
                return counted, False
            after = page.next
        return counted, True
