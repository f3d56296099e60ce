"""Taking requests in: checked, a slice at a time in one disk transaction, each answered for itself, all of a call one batch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace

from sendoff.desk.contract import SLICE
from sendoff.errors import HostUnavailable, InvalidState, Refused, SendoffError, SourceMissing
from sendoff.model.change import Change, Reply
from sendoff.model.operation import Record, Request
from sendoff.model.query import Created, Query
from sendoff.policy.target import Meeting, replaced
from sendoff.ports.clock import Clock
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.batches import kept
from sendoff.runtime.creation import Creation
from sendoff.runtime.draft import Draft, Entry
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.likeness import conflict, fingerprint
from sendoff.runtime.receipts import Brought, brought
from sendoff.runtime.targets import Targets, same_of

Answer = Created | SendoffError
Checked = Draft | Created | SendoffError
NOTHING = Meeting()


@dataclass(slots=True, kw_only=True)
class Call:
    """One call of ``create``. total: operations stored so far. number: the batch's, once it has one. own_ids: some were named by the caller,
    so that they may be there already. joined: the batch is one that a client holds open, and total counts all of it."""

    batch: str
    environment: Mapping[str, str]
    start: bool
    together: bool
    joined: bool = False
    total: int = 0
    number: int | None = None
    own_ids: bool = False
    sealed: bool = False


class Intake:
    """Creates operations. stored: told after each slice in which lanes it has stored. joined: as long as some come to go by the life of clients."""

    def __init__(
        self, ledger: Ledger, creation: Creation, announcer: Announcer, targets: Targets, clock: Clock, *, stored: Callable[[Sequence[str]], None],
        joined: Callable[[Collection[str]], AbstractContextManager[None]],
    ) -> None:  # fmt: skip
        self._joined = joined
        self._ledger, self._creation, self._announcer, self._clock, self._told = ledger, creation, announcer, clock, stored
        self._batches, self._store, self._targets = ledger.batches, ledger.journal.store, targets

    def create(
        self, requests: Iterable[Request], environment: Mapping[str, str], *, start: bool, dry_run: bool, together: bool, batch: str | None = None
    ) -> Iterator[Created | SendoffError]:
        """As ``Desk.create``. Whoever stops listening leaves what was stored as a batch of that many."""
        joined = batch is not None
        call = Call(batch=batch or self._creation.new_id(), environment=environment, start=start, together=together, joined=joined, sealed=joined)
        waiting, stopped = iter(requests), True
        try:
            while some := list(itertools.islice(waiting, SLICE)):
                checked = self._checked(some, call)
                yield from (self._planned(checked, call) if dry_run else self._taken(checked, call, last=len(some) < SLICE))
            stopped = False
        finally:
            if not dry_run and not call.sealed:
                with suppress(HostUnavailable):  # this process leaves: the next one seals what it finds
                    self._seal(call, stopped=stopped)

    # -- checking --------------------------------------------------------------------------------------------------

    def _checked(self, some: Sequence[Request], call: Call) -> list[Checked]:
        """Each request checked; ``together``: one bad one refuses the others."""
        call.own_ids = call.own_ids or any(request.id is not None for request in some)
        unchanged = self._unchanged(some, call)
        checked = [unchanged.get(place) or self._draft(request, call) for place, request in enumerate(some)]
        if call.together and any(isinstance(one, SendoffError) for one in checked):
            return [one if isinstance(one, SendoffError) else Refused("another source of the same put was refused; nothing was stored") for one in checked]
        return checked

    def _unchanged(self, some: Sequence[Request], call: Call) -> dict[int, Created]:
        """What has a receipt for the same target with the same size and time; its source is not looked at."""
        asked: dict[int, tuple[str, str]] = {}
        for place, request in enumerate(some):
            if request.only_new is not None:
                with suppress(SendoffError):  # that is said when it is checked
                    address, method = self._creation.addressed(request)
                    asked[place] = (self._creation.one_thing(address, method, request.options) or "", address.target.public)
        there = brought(self._store, list({key for key, _ in asked.values()}))
        return {
            place: Created(id=there[key].id, number=there[key].number, batch=call.batch, url=url, existing=True, skipped="unchanged")
            for place, (key, url) in asked.items()
            if key in there and _brings(some[place], there[key])
        }

    def _draft(self, request: Request, call: Call) -> Checked:
        now, wall = self._clock.steady(), self._clock.wall()
        try:
            draft = self._creation.draft(request, batch=call.batch, environment=call.environment, now=now, wall=wall, start=call.start)
            self._announcer.listeners.before_queue(draft.record)
        except SourceMissing as error:
            return self._known(request, call) or (self._vanished(request, call) if request.found else error)
        except SendoffError as error:
            return error
        return draft

    def _known(self, request: Request, call: Call) -> Answer | None:
        """Who has the id already, where the file is gone: it may have let go of it, and the same is asked for once more."""
        if request.id is None or request.form is not None or request.spool is not None:
            return None
        there = next(iter(self._store.find(Query(ids=(request.id,)), limit=1).items), None)
        if there is None or there.spec.source.kind != "file":
            return None
        now, wall, known = self._clock.steady(), self._clock.wall(), there.spec.source
        try:
            draft = self._creation.draft(request, batch=call.batch, environment=call.environment, now=now, wall=wall, start=call.start, known=known)
        except SendoffError as error:
            return error
        return _there(there, draft.record)

    def _vanished(self, request: Request, call: Call) -> Checked:
        """A walk saw it, and it is gone: nobody asked for this one."""
        try:
            address, _ = self._creation.addressed(request)
        except SendoffError as error:
            return error
        return Created(id="", number=0, batch=call.batch, url=address.target.public, skipped="vanished")

    def _planned(self, checked: Sequence[Checked], call: Call) -> list[Answer]:
        """What a dry run answers."""
        drafts = {place: one for place, one in enumerate(checked) if isinstance(one, Draft)}
        meetings = self._targets.met(drafts) if call.start else {}
        ids = tuple(one.record.id for one in drafts.values()) if call.own_ids else ()
        there = {record.id: record for record in self._store.find(Query(ids=ids), limit=len(ids)).items if record.id in ids} if ids else {}
        answers: list[Answer] = []
        for place, one in enumerate(checked):
            if not isinstance(one, Draft):
                answers.append(one)
            elif one.record.id in there:
                answers.append(_there(there[one.record.id], one.record))
            else:
                same = same_of(meetings, place)
                answers.append(_created(one, 0) if same is None else replace(_created(one, same.number), id=same.id, batch=same.batch, existing=True))
        return answers

    # -- storing ---------------------------------------------------------------------------------------------------

    def _taken(self, checked: Sequence[Checked], call: Call, *, last: bool) -> list[Answer]:
        """One disk transaction for a slice."""
        drafts = {place: one for place, one in enumerate(checked) if isinstance(one, Draft)}
        clients = {one.record.spec.client for one in drafts.values() if one.record.spec.client is not None}
        with self._joined(clients), self._joining(call):
            if not call.start:
                answers = self._enter(checked, drafts, {}, call, last=last)
            else:
                with self._targets.held(drafts.values()):
                    answers = self._enter(checked, drafts, self._targets.met(drafts), call, last=last)
        if last and not call.sealed:
            self._seal(call, stopped=False)
        self._told([one.record.lane for one in drafts.values()])
        return answers

    @contextmanager
    def _joining(self, call: Call) -> Iterator[None]:
        """A batch that a client holds open stays open meanwhile."""
        if not call.joined:
            yield
            return
        with self._ledger.open_batches.joined(call.batch) as note:
            call.number, call.total = (note.value["number"], note.value["total"]) if note is not None else (None, 0)
            yield

    def _enter(self, checked: Sequence[Checked], drafts: Mapping[int, Draft], meetings: Mapping[int, Meeting], call: Call, *, last: bool) -> list[Answer]:
        """Store what is new; the answers, in the order of the requests."""
        answers: dict[int, Answer] = {place: one for place, one in enumerate(checked) if not isinstance(one, Draft)}
        same = {place: meeting.same for place, meeting in meetings.items() if meeting.same is not None}
        new = self._adopted({place: draft for place, draft in drafts.items() if place not in same}, answers)
        entries = [self._entry(place, draft, meetings.get(place, NOTHING)) for place, draft in new.items()]
        ids = [entry.draft.record.id for entry in entries]
        self._announcer.expect(ids)
        try:
            replies = self._commit(entries, call, last=last)
            answers.update(self._answers(entries, replies, call))
        finally:
            for id in ids:
                self._announcer.release(id)
        firsts = {entry.draft.record.id: answers[entry.place] for entry in reversed(entries)} if same else {}
        for place, record in same.items():
            answers[place] = _existing(record) if record.number else _again(firsts[record.id])
        return self._numbered([answers[place] for place in range(len(checked))], call)

    def _adopted(self, drafts: Mapping[int, Draft], answers: dict[int, Answer]) -> dict[int, Draft]:
        """A spooled copy becomes the operation's own just before it is stored; what cannot be is answered."""
        adopted: dict[int, Draft] = {}
        for place, draft in drafts.items():
            try:
                self._creation.spool.adopt_all(draft.spools)
                adopted[place] = draft
            except SendoffError as error:
                answers[place] = error
        return adopted

    def _entry(self, place: int, draft: Draft, meeting: Meeting) -> Entry:
        wall = self._clock.wall()
        ends = tuple(self._ledger.prepared(one, replaced(one, draft.record.id, wall)) for one in meeting.replaced)
        return Entry(place=place, draft=draft, passed=meeting.passed, ends=ends)

    def _commit(self, entries: Sequence[Entry], call: Call, *, last: bool) -> list[Sequence[Reply]]:
        """The replies for each entry. What was to be replaced and has begun meanwhile goes on, and the new one waits behind it."""
        sealed = last and not call.joined and not call.own_ids and not any(entry.ends for entry in entries)
        try:
            replies = self._write(entries, call, total=call.total + len(entries), sealed=sealed)
            late = {place: replace(entries[place], ends=()) for place, said in enumerate(replies) if said[0].refused == "unit"}
            for place, said in zip(late, self._write([*late.values()], call, total=call.total + len(entries), sealed=False), strict=True):
                replies[place] = said
        except SendoffError:
            for entry in entries:
                self._let_go(entry.draft, stored=False)
            raise
        taken = (entry for place, entry in enumerate(entries) if replies[place][0].refused is None and place not in late)
        self._ledger.settle([one for entry in taken for one in entry.ends])
        return replies

    def _write(self, entries: Sequence[Entry], call: Call, *, total: int, sealed: bool) -> list[Sequence[Reply]]:
        """An environment is written with every slice that names it, so that nobody erases it in between."""
        if not entries:
            return []
        units: list[list[Change]] = [[note] for note in {note.key: note for entry in entries for note in entry.draft.notes}.values()]
        ahead = len(units)
        units += [entry.unit for entry in entries]
        if total > 1 or call.joined:
            call.number = call.number or self._batches.reserve()
            units.append(kept(call.batch, call.number, total, sealed=sealed, held=call.joined))
            call.sealed = sealed or call.joined
        return list(self._ledger.journal.commit_many(units)[ahead : ahead + len(entries)])

    # -- answering -------------------------------------------------------------------------------------------------

    def _answers(self, entries: Sequence[Entry], replies: Sequence[Sequence[Reply]], call: Call) -> Iterator[tuple[int, Answer]]:
        call.total += sum(said[0].refused is None for said in replies)
        number = call.number if call.total > 1 or call.joined else None
        for entry, said in zip(entries, replies, strict=True):
            yield entry.place, self._stored(entry.draft, said[0], number)

    def _stored(self, draft: Draft, reply: Reply, number: int | None) -> Answer:
        record = draft.record
        if reply.refused is None:
            self._let_go(draft, stored=True)
            if self._announcer.heard:
                self._announcer.tell(replace(record, number=reply.number), [("created", {})])
            return _created(draft, reply.number, number)
        there = reply.existing
        self._let_go(draft, stored=there is not None and there.spec.source.copies == record.spec.source.copies)
        if there is None:
            return InvalidState(f"the operation {record.id} was not stored: {reply.refused}")
        return _there(there, record)

    def _numbered(self, answers: list[Answer], call: Call) -> list[Answer]:
        """What was there already is told with the number of its own batch."""
        others = {one.batch for one in answers if isinstance(one, Created) and one.existing} - {call.batch}
        numbers = self._batches.numbers(list(others))
        if not numbers:
            return answers
        return [replace(one, batch_number=numbers[one.batch]) if isinstance(one, Created) and one.batch in numbers else one for one in answers]

    def _let_go(self, draft: Draft, *, stored: bool) -> None:
        """A spooled copy is the stored operation's, or nobody's."""
        for path in draft.record.spec.source.copies:
            self._creation.spool.settle(path, keep=stored)

    def _seal(self, call: Call, *, stopped: bool) -> None:
        """The batch is closed at what came. stopped: the caller went away before the end."""
        call.sealed = True
        if call.number is None:
            return
        if call.total > 1:
            self._batches.seal(call.batch, call.number, call.total, stopped=stopped)
        else:
            self._batches.forget(call.batch, call.number)


def _brings(request: Request, there: Brought) -> bool:
    """Whether what lies there is what the request would bring again."""
    return request.only_new is not None and there.is_of(*request.only_new, request.offset, request.length)


def _created(draft: Draft, number: int, batch_number: int | None = None) -> Created:
    record = draft.record
    return Created(id=record.id, number=number, batch=record.batch, url=record.spec.url, warning=draft.warning, batch_number=batch_number)


def _existing(record: Record) -> Created:
    return Created(id=record.id, number=record.number, batch=record.batch, url=record.spec.url, existing=True)


def _there(there: Record, record: Record) -> Answer:
    """Whoever has the id already: the same operation, or another."""
    return _existing(there) if fingerprint(there) == fingerprint(record) else conflict(there, record)


def _again(first: Answer) -> Answer:
    """The second of two equal requests is the first."""
    return replace(first, existing=True) if isinstance(first, Created) else first
