"""Who is at the other end of a connection."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAC_LOCAL_PEERCRED = 1  # sys/un.h


def uid_of_peer(connection: socket.socket) -> int:
    """The user of the process that connected, as the kernel knows it (unix(7) ``SO_PEERCRED``, macOS unix(4) ``LOCAL_PEERCRED``)."""
    if hasattr(socket, "SO_PEERCRED"):
        _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    else:
        _version, uid = struct.unpack("2I", connection.getsockopt(0, _MAC_LOCAL_PEERCRED, 128)[:8])
    return int(uid)


def welcome(uid: int) -> bool:
    """Ourselves, and root, who can read everything here anyway."""
    return uid in (os.geteuid(), 0)


class KnownPeerProtocol(HttpToolsProtocol):
    """HTTP for this user's own processes; anybody else's connection is closed before a byte of it is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look who it is."""
        super().connection_made(transport)  # type: ignore[arg-type]
        connection: Any = transport.get_extra_info("socket")
        uid = uid_of_peer(connection)
        if not welcome(uid):
            self.logger.warning("a connection of user %d was refused", uid)
            self.transport.abort()
