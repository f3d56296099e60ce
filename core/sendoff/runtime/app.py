"""The desk where the journal is: checks, records, and wakes whoever acts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sendoff.desk.contract import SLICE
from sendoff.errors import IdConflict, InvalidArgument, InvalidState, Json, Refused, SendoffError
from sendoff.model.change import Append, Change, Insert, Reply, SaveNote
from sendoff.model.configuration import Configuration
from sendoff.model.event import Event
from sendoff.model.operation import Record, Request
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Applied, Created, Order, Page, Query, Question, Selection, View
from sendoff.model.secret import Credential
from sendoff.model.status import TransferStatus, Want
from sendoff.policy.decision import Decision
from sendoff.policy.order import ordered
from sendoff.ports.clock import Clock
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.answers import Answers
from sendoff.runtime.conductor import Queued, Signal, Stop
from sendoff.runtime.creation import Creation, Draft, fingerprint
from sendoff.runtime.following import Following
from sendoff.runtime.ledger import BATCH, Ledger
from sendoff.runtime.selection import Selecting
from sendoff.runtime.underway import Underway
from sendoff.runtime.view import view

_MOST_NAMED = 1000  # ids an order names in its answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the desk works with. signal: tells the conductor. questions: answers ``ask`` by word. down: whether a place cannot be reached."""

    ledger: Ledger
    creation: Creation
    announcer: Announcer
    following: Following
    underway: Underway
    answers: Answers
    clock: Clock
    configuration: Callable[[], Configuration]
    signal: Callable[[Signal], None]
    down: Callable[[str], bool]
    questions: Mapping[str, Callable[[Mapping[str, Json]], Json]]
    keep: Callable[[str, Credential | None], None]
    environment: Mapping[str, str]


