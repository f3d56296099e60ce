"""Questions on a message bus, each set of them within a time."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from jeepney import DBusAddress, DBusErrorResponse, MatchRule, Message, MessageFlag, Properties, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.wrappers import unwrap_msg

AT_ONCE = 1.5  # seconds for all questions of one look, whose caller has two


class Unheard(Exception):
    """Nobody answers there, or not in time."""


class Object(NamedTuple):
    """Whom to ask: the name of a service, one of its objects, and an interface of that."""

    service: str
    path: str
    interface: str

    @property
    def address(self) -> DBusAddress:
        """As jeepney writes it."""
        return DBusAddress(self.path, self.service, self.interface)


class Bus:
    """One connection to a bus. end: the moment by ``time.monotonic`` at which the last answer must be there. starts: a service that is asked is started."""

    def __init__(self, connection: DBusConnection, end: float, *, starts: bool = False) -> None:
        self.connection, self._end, self._starts = connection, end, starts

    def call(self, whom: Object, method: str) -> tuple[Any, ...]:
        """The answer of a method without arguments. Errors: ``Unheard``."""
        return self._asked(new_method_call(whom.address, method))

    def properties(self, whom: Object) -> dict[str, Any]:
        """All properties of one interface. Errors: ``Unheard``."""
        return {name: value for name, (_, value) in self._asked(Properties(whom.address).get_all())[0].items()}

    def property(self, whom: Object, name: str) -> Any:
        """One property. Errors: ``Unheard``."""
        return self._asked(Properties(whom.address).get(name))[0][1]

    def subscribe(self, rule: MatchRule) -> None:
        """From now on these signals come. Errors: ``Unheard``."""
        self._asked(message_bus.AddMatch(rule))

    def tell(self, whom: Object, method: str) -> None:
        """Call a method, and leave its answer to whoever receives. Errors: ``Unheard``."""
        with _heard():
            self.connection.send(self._flagged(new_method_call(whom.address, method)))

    def _asked(self, message: Message) -> tuple[Any, ...]:
        with _heard():
            left = max(self._end - time.monotonic(), 0.0)
            answer: tuple[Any, ...] = unwrap_msg(self.connection.send_and_get_reply(self._flagged(message), timeout=left))
            return answer

    def _flagged(self, message: Message) -> Message:
        """Nobody is started for a question, unless he is there for that: who is not there has nothing to say."""
        if not self._starts:
            message.header.flags = MessageFlag.no_auto_start
        return message


@contextmanager
def opened(address: str, seconds: float = AT_ONCE, *, starts: bool = False) -> Iterator[Bus]:
    """A bus, as D-Bus writes its address. seconds: for everything that is asked on it. starts: as ``Bus``. Errors: ``Unheard``."""
    end = time.monotonic() + seconds
    with _heard():
        connection = open_dbus_connection(address, auth_timeout=min(seconds, 1.0))
    try:
        yield Bus(connection, end, starts=starts)
    finally:
        connection.close()


def hang_up(bus: Bus) -> None:
    """Break off what another thread waits for on it."""
    try:
        bus.connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is gone already


def system_bus() -> str:
    """The address of the machine's bus."""
    return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or "unix:path=/run/dbus/system_bus_socket"


def session_bus() -> str:
    """The address of the login's bus, which a host that was started without a desktop finds in the runtime directory."""
    return os.environ.get("DBUS_SESSION_BUS_ADDRESS") or f"unix:path={os.environ.get('XDG_RUNTIME_DIR') or f'/run/user/{os.getuid()}'}/bus"


@contextmanager
def _heard() -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError, DBusErrorResponse) as cause:
        raise Unheard(f"{type(cause).__name__}: {cause}") from cause
