"""What was saved of a damaged journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What became of a damaged journal.

    journal: its id. kept: where the damaged one lies now, as it was; empty when it was sound and nothing was changed. saved: how many of what.
    unreadable: in how many places of what nothing could be read. lost: ids of operations that were there and are gone, as far as anything tells of them.
    uncertain: ids of operations that may have been sent and must not be sent twice, so that they end here.

    >>> sendoff.Salvage(journal="0190", saved={"operations": 12}, unreadable={}).lost
    ()
    """

    journal: str
    kept: str = ""
    saved: Mapping[str, int]
    unreadable: Mapping[str, int]
    lost: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