class App:
    """Implements ``desk.contract.Desk``."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ledger, self._clock = parts.ledger, parts.clock
        self._selecting = Selecting(parts.ledger.journal.store)

    # -- create ----------------------------------------------------------------------------------------------------

    def create(
        self,
        requests: Iterable[Request],
        *,
        start: bool = True,
        dry_run: bool = False,
        together: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[Created | SendoffError]:
        """As ``Desk.create``."""
        waiting, batch, total, sealed = iter(requests), self._parts.creation.new_id(), 0, dry_run
        surroundings = self._parts.environment if environment is None else environment
        try:
            while some := list(itertools.islice(waiting, SLICE)):
                drafts = self._drafts(some, batch, surroundings, start, together)
                total += sum(isinstance(draft, Draft) for draft in drafts)
                if dry_run:
                    yield from (_planned(draft) if isinstance(draft, Draft) else draft for draft in drafts)
                    continue
                sealed = len(some) < SLICE
                yield from self._store(drafts, batch, total, sealed)
        finally:
            if not sealed:
                self._seal(batch, total)

    def _drafts(self, some: Sequence[Request], batch: str, environment: Mapping[str, str], start: bool, together: bool) -> list[Draft | SendoffError]:
        """Each request checked; ``together``: one bad one refuses the others."""
        drafts = [self._draft(request, batch, environment, start) for request in some]
        if together and any(isinstance(draft, SendoffError) for draft in drafts):
            return [draft if isinstance(draft, SendoffError) else Refused("another source of the same put was refused; nothing was stored") for draft in drafts]
        return drafts

    def _draft(self, request: Request, batch: str, environment: Mapping[str, str], start: bool) -> Draft | SendoffError:
        try:
            draft = self._parts.creation.draft(request, batch=batch, environment=environment, now=self._clock.steady(), wall=self._clock.wall(), start=start)
            self._parts.announcer.listeners.before_queue(draft.record)
        except SendoffError as error:
            return error
        return draft

    def _store(self, drafts: Sequence[Draft | SendoffError], batch: str, total: int, last: bool) -> Iterator[Created | SendoffError]:
        """One disk transaction for a slice; each request is answered for itself."""
        good = [draft for draft in drafts if isinstance(draft, Draft)]
        units: list[list[Change]] = [[note] for draft in good for note in draft.notes]
        ahead = len(units)
        units += [[Insert(draft.record), Append(self._created(draft.record))] for draft in good]
        if total > 1:
            units.append([SaveNote(kind=BATCH, key=batch, value={"total": total, "sealed": last, "completed": False})])
        replies = iter(self._ledger.journal.commit_many(units)[ahead:]) if units else iter(())
        answers = [self._stored(draft, next(replies)) if isinstance(draft, Draft) else draft for draft in drafts]
        self._parts.signal(Queued())
        yield from answers

    def _stored(self, draft: Draft, replies: Sequence[Reply]) -> Created | SendoffError:
        reply, record = replies[0], draft.record
        if reply.refused is None:
            if self._parts.announcer.heard:
                self._parts.announcer.tell(replace(record, number=reply.number), [("created", {})])
            return Created(id=record.id, number=reply.number, batch=record.batch, url=record.spec.url, warning=draft.warning)
        there = reply.existing
        if there is None:
            return InvalidState(f"the operation {record.id} was not stored: {reply.refused}")
        if fingerprint(there) != fingerprint(record):
            return IdConflict(
                f"--id {record.id} is taken: it sends {there.spec.source.path} to {there.spec.url}, not {record.spec.source.path} to {record.spec.url}"
            )
        return Created(id=there.id, number=there.number, batch=there.batch, url=there.spec.url, existing=True)

    def _created(self, record: Record) -> Event:
        data = {"started": record.due is not None, "url": record.spec.url, "size": record.spec.source.size}
        return Event(id=f"{record.id}.created", time=record.created_at, type="created", operation=record.id, batch=record.batch, data=data)

    def _seal(self, batch: str, total: int) -> None:
        """The last slice was full, or the client has gone: the batch is closed at what came."""
        if total > 1:
            self._ledger.journal.commit([SaveNote(kind=BATCH, key=batch, value={"total": total, "sealed": True, "completed": False})])
            members = self._ledger.journal.store.find(Query(batch=batch), limit=1).items
            if members:
                self._ledger.close_batch(batch, members[0])

    # -- order, page, follow, answer, ask, keep ----------------------------------------------------------------------

    def order(self, order: Order, which: Selection) -> Applied:
        """As ``Desk.order``."""
        if not (which.ids or which.batch or which.group or which.all or which.failed):
            raise InvalidArgument(f"{order.verb} what? Name operations, a batch, a group or --all")
        ids: list[str] = []
        skipped: list[tuple[str, str]] = []
        count = 0
        for record in self._selecting.chosen(which):
            try:
                self._obey(order, record)
            except InvalidState as error:
                if len(which.ids) == 1 and not (which.batch or which.group or which.all) and record.id != record.batch:
                    raise
                skipped.append((record.id, error.message))
                continue
            count += 1
            if len(ids) < _MOST_NAMED:
                ids.append(record.id)
        self._parts.signal(Queued())
        return Applied(count=count, ids=tuple(ids), skipped=tuple(skipped[:_MOST_NAMED]))

    def _obey(self, order: Order, record: Record) -> None:
        identity = self._identity(order, record)

        def decide(newest: Record) -> Decision | None:
            decision = ordered(order.verb, newest, self._clock.steady(), self._clock.wall())
            return replace(decision, fields={**decision.fields, **identity}) if decision is not None else None

        after = self._ledger.enter_latest(record, decide)
        if after is not None and after.want in (Want.PAUSE, Want.CANCEL):
            self._parts.signal(Stop(after.number, f"ordered: {after.want}"))

    def _identity(self, order: Order, record: Record) -> Mapping[str, Json]:
        """``resume`` and ``retry`` go on with the environment of whoever orders them: a corrected variable is found there."""
        environment = order.details.get("environment")
        if order.verb not in ("resume", "retry") or environment is None or (record.status.terminal and record.status is not TransferStatus.ERROR):
            return {}
        key, note = self._parts.creation.identity(record, environment)
        if note is not None:
            self._ledger.journal.commit([note])
        return {"environment": key} if key is not None else {}

    def page(self, query: Query, *, after: str | None = None, limit: int = 100) -> Page[View]:
        """As ``Desk.page``."""
        found = self._ledger.journal.store.find(query, after=after, limit=min(limit, SLICE))
        return Page(items=[self._view(record) for record in found.items], next=found.next)

    def _view(self, record: Record) -> View:
        live = self._parts.underway.progress(record.number) if record.owner else None
        if record.status is not TransferStatus.IDLE or record.due is None:
            return view(record, live)
        place = record.lane.split("|", 4)[4]
        return view(record, live, unreachable=self._parts.down(place), earlier=self._earlier(record))

    def _earlier(self, record: Record) -> str | None:
        """The id of an earlier upload to the same target that goes first."""
        if record.target is None:
            return None
        items = self._ledger.journal.store.find(Query(target=record.target, open=True), limit=10).items
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
        if question.what not in self._parts.questions:
            raise InvalidArgument(f"there is no question {question.what!r}; there are {', '.join(sorted(self._parts.questions))}")
        return self._parts.questions[question.what](question.details)

    def keep(self, reference: str, credential: Credential | None) -> None:
        """As ``Desk.keep``."""
        self._parts.keep(reference, credential)


def _planned(draft: Draft) -> Created:
    """What a dry run answers."""
    return Created(id=draft.record.id, number=0, batch=draft.record.batch, url=draft.record.spec.url, warning=draft.warning)
