"""Since when the network is as it is, remembered for whoever comes after this process."""

from __future__ import annotations

from dataclasses import replace

from sendoff.model.change import SaveNote
from sendoff.model.conditions import Conditions
from sendoff.model.document import decode, encode
from sendoff.ports.clock import Clock
from sendoff.runtime.journal import Journal

NOTE = "network"  # what was known last of reachability and cost, and since when by the clock on the wall


class LastNetwork:
    """A note in the journal. A host that begins anew takes from it since when there is no network, where nothing is otherwise than it was.

    known: as it was before this process; without ``since`` where nobody has kept that.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal, self._clock = journal, clock
        self.known = self._read()

    def _read(self) -> Conditions:
        note = self._journal.store.note(NOTE, [NOTE]).get(NOTE)
        try:
            value = note.value if note is not None else {}
            began = min(value["since"], self._clock.wall())  # the clock may have been put back
            return replace(decode(Conditions, value["conditions"]), since=began - self._ahead())
        except (KeyError, TypeError, ValueError):  # nobody has kept it, or another version did
            return Conditions()

    def keep(self, conditions: Conditions) -> None:
        """It is like this now. Nobody waits until that is written."""
        if conditions.since is not None:
            bare = encode(replace(conditions, name="", power=None, since=None))
            self._journal.post([SaveNote(kind=NOTE, key=NOTE, value={"conditions": bare, "since": conditions.since + self._ahead()})])

    def _ahead(self) -> int:
        """What the clock on the wall is ahead of the one that waits go by."""
        return self._clock.wall() - self._clock.steady()
