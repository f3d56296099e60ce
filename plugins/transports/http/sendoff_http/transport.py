"""The transport for http:// and https://."""

from __future__ import annotations

from pathlib import PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

from sendoff import Delivery, Destination, InvalidArgument, Probe, Probing, Shipment, Target, Transport, TransportToolkit

from sendoff_http.address import below, is_method
from sendoff_http.settings import Settings

if TYPE_CHECKING:
    from sendoff_http.carrier import Connections


class HttpTransport(Transport, Probing):
    """Sends a file as the body of one PUT, POST or other request. The library that talks HTTP is imported by the first try."""

    schemes: ClassVar[tuple[str, ...]] = ("https", "http")
    methods: ClassVar[tuple[str, ...]] = ("PUT", "POST", "PATCH")
    resumable: ClassVar[bool | None] = False  # one request carries the whole file
    Settings: ClassVar[type] = Settings

    def __init__(self, destination: Destination, settings: Any, toolkit: TransportToolkit) -> None:
        super().__init__(destination, settings, toolkit)
        self._connections: Connections | None = None
        self._lock = Lock()

    def target(self, name: PurePosixPath) -> Target:
        """The destination itself when it is exact, else the name below it, percent-encoded (RFC 3986 section 2.1)."""
        if self.destination.exact:
            return Target(self.destination.url)
        return Target(below(self.destination.url, name))

    def send(self, shipment: Shipment) -> Delivery:
        """One request with the whole body and its exact length, and what else the answer makes necessary."""
        from sendoff_http.exchange import Exchange
        from sendoff_http.sending import Sending
        from sendoff_http.watch import TimeLimits, Watch

        method = shipment.operation.spec.method
        if method is not None and not is_method(method):
            raise InvalidArgument(f"{method!r} is not an HTTP method")
        limits = TimeLimits.of(self.settings, self.toolkit.rules)
        watch = Watch(self.toolkit.clock, limits, where=shipment.target.public, deadline=shipment.deadline)
        with shipment.on_interrupt(watch.stop):
            return Sending(self, shipment, Exchange(self._connected(), watch), watch).run()

    def probe(self) -> Probe:
        """Asks with OPTIONS; whoever answers is reachable, and ``Allow`` may say whether PUT is known."""
        from sendoff_http.probing import probed

        return probed(self, self._connected())

    def close(self) -> None:
        """Lets connections go; the next send opens new ones."""
        with self._lock:
            connections, self._connections = self._connections, None
        if connections is not None:
            connections.close()

    def _connected(self) -> Connections:
        """The connections of this destination, made by the first to ask."""
        with self._lock:
            if self._connections is None:
                self._connections = self._connect()
            return self._connections

    def _connect(self) -> Connections:
        from sendoff_http.carrier import Connections
        from sendoff_http.proxy import proxy_for
        from sendoff_http.tls import context_of

        url = self.destination.url
        proxy = proxy_for(url, self.settings.proxy, self.toolkit.environment)
        context = context_of(self.settings, self.toolkit.environment) if url.startswith("https:") else None
        return Connections(context, proxy, self.toolkit.credential("proxy") if proxy else None)
