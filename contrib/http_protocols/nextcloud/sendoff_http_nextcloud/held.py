"""Which chunks a server has of an upload."""

from __future__ import annotations

from dataclasses import dataclass

from sendoff import Shipment

from sendoff_http_nextcloud.multistatus import Resource


@dataclass(frozen=True, slots=True)
class Held:
    """What a server was seen to have. reached: bytes without a gap, from the first. strangers: names of what is no chunk of this upload."""

    reached: int
    strangers: tuple[str, ...] = ()

    @classmethod
    def of(cls, shipment: Shipment, found: list[Resource] | None) -> Held | None:
        """Compared with how the upload was cut; None where there is nothing to be compared.

        A name counts by its number: where the storage has parts of its own, the server lists ``1`` for ``00001``.
        """
        if found is None or shipment.session is None:
            return None
        chunk = int(shipment.session.data["chunk"])
        count = -(-shipment.size // chunk)
        numbers = {_number(one.name): one.size for one in found}
        reached = 0
        while reached < shipment.size and numbers.get(reached // chunk + 1) == min(chunk, shipment.size - reached):
            reached = min(reached + chunk, shipment.size)
        return cls(reached, tuple(one.name for one in found if not 1 <= _number(one.name) <= count))


def _number(name: str) -> int:
    return int(name) if name.isascii() and name.isdigit() and len(name) < 8 else 0
