"""The desk where the journal is: checks, records, and wakes whoever acts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sendoff.desk.contract import SLICE
from sendoff.errors import InvalidArgument, Json, SendoffError
from sendoff.model.configuration import Configuration
from sendoff.model.event import Event
from sendoff.model.moment import SECOND, Moment
from sendoff.model.operation import Record, Request
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Applied, Created, Order, Page, Query, Question, Selection, View
from sendoff.model.secret import Credential
from sendoff.model.status import Reason, TransferStatus
from sendoff.policy.cost import Gate
from sendoff.policy.waits import Full
from sendoff.ports.clock import Clock
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.answers import Answers
from sendoff.runtime.clients import Clients
from sendoff.runtime.creation import Creation
from sendoff.runtime.following import Following
from sendoff.runtime.groups import Groups
from sendoff.runtime.in_force import InForce
from sendoff.runtime.intake import Intake
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.ordering import Ordering
from sendoff.runtime.selection import Selecting
from sendoff.runtime.signals import Queued, Signal
from sendoff.runtime.sweeping import Sweeping
from sendoff.runtime.targets import Targets
from sendoff.runtime.underway import Underway
from sendoff.runtime.verdicts import Verdicts
from sendoff.runtime.view import view
from sendoff.runtime.waiting import Standing
from sendoff.runtime.waking import Waking

_SEEN_ONLY = (Reason.QUEUED, Reason.LIMIT, Reason.EARLIER_UPLOAD)  # on record all of them are queued


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the desk works with.

    signal: tells the conductor. questions: answers ``ask`` by word. down_since: when a place was last reached. gate, full: why an
    operation may not run now, and the limit that it waits for. asks: who asks a person for
    all that go there. in_force, groups: the orders for many, and the behaviors, that the conductor heeds. limit: puts other limits in force.
    leaving: this process ends. few: operations that an
    order writes in one unit; for more it becomes a sweep. slice: of its first slice.
    """

    ledger: Ledger
    creation: Creation
    announcer: Announcer
    following: Following
    underway: Underway
    answers: Answers
    clock: Clock
    configuration: Callable[[], Configuration]
    signal: Callable[[Signal], None]
    down_since: Callable[[str], Moment | None]
    gate: Callable[[Record], Gate | None]
    full: Callable[[Record], Full | None]
    asks: Callable[[str], int | None]
    questions: Mapping[str, Callable[[Mapping[str, Json]], Json]]
    keep: Callable[[str, Credential | None], None]
    environment: Mapping[str, str]
    in_force: InForce
    groups: Groups
    limit: Callable[[Mapping[str, Json]], None]
    leaving: threading.Event
    few: int = 100
    slice: int = 64


