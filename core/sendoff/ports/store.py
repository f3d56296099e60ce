"""Keeping the record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sendoff.model.change import Checkpoint, Opened, Reply, Unit
from sendoff.model.event import Event
from sendoff.model.lane import Lane
from sendoff.model.limits import Retention
from sendoff.model.moment import Moment
from sendoff.model.note import Note, Todo
from sendoff.model.operation import Record
from sendoff.model.query import Page, Query
from sendoff.model.salvage import Salvage
from sendoff.ports.toolkit import Toolkit


class Store(ABC):
    """Records, checkpoints, events, to-dos, notes.

    Knows nothing of states: the core sets the fields, the store indexes them. Reads may come from any thread; ``commit`` from one at a time.
    May be open in several processes; epochs and versions keep them apart.
    Settings: a pydantic model of ``[store]``; unknown keys are errors.

    Example: ``sendoff_sqlite.store:SqliteStore``.
    """

    Settings: ClassVar[type]
    files: ClassVar[Sequence[str]] = ()
    """What it makes in its folder, as patterns of file names: a purge removes these and nothing else."""

    def __init__(self, settings: Any, toolkit: Toolkit) -> None:
        """No input or output happens here."""
        self.settings, self.toolkit = settings, toolkit

    @abstractmethod
    def open(self) -> Opened:
        """Make or migrate (with a backup) and open; or ``StoreRefused`` that says what to do, the file untouched."""

    @abstractmethod
    def commit(self, units: Sequence[Unit], *, synced: bool) -> Sequence[Sequence[Reply]]:
        """Write units, each whole or not at all, in one disk transaction; a reply per change.

        units: a refused change refuses its own unit only. synced: survives a power cut when it returns. Events get their seq in commit order.
        Errors: ``JournalFull`` (nothing of these units was written), ``StoreRefused``; with the fact ``unkept`` where it cannot keep what one of these
        units says: nothing of them was written, and the others may be committed without that one.
        """

    @abstractmethod
    def find(self, query: Query, *, after: str | None = None, limit: int = 100) -> Page[Record]:
        """Records by number, ascending. Bounded time a page: it may hold fewer rows than ``limit``, even none, with ``next``.

        query: which. after: ``next`` of the page before. limit: rows at most. Errors: ``StoreRefused``.
        """

    @abstractmethod
    def checkpoint(self, number: int) -> Checkpoint | None:
        """How far the operation has come, as far as was recorded. number: of the record. Errors: ``StoreRefused``."""

    @abstractmethod
    def lanes(self, now: Moment, *, after: str | None = None, limit: int = 1000) -> Page[Lane]:
        """Lanes with something due, by key, found by index however long the queue.

        now: microseconds since 1970. after: ``next`` of the page before. limit: lanes at most. Errors: ``StoreRefused``.
        """

    @abstractmethod
    def due(self, lane: str, now: Moment, limit: int) -> Sequence[Record]:
        """Unclaimed records of a lane that are due, by rank; skips whoever waits behind an earlier holder of its target. Claims nothing.

        lane: its key. now: microseconds since 1970. limit: records at most. Errors: ``StoreRefused``.
        """

    @abstractmethod
    def rank(self, lane: str, *, below: float | None = None) -> float | None:
        """The lowest rank of what waits in a lane, due or not; None = there is none.

        lane: its key. below: the highest under this one. Errors: ``StoreRefused``.
        """

    @abstractmethod
    def wake(self, now: Moment) -> Moment | None:
        """The first moment after this one at which an unclaimed record becomes due; None = never. now: microseconds since 1970. Errors: ``StoreRefused``."""

    @abstractmethod
    def events(self, after: int, limit: int, *, query: Query | None = None) -> Sequence[Event]:
        """Events in commit order; never a hole that fills later.

        after: those with a greater seq. limit: events at most. query: its ids, batch and types count. Errors: ``StoreRefused``.
        """

    @abstractmethod
    def todos(self, now: Moment, *, kind: str | None = None, limit: int = 100) -> Sequence[Todo]:
        """What is due, longest due first. now: microseconds since 1970. kind: only these. limit: to-dos at most. Errors: ``StoreRefused``."""

    @abstractmethod
    def notes(self, kind: str, *, after: str | None = None, limit: int = 1000) -> Page[Note]:
        """Notes of a kind, by key. kind: which. after: ``next`` of the page before. limit: notes at most. Errors: ``StoreRefused``."""

    @abstractmethod
    def note(self, kind: str, keys: Sequence[str]) -> Mapping[str, Note]:
        """The named notes that exist. kind: which. keys: their names. Errors: ``StoreRefused``."""

    @abstractmethod
    def trim(self, keep: Retention, *, limit: int) -> int:
        """Forget finished operations (with their events and checkpoints) past retention; how many; 0 when done.

        keep: how long. limit: operations at most. With the last who refers to it, an operation or an ``abort`` to-do whose payload names it, goes an
        ``environment`` note; every other note stays. Errors: ``JournalFull``, ``StoreRefused``.
        """

    @abstractmethod
    def close(self) -> None:
        """Leave the journal as another process may find it."""


class Purging(ABC):
    """A store whose journal lies elsewhere than in the state folder, so that removing files does not remove it.

    Example: ``sendoff_postgres:PostgresStore``.
    """

    @abstractmethod
    def purge(self) -> None:
        """Remove the journal for good, with everything in it. Only whoever holds the host's role calls it, while it is closed.

        Errors: ``StoreRefused`` where that cannot be done; then nothing of it was removed.
        """


class Salvaging(ABC):
    """A store whose journal can come from another machine, or be damaged. Only whoever holds the host's role calls these, and before ``open``.

    Example: ``sendoff_sqlite.store:SqliteStore``.
    """

    @abstractmethod
    def adopt(self) -> Opened:
        """As ``open``; a journal of another machine is this machine's from now on."""

    @abstractmethod
    def recover(self) -> Salvage:
        """Save what can be read of a damaged journal into a new one in its place, and keep the damaged one beside it, byte for byte.

        Nothing that may have been sent and must not be sent twice is sent again. A sound journal is left as it is.
        Errors: ``StoreRefused`` where nothing can be read, everything untouched.
        """
