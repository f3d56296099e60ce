"""Whether a network interface can carry anything."""

from __future__ import annotations

import socket
import struct
import sys

_GET_FLAGS = 0x8913  # linux/sockios.h: SIOCGIFFLAGS
_RUNNING = 0x40  # linux/if.h: IFF_RUNNING, which a cable that is pulled takes away
_REQUEST = struct.Struct("16sh14x")


def is_dead(name: str) -> bool:
    """Whether the interface is there and carries nothing; routes through it stay in the table. What cannot be asked is taken to be alive."""
    if sys.platform != "linux":
        return False
    from fcntl import ioctl

    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            answer = ioctl(asked, _GET_FLAGS, _REQUEST.pack(name.encode(), 0))
    except (OSError, struct.error):
        return False
    return not _REQUEST.unpack(answer)[1] & _RUNNING
