"""Making a connection: names are looked up and addresses tried side by side, and either can be broken off."""

from __future__ import annotations

import errno
import os
import select
import socket
from contextlib import suppress
from threading import Event, Thread
from typing import Any

from sendoff import Unreachable, WebErrorStatus

from sendoff_http.watch import Watch

_HEAD_START = 0.25  # seconds before the next address is tried, too (RFC 8305 section 5)
_MOST_UNSENT = 512 * 1024  # costs nothing measurable on loopback
_PENDING = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY})

Address = tuple[Any, ...]


def dial(host: str, port: int, watch: Watch) -> socket.socket:
    """A connected socket that does not block. Errors: ``Unreachable``, ``Interrupted``."""
    attempts: dict[int, socket.socket] = {}
    try:
        return _first_of(_resolved(host, port, watch), attempts, f"{host}:{port}", watch)
    finally:
        for one in attempts.values():
            one.close()


def _first_of(addresses: list[Address], attempts: dict[int, socket.socket], where: str, watch: Watch) -> socket.socket:
    """The first that connects; the losers stay in ``attempts``."""
    refusal = 0
    poll = select.poll()
    while addresses or attempts:
        watch.check()
        if addresses:
            refusal = _begin(addresses.pop(0), attempts, poll, watch) or refusal
        for number, _ in poll.poll((_HEAD_START if attempts else 0.0) * 1000):
            poll.unregister(number)
            one = attempts.pop(number)
            problem = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not problem:
                return _tuned(one)
            refusal = problem
            one.close()
    watch.check()  # the interruption itself looks like a refusal
    number = WebErrorStatus.CANNOT_CONNECT if refusal == errno.ECONNREFUSED else WebErrorStatus.SERVER_UNREACHABLE
    raise Unreachable(f"{where} cannot be reached: {os.strerror(refusal).lower() if refusal else 'no address'}", web_error=int(number))


def _tuned(connected: socket.socket) -> socket.socket:
    """Small pieces go out at once, and little waits in the kernel: what it took has nearly left, so that the time for the answer begins truly."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT)
    return connected


def _begin(address: Address, attempts: dict[int, socket.socket], poll: select.poll, watch: Watch) -> int:
    """Starts to connect; the error's number when that fails at once."""
    family, kind, protocol, _, place = address
    try:
        one = socket.socket(family, kind, protocol)
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT:
            raise  # this machine is short of something; that is not the server's fault
        return errno.EAFNOSUPPORT
    one.setblocking(False)
    problem = one.connect_ex(place)
    if problem and problem not in _PENDING:
        one.close()
        return problem
    attempts[one.fileno()] = one
    poll.register(one, select.POLLOUT)
    watch.hold(one)
    return 0


def _resolved(host: str, port: int, watch: Watch) -> list[Address]:
    """The addresses of a host. A lookup that hangs is left to itself: it cannot be broken off."""
    with suppress(socket.gaierror):
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    found: list[Address] = []
    failed: list[OSError] = []
    over = Event()

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else OSError(str(error)))
        finally:
            over.set()

    Thread(target=look_up, name="sendoff-http-lookup", daemon=True).start()
    watch.wait_for(over.wait)
    if failed:
        raise Unreachable(f"the name {host} cannot be resolved: {failed[0].strerror or failed[0]}", web_error=int(WebErrorStatus.HOST_NAME_NOT_RESOLVED))
    return found
