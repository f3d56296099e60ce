"""The session bus of a desktop, and who shows notifications there."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any
from urllib.parse import quote

from jeepney import DBusAddress, DBusErrorResponse, HeaderFields, Message, new_method_call
from jeepney.auth import AuthenticationError
from jeepney.bus import get_bus
from jeepney.io.blocking import DBusConnection, prep_socket
from jeepney.wrappers import unwrap_msg
from sendoff import Permanent, SendoffError, Transient, Unreachable

LIMIT = 2.0  # seconds for one call
NAME = "org.freedesktop.Notifications"
_DAEMON = DBusAddress("/org/freedesktop/Notifications", NAME, NAME)
_DISABLE = 'or write disabled = ["desktop"]'
_NOBODY = ("ServiceUnknown", "NameHasNoOwner", "Spawn.", "UnknownMethod", "UnknownObject", "UnknownInterface")  # of org.freedesktop.DBus.Error
_LATER = ("NoReply", "Timeout", "TimedOut", "Disconnected", "NoMemory", "LimitsExceeded")


class _Connection(DBusConnection):  # type: ignore[misc]
    """Each question has the limit, the greeting too, which the library lets wait for ever."""

    def send_and_get_reply(self, message: Message, *, timeout: float | None = LIMIT) -> Message:
        self.sock.settimeout(LIMIT)
        return super().send_and_get_reply(message, timeout=LIMIT if timeout is None else timeout)


class Bus:
    """One connection to a session bus; used by one thread at a time. The environment says where it is."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.address = _address(environment)
        try:
            self._connection = _Connection(prep_socket(get_bus(self.address), timeout=LIMIT))
        except Exception as cause:
            raise _unreached(self.address, cause) from cause

    def call(self, method: str, signature: str | None = None, words: tuple[Any, ...] = ()) -> tuple[str, tuple[Any, ...]]:
        """Who answered, which is another name after each start, and the answer. Errors: ``Transient``, ``Permanent``; ``ConnectionError``: the bus is gone."""
        try:
            reply = self._connection.send_and_get_reply(new_method_call(_DAEMON, method, signature, words))
            return str(reply.header.fields.get(HeaderFields.sender)), tuple(unwrap_msg(reply))
        except DBusErrorResponse as cause:
            raise _refused(cause.name) from cause
        except TimeoutError as cause:
            raise Transient(f"the desktop did not take a notification within {LIMIT:g} s") from cause

    def cut(self) -> None:
        """From another thread: whatever waits for an answer gets a ``ConnectionError``."""
        with suppress(OSError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The end of the connection."""
        self._connection.close()


def is_shown_to_somebody() -> bool:
    """Whether a session bus is there, and on it somebody who shows notifications, or who is started by being asked."""
    if not hasattr(os, "getuid"):  # such a platform has no session bus
        return False
    with suppress(SendoffError, OSError), closing(Bus()) as bus:
        bus.call("GetServerInformation")
        return True
    return False


def _address(environment: Mapping[str, str]) -> str:
    said = environment.get("DBUS_SESSION_BUS_ADDRESS")
    folder = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return said or f"unix:path={quote(f'{folder}/bus')}"


def _unreached(address: str, cause: Exception) -> SendoffError:
    if isinstance(cause, AuthenticationError):
        return Permanent(f"the session bus at {address} does not admit this user", hint="run the host as the user of the desktop")
    if isinstance(cause, TimeoutError):
        return Transient(f"the session bus at {address} did not answer within {LIMIT:g} s")
    if isinstance(cause, OSError):
        return Unreachable(f"no desktop session is there ({address}: {cause.strerror or cause})", hint=f"log in to a desktop, {_DISABLE}")
    return Transient(f"the session bus at {address} cannot be used", hint=f"correct DBUS_SESSION_BUS_ADDRESS, {_DISABLE}")


def _refused(name: str) -> SendoffError:
    """What an error of the bus, or of who shows notifications, means for one."""
    short = name.removeprefix("org.freedesktop.DBus.Error.")
    if short.startswith(_NOBODY):
        return Unreachable("nobody shows notifications on this desktop", hint=f"start a notification daemon, such as dunst, {_DISABLE}")
    if short.startswith(_LATER) or "ExcessNotification" in name:
        return Transient(f"the desktop did not take the notification now ({name})")
    return Permanent(f"the desktop refused the notification ({name})")
