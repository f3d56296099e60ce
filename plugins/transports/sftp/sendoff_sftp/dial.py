"""A TCP connection, to whichever of a host's addresses answers."""

from __future__ import annotations

import select
import socket
from collections.abc import Sequence
from contextlib import suppress
from errno import EINPROGRESS

from sendoff import Interrupted, Unreachable, WebErrorStatus

from sendoff_sftp.watch import LOOK_UP_EVERY, Watch

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]


def dialed(host: str, port: int, watch: Watch) -> socket.socket:
    """Connected within the watch's limit; ``Unreachable`` otherwise. All addresses are tried in turn, IPv6 and IPv4."""
    return _first_of(_addresses(host, port, watch), host, port, watch)


def _first_of(addresses: Sequence[Address], host: str, port: int, watch: Watch) -> socket.socket:
    until = watch.now() + watch.limits.connect
    failure: OSError | None = None
    for number, (family, kind, proto, _, address) in enumerate(addresses):
        share = (until - watch.now()) / (len(addresses) - number)
        connection = socket.socket(family, kind, proto)
        try:
            _connect(connection, address, watch, watch.now() + share)
            return _alive(connection, watch.limits.stall)
        except OSError as cause:
            connection.close()
            failure = cause
        except BaseException:
            connection.close()
            raise
    if isinstance(failure, TimeoutError):
        raise watch.not_connected() from failure
    raise Unreachable(f"{watch.where}: {host}, port {port}: {failure.strerror if failure else 'no address'}") from failure


def _addresses(host: str, port: int, watch: Watch) -> list[Address]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]
    except (OSError, UnicodeError) as cause:
        text = f"{watch.where}: the name {host} is not known ({getattr(cause, 'strerror', None) or cause})"
        raise Unreachable(text, web_error=int(WebErrorStatus.HOST_NAME_NOT_RESOLVED)) from cause


def _connect(connection: socket.socket, address: tuple[object, ...], watch: Watch, until: float) -> None:
    connection.setblocking(False)
    code = connection.connect_ex(address)
    if code not in (0, EINPROGRESS):
        raise OSError(code, _text(code))
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    while not poll.poll(LOOK_UP_EVERY * 1000):
        if watch.stopped:
            raise Interrupted()
        if watch.now() >= until:
            raise TimeoutError
    code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, _text(code))
    connection.setblocking(True)


def _alive(connection: socket.socket, stall: float) -> socket.socket:
    """Small packets go out at once, and a peer that is gone is noticed by the kernel, too (tcp(7), TCP_USER_TIMEOUT)."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with suppress(OSError, AttributeError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(stall * 1000))
    return connection


def _text(code: int) -> str:
    from os import strerror

    return strerror(code)
