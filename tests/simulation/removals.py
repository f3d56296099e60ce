"""What must be true of the files that somebody asked to be let go of."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from sendoff.model.event import Event
from sendoff.model.operation import Record
from sendoff.model.status import TransferStatus
from sendoff.policy.proof import doubt

TOLD = ("source_removed", "source_left")


@dataclass(slots=True)
class Removals:
    """Checks 12. written: when each file was written last, by path. folder: where those go that are moved."""

    folder: Path
    written: dict[str, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    _told: dict[str, list[Event]] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """An event of the history, in its order."""
        if event.type in TOLD:
            told = self._told.setdefault(event.operation, [])
            assert not told, f"of the file of {event.operation} was told twice: {[one.type for one in told]}, {event.type}"
            assert event.type == "source_left" or not os.path.lexists(str(event.data["path"])), f"{event.operation} told of a removal, and the file is there"
            told.append(event)

    def check(self, records: Collection[Record]) -> None:
        """After a step: whatever went had to, and nobody needs it any more."""
        for path in self.written.keys() - self.gone:
            if not os.path.lexists(path):
                self.gone.add(path)
                self._went(path, [record for record in records if record.spec.source.path == path])

    def check_end(self, records: Collection[Record]) -> None:
        """When everything has healed: whatever was to be done was done, and told, once."""
        for record in records:
            asked = record.spec.then is not None and record.status is TransferStatus.COMPLETED
            assert len(self._told.get(record.id, [])) == asked, f"{record.id} is {record.status.word}, and of its file was told {self._told.get(record.id)}"
        removed = [event.data["path"] for told in self._told.values() for event in told if event.type == "source_removed"]
        assert sorted(removed) == sorted(self.gone), f"gone are {sorted(self.gone)}, and told was of {sorted(removed)}"

    def _went(self, path: str, readers: list[Record]) -> None:
        place = self.folder / os.path.basename(path)
        word = f"move:{self.folder}" if place.exists() else "delete"
        asked = [one for one in readers if one.spec.then == word and one.status is TransferStatus.COMPLETED]
        assert asked, f"{path} is gone, and nobody who is completed asked for it by {word}"
        proved = [one for one in asked if doubt(one.spec.demand, one.receipt) is None]
        assert proved, f"{path} is gone without the proof that was asked for"
        same = [one for one in proved if one.spec.source.identity is not None and one.spec.source.identity.mtime_ns == self.written[path]]
        assert same, f"{path} is gone, and was written anew since it was sent"
        needed = [one.id for one in readers if one.open or (one.status is TransferStatus.ERROR and one.acknowledged_at is None)]
        assert not needed, f"{path} is gone, and {needed} still need it"
