"""Listens to a bus, and listens again when it comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Self

from jeepney import MatchRule, MessageType

from sendoff_networks_dbus.bus import Bus, Unheard, hang_up, opened

_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds between two tries to reach a bus that is gone
_SILENCE = 30.0  # seconds without a signal after which something may be said
_TO_SUBSCRIBE = 10.0


class Watcher:
    """A thread that calls ``changed`` for every signal that one of the rules lets by, when the bus goes, and when it is back.

    in_silence: what is said on the bus where nothing was heard for a while.
    """

    def __init__(self, address: str, rules: Sequence[MatchRule], changed: Callable[[], None], in_silence: Callable[[Bus], None] = lambda _: None) -> None:
        self._address, self._rules, self._changed, self._in_silence = address, rules, changed, in_silence
        self._over, self._lock, self._open = threading.Event(), threading.Lock(), list[Bus]()
        self._thread = threading.Thread(target=self._run, name="sendoff-bus", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more; ``changed`` is not called once this has returned."""
        self._over.set()
        with self._lock:
            for bus in self._open:
                hang_up(bus)
        self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._over.is_set():
            try:
                with opened(self._address, _TO_SUBSCRIBE) as bus:
                    for rule in self._rules:
                        bus.subscribe(rule)
                    failures = 0
                    self._listen(bus)
            except Unheard:
                pass
            if failures == 0 and not self._over.is_set():
                self._changed()
            self._over.wait(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1

    def _listen(self, bus: Bus) -> None:
        """Until the bus is gone, or nobody wants to know. What changed before it was listened to may be another, too."""
        with self._lock:
            self._open.append(bus)
        try:
            self._changed()
            while not self._over.is_set():
                self._hear(bus)
        except (OSError, ValueError):
            return  # the bus is gone, or somebody has hung up
        finally:
            with self._lock:
                self._open.remove(bus)

    def _hear(self, bus: Bus) -> None:
        try:
            message = bus.connection.receive(timeout=_SILENCE)
        except TimeoutError:
            self._in_silence(bus)
            return
        if message.header.message_type is MessageType.signal and not self._over.is_set():
            self._changed()


def name_rule(service: str) -> MatchRule:
    """Whoever has this name comes or goes."""
    rule = MatchRule(type="signal", sender="org.freedesktop.DBus", interface="org.freedesktop.DBus", member="NameOwnerChanged", path="/org/freedesktop/DBus")
    rule.add_arg_condition(0, service)
    return rule


def properties_rule(service: str, path: str) -> MatchRule:
    """A property of this object is another."""
    return MatchRule(type="signal", sender=service, interface="org.freedesktop.DBus.Properties", member="PropertiesChanged", path=path)
