"""Which protocol carries an upload: the one that was named, the one that began it, or the best that the server announces."""

from __future__ import annotations

from threading import Lock

from sendoff import Exchange, HttpProtocol, Learned, Permanent, Shipment, Transient, TransportToolkit, Unreachable

from sendoff_http.offers import Offers
from sendoff_http.once import Once
from sendoff_http.settings import Settings

AUTO, PLAIN = "auto", "plain"
ANNOUNCED = ("tus", "rufh")  # asked for in this order, once a destination
LEARNED = "auto"
_ANY = frozenset({None, "PUT", "POST"})


class Choice:
    """Chooses for one destination, and keeps what was chosen."""

    def __init__(self, settings: Settings, toolkit: TransportToolkit) -> None:
        self._settings, self._toolkit = settings, toolkit
        self._made: dict[str, HttpProtocol] = {}
        self._lock = Lock()

    def named(self, name: str) -> HttpProtocol:
        """The protocol of this name. Errors: ``DriverMissing``, ``ConfigurationError``."""
        with self._lock:
            if name not in self._made:
                options = self._settings.protocol_options if self._settings.protocol == name else {}
                self._made[name] = self._toolkit.http_protocols(name, options, self._toolkit)
            return self._made[name]

    def of(self, shipment: Shipment, exchange: Exchange) -> HttpProtocol:
        """The one for this try; a bodiless question or two, where nothing is known of the destination yet."""
        if self._settings.protocol != AUTO:
            return self.named(self._settings.protocol)
        if shipment.session is not None:
            return self.named(protocol_of(shipment.session.kind))
        return self.named(self._announced(shipment, exchange) if self._may_resume(shipment) else PLAIN)

    def forget(self) -> None:
        """What was announced did not hold."""
        if self._learned.get(LEARNED) is not None:
            self._learned.forget(LEARNED)
        for name in ANNOUNCED:
            Offers(self._learned, name).forget()

    @property
    def _learned(self) -> Learned:
        return self._toolkit.learned

    def _may_resume(self, shipment: Shipment) -> bool:
        """Large enough, and nothing that only one request can say: a name that must be free, a key, a form, a signed address."""
        spec = shipment.operation.spec
        plain_file = spec.source.kind in ("file", "spool") and spec.method in _ANY and spec.idempotency_key is None and "?" not in shipment.target.url
        return plain_file and shipment.size >= self._settings.resume_from and shipment.demand.existing == "overwrite"

    def _announced(self, shipment: Shipment, exchange: Exchange) -> str:
        name = str(self._learned.get(LEARNED) or self._asked(shipment, exchange))
        offer = Offers(self._learned, name).known() if name != PLAIN else None
        too_large = offer is not None and offer.most is not None and shipment.size > offer.most
        return PLAIN if too_large else name

    def _asked(self, shipment: Shipment, exchange: Exchange) -> str:
        """The first that is announced. A server that cannot be asked may still take the file: it gets a plain request, and nothing is remembered."""
        once = Once(exchange)
        for name in ANNOUNCED:
            try:
                offer = self.named(name).offer(once, shipment.root)
            except Unreachable:
                raise
            except (Transient, Permanent):
                return PLAIN
            if offer is not None:
                Offers(self._learned, name).keep(offer)
                return self._remembered(name)
        return self._remembered(PLAIN)

    def _remembered(self, name: str) -> str:
        self._learned.put(LEARNED, name)
        return name


def protocol_of(kind: str) -> str:
    """The protocol that a session of this kind belongs to."""
    return kind.partition("/")[0]
