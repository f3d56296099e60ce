"""The transport for http:// and https://."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

from sendoff import (
    Aborting,
    CredentialSource,
    Delivery,
    Destination,
    Headers,
    InvalidArgument,
    Leftover,
    Permanent,
    Probe,
    Probing,
    SessionLost,
    Shipment,
    Target,
    Transport,
    TransportToolkit,
    Unreachable,
    public_url,
)

from sendoff_http.address import below, is_method, origin
from sendoff_http.settings import Settings

if TYPE_CHECKING:
    from sendoff_http.carrier import Connections
    from sendoff_http.choice import Choice
    from sendoff_http.exchange import HttpExchange
    from sendoff_http.watch import Watch

_ABORTING = 60.0  # seconds that a question about a leftover may take


class HttpTransport(Transport, Aborting, Probing):
    """Uploads over HTTP, in the way that the destination names or announces. The library that talks HTTP is imported by the first try."""

    schemes: ClassVar[tuple[str, ...]] = ("https", "http")
    methods: ClassVar[tuple[str, ...]] = ("PUT", "POST", "PATCH")
    resumable: ClassVar[bool | None] = None
    literal: ClassVar[Mapping[str, Any]] = {"login": "strongest"}
    Settings: ClassVar[type] = Settings

    def __init__(self, destination: Destination, settings: Any, toolkit: TransportToolkit) -> None:
        super().__init__(destination, settings, toolkit)
        self._connections: dict[tuple[str, str, int | None], Connections] = {}
        self._choice: Choice | None = None
        self._lock = Lock()

    def target(self, name: PurePosixPath) -> Target:
        """The destination itself when it is exact, else the name below it, percent-encoded (RFC 3986 section 2.1)."""
        if self.destination.exact:
            return Target(self.destination.url)
        return Target(below(self.destination.url, name))

    def send(self, shipment: Shipment) -> Delivery:
        """One try by the protocol that fits."""
        method = shipment.operation.spec.method
        if method is not None and not is_method(method):
            raise InvalidArgument(f"{method!r} is not an HTTP method")
        watch = self._watch(shipment.target.public, shipment.deadline)
        with shipment.on_interrupt(watch.stop):
            fresh, shown = not shipment.operation.spec.repeatable, (shipment.target.url, shipment.root)
            exchange = self.exchange(watch, shipment.credential, shipment.headers, fresh=fresh, shown=shown)
            choice = self.choice()
            try:
                return choice.of(shipment, exchange).send(shipment, exchange)
            except (Permanent, SessionLost) as error:
                if error.side != "source":
                    choice.forget()
                raise
            except Unreachable as error:
                if error.http_status == 407:
                    self.close()  # the next try asks for the proxy's credential anew
                raise

    def abort(self, leftover: Leftover) -> None:
        """Asks the protocol that left it to take it away."""
        from sendoff_http.choice import protocol_of

        watch = self._watch(public_url(leftover.url), self.toolkit.clock.monotonic() + _ABORTING)
        exchange = self.exchange(watch, self.toolkit.credential, leftover.headers)
        self.choice().named(protocol_of(leftover.session.kind)).abort(leftover, exchange)

    def probe(self) -> Probe:
        """Asks with OPTIONS; whoever answers is reachable, ``Allow`` may say whether PUT is known, and what resumes announces itself."""
        from sendoff_http.probing import probed

        return probed(self)

    def close(self) -> None:
        """Lets connections go; the next send opens new ones."""
        with self._lock:
            gone, self._connections = list(self._connections.values()), {}
        for connections in gone:
            connections.close()

    # -- what a try is made of

    def exchange(
        self, watch: Watch, source: CredentialSource, headers: Headers, *, fresh: bool = False, shown: tuple[str, ...] = ()
    ) -> HttpExchange:  # fmt: skip
        """What a protocol asks with. headers: the caller's. fresh, shown: as ``HttpExchange``."""
        from sendoff_http.exchange import HttpExchange
        from sendoff_http.login import Login

        proof = Login(source, self.settings.login, self.toolkit.learned)
        return HttpExchange(
            self.destination, self.settings, self.toolkit, watch, self._connected, proof=proof, headers=headers, fresh=fresh, shown=shown
        )  # fmt: skip

    def choice(self) -> Choice:
        """Who chooses the protocol here."""
        from sendoff_http.choice import Choice

        with self._lock:
            if self._choice is None:
                self._choice = Choice(self.settings, self.toolkit)
            return self._choice

    def _watch(self, where: str, deadline: float) -> Watch:
        from sendoff_http.watch import TimeLimits, Watch

        return Watch(self.toolkit.clock, TimeLimits.of(self.settings, self.toolkit.rules), where=where, deadline=deadline)

    def _connected(self, url: str) -> Connections:
        """The connections to an address's origin, made by the first to ask."""
        place = origin(url)
        with self._lock:
            if place not in self._connections:
                self._connections[place] = self._connect(url)
            return self._connections[place]

    def _connect(self, url: str) -> Connections:
        from sendoff_http.carrier import Connections
        from sendoff_http.proxy import proxy_for
        from sendoff_http.tls import context_of

        home = origin(url) == origin(self.destination.url)
        proxy = proxy_for(url, self.settings.proxy, self.toolkit.environment)
        context = context_of(self.settings, self.toolkit.environment, home=home) if url.startswith("https:") else None
        return Connections(context, proxy, self.toolkit.credential("proxy") if proxy else None)
