"""What the kernel tells of its links, addresses and routes; anybody may listen. Linux."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400  # linux/rtnetlink.h: RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE
_MOST = 65536


@contextmanager
def heard(changed: Callable[[], None]) -> Iterator[None]:
    """Inside this ``changed`` is called, in a thread, after each message; never where the system has no such messages."""
    messages = _opened()
    if messages is None:
        yield
        return
    ours, theirs = socket.socketpair()
    listener = threading.Thread(target=_listen, args=(messages, theirs, changed), name="sendoff-netlink", daemon=True)
    listener.start()
    try:
        yield
    finally:
        ours.close()
        listener.join()
        for one in (theirs, messages):
            one.close()


def _opened() -> socket.socket | None:
    family, protocol = getattr(socket, "AF_NETLINK", None), getattr(socket, "NETLINK_ROUTE", 0)
    if family is None:
        return None
    try:
        messages = socket.socket(family, socket.SOCK_RAW, protocol)
    except OSError:
        return None
    try:
        messages.bind((0, _GROUPS))
    except OSError:  # a sandbox may forbid it; then whoever wants to know looks now and then
        messages.close()
        return None
    return messages


def _listen(messages: socket.socket, over: socket.socket, changed: Callable[[], None]) -> None:
    """Until ``over`` can be read."""
    with selectors.DefaultSelector() as selector:
        for one in (messages, over):
            selector.register(one, selectors.EVENT_READ)
        while over not in (ready.fileobj for ready, _ in selector.select()):
            _drain(messages)
            changed()


def _drain(messages: socket.socket) -> None:
    """What they say is not read: the tables are."""
    try:
        while messages.recv(_MOST, socket.MSG_DONTWAIT):
            pass
    except OSError:
        return  # none is left, or so many came that some were lost, which is news all the same
