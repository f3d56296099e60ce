"""What must be true after every step, whatever happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sendoff.model.event import ENDS, Event
from sendoff.model.lane import Lane
from sendoff.model.operation import Record
from sendoff.model.query import Query
from sendoff.model.status import TransferPriority, TransferStatus
from sendoff.policy.cost import Gate
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.memory_transport import MemoryServer

from tests.simulation.removals import Removals

END_OF = {TransferStatus.COMPLETED: "completed", TransferStatus.CANCELED: "canceled", TransferStatus.ERROR: "failed"}
HIGH = TransferPriority.HIGH
PAUSED = (TransferStatus.PAUSED_BY_APPLICATION,)


@dataclass(slots=True)
class Invariants:
    """Checks 1 to 5, 7 to 9, 11, 13 and, by ``removals``, 12 of the list in ``docs/explanation/simulation.md``.

    forgotten: sessions the server dropped. posted: how many bodies each POST has brought to the server.
    """

    store: MemoryStore
    server: MemoryServer
    removals: Removals
    forgotten: set[str] = field(default_factory=set)
    _ended: dict[tuple[str, int], TransferStatus] = field(default_factory=dict)
    _seq: int = 0
    _ends: dict[tuple[str, int], str] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)
    _stopped: set[tuple[int, int]] = field(default_factory=set)
    _contents: dict[str, bytes] = field(default_factory=dict)
    _epochs: dict[str, int] = field(default_factory=dict)

    def check(self, created: list[str]) -> None:
        """After a step."""
        records = {record.id: record for record in self.store.find(Query(), limit=1000).items}
        self._nothing_lost(created, records)
        self._history()
        for record in records.values():
            self._one_state(record)
            self._epoch_grows(record)
        self._published(records)
        self._posted_once(records)
        self._one_a_target(records)
        self.removals.check(records.values())
        assert self.server.repeated == 0, f"{self.server.repeated} bytes the server had confirmed were sent again"

    def check_end(self, created: list[str]) -> None:
        """When everything has healed: every operation has ended or was paused by somebody, every end was told, nothing is left over."""
        self.check(created)
        for record in self.store.find(Query(), limit=1000).items:
            assert record.status.terminal or record.status in PAUSED, f"{record.id} stands at {record.status.word} ({record.reason})"
            assert record.owner is None, f"{record.id} still has an owner"
            assert not Lane(key=record.lane, since=0).at_once, f"{record.id} still goes first whatever the network is"
            if record.status is TransferStatus.COMPLETED and record.spec.method != "POST":
                assert self.server.things.get(record.spec.url) is not None, f"{record.id} is completed and nothing is there"
        self._nothing_left_over()
        self.removals.check_end(self.store.find(Query(), limit=1000).items)
        assert not self.store.notes("sweep").items, "an order for many was not written out"

    def one_of_a_group(self, starting: Sequence[Record], under_way: Sequence[int], *, beside: bool) -> None:
        """11: nothing of a serialized group starts beside another of it, by what is on record. beside: one of high priority may, beside one that is not."""
        serialized = {note.key for note in self.store.notes("group").items}
        mine, others = ([(one.group, beside and one.priority is HIGH) for one in some if one.group in serialized] for some in (starting, self._read(under_way)))
        assert len(mine) == len(set(mine)) and not set(mine) & set(others), f"{[record.id for record in starting]} start beside others of their groups"

    def none_too_dear(self, stops: Sequence[tuple[int, str]], owner: str, gate_of: Callable[[Record], Gate | None]) -> None:
        """13: what is under way and may not use the network as it is now, by what was set for it last, was told to stop."""
        self._stopped |= {(one.number, one.epoch + (one.owner is None)) for one in self._read([number for number, _ in stops])}
        for one in self.store.find(Query(claimed=True), limit=1000).items:
            told = (one.number, one.epoch) in self._stopped
            assert one.owner != owner or gate_of(one) is None or told, f"{one.id} goes on though the network is {gate_of(one)}"

    def whatever_the_network(self, starting: Sequence[Record]) -> None:
        """These were ordered to be tried at once, and nothing stops them for the network."""
        self._stopped |= {(one.number, one.epoch + 1) for one in starting if Lane(key=one.lane, since=0).at_once}

    def _read(self, numbers: Sequence[int]) -> Sequence[Record]:
        return self.store.find(Query(numbers=tuple(numbers)), limit=1000).items if numbers else ()

    def _nothing_left_over(self) -> None:
        """What a canceled upload left at the server is gone, unless its session never came to the record."""
        canceled = {record.id for record in self.store.find(Query(statuses=("canceled",)), limit=1000).items}
        left = [id for id, upload in self.server.uploads.items() if upload.recorded and upload.operation in canceled]
        assert not left, f"sessions of canceled uploads are still at the server: {left}"

    def _nothing_lost(self, created: list[str], records: dict[str, Record]) -> None:
        """1: a create that returned an id is in the journal."""
        lost = [id for id in created if id not in records]
        assert not lost, f"lost: {lost}"

    def _one_state(self, record: Record) -> None:
        """2: within a round a terminal state never changes. 3: completed means that the server has the bytes of the source. 7: its end was told."""
        key = (record.id, record.round)
        before = self._ended.get(key)
        assert before is None or before == record.status, f"{record.id} was {before!r} and is {record.status!r}"
        if not record.status.terminal:
            assert record.open, f"{record.id} is {record.status.word} and closed"
            return
        self._ended[key] = record.status
        assert not record.open and record.owner is None and record.due is None, f"{record.id} ended and is still {record}"
        assert self._ends.get(key) == END_OF[record.status], f"{record.id} is {record.status.word}, told was {self._ends.get(key)}"
        if record.status is TransferStatus.COMPLETED:
            assert record.receipt is not None and record.receipt.size == record.spec.source.size, f"{record.id} has a false receipt"

    def _epoch_grows(self, record: Record) -> None:
        """8: each claim has its own epoch; none comes back."""
        assert record.epoch >= self._epochs.get(record.id, 0), f"the epoch of {record.id} went back"
        self._epochs[record.id] = record.epoch

    def _one_a_target(self, records: dict[str, Record]) -> None:
        """9: one upload at a time to a target; only one that had not begun is replaced, by a later one of the same source."""
        owned = [record.target for record in records.values() if record.owner is not None and record.target is not None]
        assert len(owned) == len(set(owned)), f"two uploads to one target at once: {owned}"
        for record in records.values():
            if record.reason == "replaced":
                by = next((one for one in records.values() if record.reason_text and one.id in record.reason_text), None)
                assert record.started_at is None, f"{record.id} had begun when it was replaced"
                assert by is not None and by.number > record.number, f"{record.id} was replaced by nobody"
                assert (by.target, by.spec.source.path) == (record.target, record.spec.source.path), f"{record.id} was replaced by something else"
                assert by.spec.source.identity != record.spec.source.identity, f"{record.id} was replaced though its source is what it was"

    def _history(self) -> None:
        """7: one terminal event a round, ids that never repeat, no hole in the order."""
        events = self.store.events(self._seq, 1000)
        for event in events:
            assert event.seq == self._seq + 1, f"event {event.seq} after {self._seq}"
            self._seq = event.seq
            assert event.id not in self._ids, f"the event id {event.id} came twice"
            self._ids.add(event.id)
            self.removals.hear(event)
            if event.type in ENDS:
                self._end(event)

    def _end(self, event: Event) -> None:
        key = (event.operation, event.round)
        assert key not in self._ends, f"{event.operation} ended twice in round {event.round}: {self._ends.get(key)}, {event.type}"
        self._ends[key] = event.type

    def _published(self, records: dict[str, Record]) -> None:
        """3, 5: whatever is visible at the server is a whole source."""
        whole = {self._content(record) for record in records.values()}
        for url, body in self.server.things.items():
            assert body in whole, f"a part of a file is visible at {url}"

    def _posted_once(self, records: dict[str, Record]) -> None:
        """4, for what must not be repeated: a body goes out whole once a round, unless the server said no to it."""
        counts: dict[str, int] = {}
        for id, body in self.server.posted:
            counts[id] = counts.get(id, 0) + 1
            assert body == self._content(records[id]), f"the POST of {id} brought other bytes"
        for id, count in counts.items():
            assert count <= records[id].round, f"the POST of {id} was carried out {count} times in {records[id].round} rounds"

    def _content(self, record: Record) -> bytes:
        path = record.spec.source.path
        if path not in self._contents:
            self._contents[path] = Path(path).read_bytes()
        return self._contents[path]
