"""``use = "desktop"``: each notice is a notification on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, ClassVar

from sendoff import Message, Notice, Sink, SinkToolkit, Transient

from sendoff_desktop import settings
from sendoff_desktop.popup import NOTIFY, is_over, notify

if TYPE_CHECKING:
    from sendoff_desktop.bus import Bus

_MOST_TAGS = 1000  # that are remembered


class DesktopSink(Sink):
    """Shows what a person is to read, by the Desktop Notifications Specification over the session bus.

    A message with the same tag replaces what is shown, as long as the host and the daemon live. What is meant for a tile, has expired, or has no words
    for a person, is accepted and not shown. The library that talks D-Bus is imported by the first notification.
    """

    Settings: ClassVar[type] = settings.Settings
    settings: settings.Settings

    def __init__(self, settings: Any, toolkit: SinkToolkit) -> None:
        super().__init__(settings, toolkit)
        self._lock, self._closing = Lock(), Event()
        self._bus: Bus | None = None
        self._daemon = ""
        self._shown: dict[str, int] = {}

    @classmethod
    def uninvited(cls) -> Mapping[str, Any] | None:
        """Where somebody shows notifications: failures, and what waits for a person, of each batch one at a time."""
        from sendoff_desktop.bus import is_shown_to_somebody

        return {"on": ("failed", "needs_person"), "tag": "{batch} {event}"} if is_shown_to_somebody() else None

    def deliver(self, notice: Notice) -> None:
        """Show it; returns when the desktop has it. Errors: ``Transient``, ``Permanent``."""
        message = notice.message
        if message is None or message.tile or is_over(message, self.toolkit.clock.wall()):
            return
        with self._lock:
            try:
                self._show(message)
            except ConnectionError as cause:  # the connection is older than the bus that is there now
                self._show_anew(message, cause)

    def close(self) -> None:
        """Break off what is under way, whose notice comes again, and let the connection go; what is shown stays."""
        self._closing.set()
        bus = self._bus
        if bus is not None:
            bus.cut()
        with self._lock:
            self._leave()
            self._closing.clear()

    def _show_anew(self, message: Message, before: ConnectionError) -> None:
        if self._closing.is_set():
            raise Transient("the sink was closed before the desktop had the notification") from before
        try:
            self._show(message)
        except ConnectionError as cause:
            raise Transient("the session bus of the desktop broke off without an answer") from cause

    def _show(self, message: Message) -> None:
        bus = self._entered()
        try:
            daemon, (able,) = bus.call("GetCapabilities")
            words = notify(message, self._shown_as(message, daemon), able, self.settings, self.toolkit.clock.wall())
            _, (id,) = bus.call("Notify", NOTIFY, words)
        except Exception:
            self._leave()
            raise
        self._remember(message, id)

    def _entered(self) -> Bus:
        from sendoff_desktop.bus import Bus

        if self._bus is None:
            self._bus = Bus()
        return self._bus

    def _leave(self) -> None:
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()

    def _shown_as(self, message: Message, daemon: str) -> int:
        """The notification that this message replaces, 0 = none; another daemon knows nothing of the ids of the one before."""
        if daemon != self._daemon:
            self._daemon, self._shown = daemon, {}
        return self._shown.get(message.tag, 0) if message.tag is not None else 0

    def _remember(self, message: Message, id: int) -> None:
        if message.tag is None:
            return
        self._shown.pop(message.tag, None)
        self._shown[message.tag] = id
        if len(self._shown) > _MOST_TAGS:
            del self._shown[next(iter(self._shown))]
