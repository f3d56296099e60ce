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

from sendoff_azure_blob.wire import Wire

_PENDING = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY})

Address = tuple[Any, ...]


def dial(host: str, port: int, wire: Wire) -> socket.socket:
    """A connected socket. Errors: ``Unreachable``, ``Interrupted``."""
    attempts: dict[int, socket.socket] = {}
    try:
        connected = _first_of(_resolved(host, port, wire), attempts, f"{host}:{port}", wire)
    finally:
        for one in attempts.values():
            one.close()
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.settimeout(wire.limits.stall)
    return connected


def _first_of(addresses: list[Address], attempts: dict[int, socket.socket], where: str, wire: Wire) -> socket.socket:
    """The first that connects, each next one tried a moment later (RFC 8305 section 5); the losers stay in ``attempts``."""
    poll, refusals, found = select.poll(), [0], list[socket.socket]()

    def one_more(seconds: float) -> bool:
        if addresses:
            refusals.append(_begin(addresses.pop(0), attempts, poll))
        for number, _ in poll.poll((seconds if attempts else 0.0) * 1000):
            poll.unregister(number)
            one = attempts.pop(number)
            problem = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            refusals.append(problem)
            if problem:
                one.close()
            else:
                found.append(one)
        return bool(found) or not (addresses or attempts)

    wire.wait_for(one_more)
    if found:
        for surplus in found[1:]:
            surplus.close()
        return found[0]
    refusal = next((one for one in reversed(refusals) if one), 0)
    number = WebErrorStatus.CANNOT_CONNECT if refusal == errno.ECONNREFUSED else WebErrorStatus.SERVER_UNREACHABLE
    raise Unreachable(f"{where} cannot be reached: {os.strerror(refusal).lower() if refusal else 'no address'}", web_error=int(number))


def _begin(address: Address, attempts: dict[int, socket.socket], poll: select.poll) -> int:
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
    return 0


def _resolved(host: str, port: int, wire: Wire) -> list[Address]:
    """The addresses of a host. A lookup that hangs is left to itself: it cannot be broken off."""
    with suppress(socket.gaierror):
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    found: list[Address] = []
    failed: list[Exception] = []
    over = Event()

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failed.append(error)
        finally:
            over.set()

    Thread(target=look_up, name="sendoff-azure-lookup", daemon=True).start()
    wire.wait_for(over.wait)
    if failed:
        raise Unreachable(f"the name {host} cannot be resolved: {failed[0]}", web_error=int(WebErrorStatus.HOST_NAME_NOT_RESOLVED))
    return found
