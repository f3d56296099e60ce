"""``use = "routes"``: online is whoever has a way out of this machine. Linux."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from sendoff import Conditions, Network, Watching

from sendoff_networks_basic.interface import is_dead
from sendoff_networks_basic.netlink import heard

_UP, _REJECT, _ANYCAST, _LOCAL = 0x1, 0x200, 0x00100000, 0x80000000  # linux/route.h, linux/ipv6_route.h
_LOOPBACK = "lo"


class Routes(Network, Watching):
    """Reads the kernel's routing tables: a route that is up and leads through another interface than the loopback is a way out.

    Link-local and multicast routes are none: every interface has them, whether it leads anywhere or not; neither is one through an interface whose cable is
    out. Tables that cannot be read are unknown, and unknown allows. Nothing is known of cost.
    """

    class Settings(BaseModel):
        """proc: the folder with the tables ``route`` and ``ipv6_route``."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        proc: str = "/proc/net"

    settings: Settings

    def look(self) -> Conditions:
        """Online, offline or unknown."""
        folder = Path(self.settings.proc)
        ways = (_any_way(folder / "route", _leads_out_4, header=True), _any_way(folder / "ipv6_route", _leads_out_6, header=False))
        if True in ways:
            return Conditions(online=True, name="routes")
        # no IPv6 table only means that the kernel has no IPv6
        return Conditions(online=False if ways[0] is False else None, name="routes")

    @contextmanager
    def watch(self, changed: Callable[[], None]) -> Iterator[None]:
        """Whenever the kernel tells of a link, an address or a route; where it may not be heard, the core looks now and then."""
        with heard(changed):
            yield


def _any_way(table: Path, leads_out: Callable[[Sequence[str]], bool], *, header: bool) -> bool | None:
    """Whether one line of the table leads out; None when it cannot be read or is no such table."""
    try:
        with table.open(encoding="ascii") as lines:
            if header and not next(lines, "").startswith("Iface"):
                return None
            return any(leads_out(line.split()) for line in lines)
    except (OSError, ValueError, IndexError):
        return None


def _leads_out_4(columns: Sequence[str]) -> bool:
    """``Iface Destination Gateway Flags ...``; numbers as the machine stores them, printed in hexadecimal."""
    interface, destination, flags = columns[0], columns[1], int(columns[3], 16)
    first = bytes.fromhex(destination)[::-1] if sys.byteorder == "little" else bytes.fromhex(destination)
    quiet = first[:2] == b"\xa9\xfe" or first[0] >> 4 == 0xE  # 169.254/16 (RFC 3927), 224/4
    return interface != _LOOPBACK and bool(flags & _UP) and not flags & _REJECT and not quiet and not is_dead(interface)


def _leads_out_6(columns: Sequence[str]) -> bool:
    """``destination length source length next-hop metric references use flags interface``."""
    destination, flags, interface = bytes.fromhex(columns[0]), int(columns[8], 16), columns[9]
    quiet = destination[0] == 0xFF or (destination[0] == 0xFE and destination[1] >> 6 == 0b10)  # ff00::/8, fe80::/10 (RFC 4291)
    return interface != _LOOPBACK and bool(flags & _UP) and not flags & (_REJECT | _ANYCAST | _LOCAL) and not quiet and not is_dead(interface)
