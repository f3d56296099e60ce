"""``use = "webhook"``: each notice is one POST."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

from sendoff import ConfigurationError, InvalidArgument, NeedsPerson, Notice, Sink, SinkToolkit, Transient, __version__, checked_header, login_header, reveal

from sendoff_webhook import settings
from sendoff_webhook.cloud_event import MEDIA_TYPE, cloud_event
from sendoff_webhook.signature import id_of, signature

if TYPE_CHECKING:
    from sendoff_webhook.courier import Courier


class WebhookSink(Sink):
    """Posts a notice as one JSON object, in the structured form of CloudEvents 1.0.

    2xx: accepted. 408, 425, 429, 5xx, and no answer: again later, when ``Retry-After`` says. Everything else: set aside and shown.
    ``webhook-id`` is the same at every try, so that whoever receives it can drop what it has seen. The library that talks HTTP is imported by the first one.
    """

    Settings: ClassVar[type] = settings.Settings
    shows: ClassVar[frozenset[str]] = frozenset({"popup", "tile"})
    settings: settings.Settings

    def __init__(self, settings: Any, toolkit: SinkToolkit) -> None:
        super().__init__(settings, toolkit)
        self._lock = Lock()
        self._courier: Courier | None = None

    def deliver(self, notice: Notice) -> None:
        """Post it and wait for the answer. Errors: ``Transient``, ``Permanent``."""
        body = cloud_event(notice, self.settings.source)
        now = self.toolkit.clock.wall()
        try:
            headers, courier = self._headers(notice, body, now // 1_000_000), self._connected()
        except (NeedsPerson, InvalidArgument, ConfigurationError) as cause:  # somebody may yet set it right
            raise Transient(cause.message, hint=cause.hint) from cause
        courier.post(headers, body, now)

    def close(self) -> None:
        """Break off what is under way; its notice comes again."""
        with self._lock:
            courier, self._courier = self._courier, None
        if courier is not None:
            courier.close()

    def _headers(self, notice: Notice, body: bytes, timestamp: int) -> list[tuple[str, str]]:
        """Secrets revealed: for the wire only."""
        id = id_of(notice.id)
        headers = {"User-Agent": f"sendoff/{__version__}", "Accept": "*/*", **self.settings.headers, "Content-Type": MEDIA_TYPE}
        headers |= {"webhook-id": id, "webhook-timestamp": str(timestamp)}
        if self.settings.credential:
            name, proof = checked_header(*login_header(self.toolkit.credential(self.settings.credential)))
            headers[name] = reveal(proof)
        if self.settings.secret:
            headers["webhook-signature"] = signature(self.toolkit.credential(self.settings.secret).secret, id, timestamp, body)
        return [*headers.items()]

    def _connected(self) -> Courier:
        from sendoff_webhook.courier import Courier

        with self._lock:
            if self._courier is None:
                self._courier = Courier(self.settings)
            return self._courier
