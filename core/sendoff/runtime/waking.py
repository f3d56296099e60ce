"""What waits for a credential that has come goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from sendoff.errors import SendoffError
from sendoff.model.operation import Record
from sendoff.model.query import Order, Query
from sendoff.model.status import Reason, TransferStatus
from sendoff.runtime.creation import Creation
from sendoff.runtime.credentials import RESERVED
from sendoff.runtime.lately import Lately
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.ordering import Ordering
from sendoff.runtime.selection import Selecting

_LOOK_EVERY, _MOST = 5.0, 3600.0  # seconds, at a store that was locked
_NOTHING: tuple[bool, frozenset[str]] = (False, frozenset())
_RUNNING = Query(statuses=(TransferStatus.RUNNING.word,))
_WAITING = Query(statuses=(TransferStatus.PAUSED_RECOVERABLE.word,), reason=str(Reason.CREDENTIAL_NEEDED))


class Waking:
    """Gives those that wait their order to go on.

    A try that is under way may have asked before the credential came, and end after that for want of it: it is looked at when it has ended.
    """

    def __init__(self, ledger: Ledger, creation: Creation, selecting: Selecting, ordering: Ordering) -> None:
        self._ledger, self._creation, self._selecting, self._ordering = ledger, creation, selecting, ordering
        self._vault, self._credentials = creation.secrets.vault, creation.credentials
        self._opened = Lately(self._look, _NOTHING, wait=0.0, fresh=_LOOK_EVERY)
        self._under_way, self._lock = set[int](), threading.Lock()
        self._woken = dict[str, tuple[float, float]]()

    def came(self, reference: str) -> None:
        """A credential is there, or can be asked for again; the key of the journal is one that all wait for who have secrets."""
        if reference.partition(":")[2].startswith(RESERVED):
            self._wake(lambda record: record.sealed is not None or record.environment is not None or record.owner is not None)
        else:
            self._wake(lambda record: self._names(record, reference))

    def work(self) -> int:
        """Tries that have ended for want of what came meanwhile, and those that wait for a key store that somebody has unlocked; how many go on."""
        woken = 0
        with self._lock:
            numbers = sorted(self._under_way)
        for number in numbers:
            record = self._ledger.read(number)
            if record is not None and record.owner is not None:
                continue
            with self._lock:
                self._under_way.discard(number)
            woken += self._resume(record) if record is not None and _waits(record) else 0
        return woken + self._unlocked()

    def _unlocked(self) -> int:
        """Those that wait for what was locked; the stores are asked in the background, for any of them may hang."""
        if not self._vault.closed and not self._credentials.locked:
            return 0
        key, references = self._opened()
        woken = self._wake(lambda record: record.sealed is not None or record.environment is not None) if key and self._vault.closed else 0
        for reference in references & self._credentials.locked.keys():
            if self._may_be_woken(reference):
                self._credentials.locked.pop(reference)
                self.came(reference)
                woken += 1
        return woken

    def _may_be_woken(self, reference: str) -> bool:
        """Ever more rarely: a store may say that it is open, and be found locked again."""
        now = time.monotonic()
        since, pause = self._woken.get(reference, (-_MOST, 0.0))
        if now - since < pause:
            return False
        self._woken[reference] = now, min(max(2 * pause, _LOOK_EVERY), _MOST)
        return True

    def _look(self) -> tuple[bool, frozenset[str]]:
        """Whether the key of the journal can be had, and which references lead to stores that can be opened now."""
        key = self._vault.closed and self._vault.openable()
        locked = dict(self._credentials.locked)
        opened = {driver for driver in set(locked.values()) if self._credentials.usable(driver) is None}
        return key, frozenset(reference for reference, driver in locked.items() if driver in opened)

    def _wake(self, meant: Callable[[Record], bool]) -> int:
        under_way = {record.number for record in self._selecting.all(_RUNNING) if meant(record)}
        with self._lock:
            self._under_way |= under_way
        return sum(self._resume(record) for record in list(self._selecting.all(_WAITING)) if meant(record))

    def _names(self, record: Record, reference: str) -> bool:
        """Whether an operation is sent with this credential; where that cannot be told, it is tried, and says what it lacks."""
        try:
            return any(self._creation.credentials.alike(one, reference) for one in self._creation.references(record))
        except SendoffError:
            return False  # its destination or the key of its secrets is gone: another order wakes it

    def _resume(self, record: Record) -> int:
        with suppress(SendoffError):  # it has been canceled meanwhile
            return len(self._ordering.give(Order(verb="resume"), [record]).ids)
        return 0


def _waits(record: Record) -> bool:
    return record.status is TransferStatus.PAUSED_RECOVERABLE and record.reason == Reason.CREDENTIAL_NEEDED
