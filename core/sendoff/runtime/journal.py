"""The one door to the store: what arrives while a commit runs is in the next one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from sendoff.errors import HostUnavailable, SendoffError
from sendoff.model.change import Append, Reply, Unit
from sendoff.ports.store import Store

Replies = Sequence[Sequence[Reply]]
MOST_UNITS = 5000  # in one disk transaction, so that nobody waits long for theirs


class Landing:
    """What was handed over and lands soon."""

    def __init__(self, *, replies: Replies = (), job: _Job | None = None) -> None:
        self._replies, self._job = replies, job

    @property
    def done(self) -> bool:
        """Whether the store has answered."""
        return self._job is None or self._job.done is None or self._job.done.is_set()

    def replies(self) -> Sequence[Reply]:
        """The store's answer, waited for; what it raised is raised here."""
        return (self._job.wait() if self._job else self._replies)[0]


class Journal:
    """Commits at once, in the caller's thread. ``store`` is free to read."""

    def __init__(self, store: Store, *, appended: Callable[[], None] = lambda: None) -> None:
        self.store = store
        self._appended = appended
        self._lock = threading.Lock()
        self._newest: int | None = None

    def commit(self, unit: Unit, *, synced: bool = True) -> Sequence[Reply]:
        """One decision; on disk (``synced``: also after a power cut) when it returns. A reply per change."""
        return self.commit_many([unit], synced=synced)[0]

    def commit_many(self, units: Sequence[Unit], *, synced: bool = True) -> Replies:
        """Several decisions in one disk transaction; each is whole or not at all."""
        with self._lock:
            replies = self.store.commit(units, synced=synced)
        self._announce(units, replies)
        return replies

    def submit(self, unit: Unit, *, synced: bool = True) -> Landing:
        """One decision, without waiting for it: it is in the next commit."""
        return Landing(replies=self.commit_many([unit], synced=synced))

    def post(self, unit: Unit) -> None:
        """A hint nobody waits for; it is in one of the next commits, or lost with the process."""
        self.commit(unit, synced=False)

    def position(self) -> int:
        """The seq of the newest event as far as this process knows, 0 when there is none."""
        if self._newest is None:
            self._newest = self._last()
        return self._newest

    def close(self) -> None:
        """Everything handed over is written before this returns."""

    def _last(self) -> int:
        """The end of the log, found by halving, as later events outlive earlier ones."""
        low, high = 0, 1
        while self.store.events(high, 1):
            low, high = high, high * 2
        while low < high:
            middle = (low + high) // 2
            if self.store.events(middle, 1):
                low = middle + 1
            else:
                high = middle
        return low

    def _announce(self, units: Sequence[Unit], replies: Replies) -> None:
        """Whoever follows is woken once the events are there."""
        seqs = [reply.seq for unit, said in zip(units, replies, strict=True) for change, reply in zip(unit, said, strict=True) if isinstance(change, Append)]
        if seqs:
            self._newest = max(self._newest or 0, *seqs)
            self._appended()


class _Job:
    """Units on their way, and what became of them."""

    __slots__ = ("done", "error", "replies", "synced", "units")

    def __init__(self, units: Sequence[Unit], synced: bool, done: threading.Event | None) -> None:
        self.units, self.synced, self.done = units, synced, done
        self.replies: Replies = ()
        self.error: Exception | None = None

    def wait(self) -> Replies:
        """The replies, once they are there."""
        if self.done is not None:
            self.done.wait()
        if self.error is not None:
            raise self.error
        return self.replies


class GroupJournal(Journal):
    """One writer thread; a batch is what arrived while the last commit ran, with no linger."""

    def __init__(self, store: Store, *, log: logging.Logger, appended: Callable[[], None] = lambda: None) -> None:
        super().__init__(store, appended=appended)
        self._log = log
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed, self._door = False, threading.Lock()  # nothing comes in once it is closed: nobody would answer it
        self._writer = threading.Thread(target=self._write, name="sendoff-journal", daemon=True)
        self._writer.start()

    def commit_many(self, units: Sequence[Unit], *, synced: bool = True) -> Replies:
        """As ``Journal.commit_many``, together with whatever else arrives."""
        return self._handed_over(units, synced).wait()

    def submit(self, unit: Unit, *, synced: bool = True) -> Landing:
        """As ``Journal.submit``."""
        return Landing(job=self._handed_over([unit], synced))

    def post(self, unit: Unit) -> None:
        """As ``Journal.post``; returns at once."""
        with self._door:
            if not self._closed:
                self._jobs.put(_Job([unit], False, None))

    def close(self) -> None:
        """Everything handed over is written before this returns."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._writer.join()

    def _handed_over(self, units: Sequence[Unit], synced: bool) -> _Job:
        job = _Job(units, synced, threading.Event())
        with self._door:
            if self._closed:
                raise HostUnavailable("the journal is closed: this process is leaving")
            self._jobs.put(job)
        return job

    def _write(self) -> None:
        while True:
            jobs = self._arrived()
            if jobs:
                self._commit(jobs)
            if self._closed and self._jobs.empty():
                return

    def _arrived(self) -> list[_Job]:
        """Waits for the first, takes what has come by then."""
        first = self._jobs.get()
        jobs, count = ([first], len(first.units)) if first else ([], 0)
        while count < MOST_UNITS:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is not None:
                jobs.append(job)
                count += len(job.units)
        return jobs

    def _commit(self, jobs: list[_Job]) -> None:
        units = [unit for job in jobs for unit in job.units]
        try:
            replies = self.store.commit(units, synced=any(job.synced for job in jobs))
            self._announce(units, replies)
        except SendoffError as error:
            if len(jobs) > 1 and error.facts.get("unkept"):
                self._commit(jobs[: len(jobs) // 2])  # until whoever brought it stands alone: the others have nothing to do with it
                self._commit(jobs[len(jobs) // 2 :])
            else:
                self._refuse(jobs, error)
            return
        except Exception as error:  # noqa: BLE001 - a store is a stranger's code; whoever waits must hear of it
            self._log.exception("the store %s failed", type(self.store).__name__)
            self._refuse(jobs, error)
            return
        taken = 0
        for job in jobs:
            job.replies = replies[taken : taken + len(job.units)]
            taken += len(job.units)
        self._release(jobs)

    def _refuse(self, jobs: list[_Job], error: Exception) -> None:
        for job in jobs:
            job.error = error
            if job.done is None:
                self._log.warning("a checkpoint was not written: %s", error)
        self._release(jobs)

    @staticmethod
    def _release(jobs: list[_Job]) -> None:
        for job in jobs:
            if job.done is not None:
                job.done.set()