class App:
    """Implements ``desk.contract.Desk``."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ledger, self._clock = parts.ledger, parts.clock
        self._selecting = Selecting(parts.ledger.journal.store)
        targets = Targets(parts.ledger.journal.store, parts.creation.secrets, parts.in_force)
        self.clients = Clients(parts.ledger, parts.clock, held=parts.creation.spool.holds, signal=parts.signal)
        self._intake = Intake(
            parts.ledger, parts.creation, parts.announcer, targets, parts.clock, stored=lambda lanes: parts.signal(Queued(tuple(lanes))),
            joined=self.clients.joined,
        )  # fmt: skip
        verdicts = Verdicts(parts.creation, parts.ledger.journal.store, parts.clock, self.clients.bound)
        self.sweeping = Sweeping(
            parts.ledger, parts.in_force, verdicts, clock=parts.clock, signal=parts.signal, new_id=parts.creation.new_id, leaving=parts.leaving,
            first=parts.slice,
        )  # fmt: skip
        self._ordering = Ordering(parts.ledger, self._selecting, verdicts, self.sweeping, parts.groups, parts.signal, few=parts.few)
        self.waking = Waking(parts.ledger, parts.creation, self._selecting, self._ordering)

    # -- create ----------------------------------------------------------------------------------------------------

    def create(
        self,
        requests: Iterable[Request],
        *,
        start: bool = True,
        dry_run: bool = False,
        together: bool = False,
        environment: Mapping[str, str] | None = None,
        batch: str | None = None,
    ) -> Iterator[Created | SendoffError]:
        """As ``Desk.create``."""
        surroundings = self._parts.environment if environment is None else environment
        return self._intake.create(requests, surroundings, start=start, dry_run=dry_run, together=together, batch=batch)

    # -- order, page, follow, answer, ask, keep ----------------------------------------------------------------------

    def order(self, order: Order, which: Selection) -> Applied:
        """As ``Desk.order``."""
        if order.verb == "limit":
            self._parts.limit(order.details)
            return Applied()
        client = order.details.get("client")
        with self.clients.joined([str(client)] if client is not None else []):
            return self._ordering.carry_out(order, which)

    def page(self, query: Query, *, after: str | None = None, limit: int = 100) -> Page[View]:
        """As ``Desk.page``."""
        query, limit = self._selecting.understood(query), min(limit, SLICE)
        if query.reason in _SEEN_ONLY:
            return self._seen(query, after, limit)
        found = self._ledger.journal.store.find(query, after=after, limit=limit)
        return Page(items=[self._view(record) for record in found.items], next=found.next)

    def _seen(self, query: Query, after: str | None, limit: int) -> Page[View]:
        """Those that wait for this as they are looked at; so many are looked at that nobody waits long for a page, even if it is not full."""
        views: list[View] = []
        looked, queued = 0, replace(query, reason=str(Reason.QUEUED))
        while True:
            found = self._ledger.journal.store.find(queued, after=after, limit=limit - len(views))
            views += [view for view in map(self._view, found.items) if view["reason"] == query.reason]
            looked, after = looked + len(found.items), found.next
            if after is None or len(views) >= limit or looked >= SLICE:
                return Page(items=views, next=after)

    def _view(self, record: Record) -> View:
        live = self._parts.underway.progress(record.number) if record.owner else None
        since = self._parts.down_since(record.lane.split("|", 4)[4]) if record.reason == Reason.UNREACHABLE else None
        if record.status.terminal or record.due is None:
            return view(record, live)
        slept = self._clock.wall() - self._clock.steady()
        slept = slept if abs(slept) > SECOND else 0
        if record.status is not TransferStatus.IDLE:
            overdue = record.status is TransferStatus.RUNNING and record.owner is None and record.due <= self._clock.steady()
            full = self._parts.full(record) if overdue else None
            return view(record, live, Standing(gate=self._parts.gate(record), since=since, full=full, overdue=overdue), slept=slept)
        place = record.lane.split("|", 4)[4]
        asking = self._parts.asks(place)
        lead = self._ledger.read(asking) if asking is not None and asking != record.number else None
        standing = Standing(
            since=self._parts.down_since(place), earlier=self._earlier(record), asking=lead if lead and lead.needs else None, beside=self._beside(record),
            full=self._parts.full(record), gate=self._parts.gate(record) if record.want is None else None, later=record.due > self._clock.steady(),
        )  # fmt: skip
        return view(record, live, standing, slept=slept)

    def _beside(self, record: Record) -> str | None:
        """The id of the one of its serialized group that is under way."""
        if not self._parts.groups.serialized(record.group):
            return None
        items = self._ledger.journal.store.find(Query(claimed=True, group=record.group), limit=1).items
        return items[0].id if items else None

    def _earlier(self, record: Record) -> str | None:
        """The id of an earlier upload to the same target that goes first."""
        if record.target is None:
            return None
        items = self._ledger.journal.store.find(Query(targets=(record.target,), open=True), limit=10).items
        return next((one.id for one in items if one.number < record.number and one.holds_target), None)

    def follow(self, query: Query, *, after: int | None, progress: bool = False) -> Iterator[Event | UploadProgress | None]:
        """As ``Desk.follow``."""
        return self._parts.following.follow(query, after=after, progress=progress)

    def answer(self, id: str, offset: int = 0) -> Iterator[bytes]:
        """As ``Desk.answer``."""
        (record, *_) = self._selecting.named(id)
        return self._parts.answers.read(record.number, offset)

    def ask(self, question: Question) -> Json:
        """As ``Desk.ask``."""
        if question.what == "trust":
            return self._trusted(question.details)
        if question.what == "clients":
            return self.clients.ask(question.details)
        if question.what not in self._parts.questions:
            raise InvalidArgument(f"there is no question {question.what!r}; there are {', '.join(sorted(self._parts.questions))}")
        return self._parts.questions[question.what](question.details)

    def keep(self, reference: str, credential: Credential | None) -> None:
        """As ``Desk.keep``."""
        self._parts.keep(reference, credential)
        if credential is not None:
            self.waking.came(reference)

    def _trusted(self, details: Mapping[str, Json]) -> Json:
        """A server's key, shown or accepted; whoever waited for that goes on."""
        told = self._parts.questions["trust"](details)
        if told.get("accepted"):
            waiting = Query(statuses=(TransferStatus.PAUSED_RECOVERABLE.word,), reason=str(Reason.HOST_KEY_UNKNOWN))
            self._ordering.give(Order(verb="resume"), list(self._selecting.all(waiting)))  # one a destination, and a known one does not ask again
        return told
