"""Taking requests in: checked, a slice at a time in one disk transaction, each answered for itself, all of a call one batch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sendoff.desk.contract import SLICE
from sendoff.errors import HostUnavailable, IdConflict, InvalidState, Refused, SendoffError
from sendoff.model.change import Append, Change, Insert, Reply, SaveNote
from sendoff.model.event import Event
from sendoff.model.operation import Record, Request
from sendoff.model.query import Created, Query
from sendoff.ports.clock import Clock
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.creation import Creation, Draft, fingerprint
from sendoff.runtime.ledger import BATCH, Ledger

Checked = Draft | SendoffError


@dataclass(slots=True, kw_only=True)
class Call:
    """One call of ``create``. total: operations stored so far. own_ids: some were named by the caller, so that they may be there already."""

    batch: str
    environment: Mapping[str, str]
    start: bool
    together: bool
    total: int = 0
    own_ids: bool = False
    sealed: bool = False


class Intake:
    """Creates operations. stored: told after each slice."""

    def __init__(self, ledger: Ledger, creation: Creation, announcer: Announcer, clock: Clock, *, stored: Callable[[], None]) -> None:
        self._ledger, self._creation, self._announcer, self._clock, self._told = ledger, creation, announcer, clock, stored

    def create(
        self, requests: Iterable[Request], environment: Mapping[str, str], *, start: bool, dry_run: bool, together: bool
    ) -> Iterator[Created | SendoffError]:
        """As ``Desk.create``. Whoever stops listening leaves what was stored as a batch of that many."""
        call = Call(batch=self._creation.new_id(), environment=environment, start=start, together=together)
        waiting, stopped = iter(requests), True
        try:
            while some := list(itertools.islice(waiting, SLICE)):
                checked = self._checked(some, call)
                yield from (self._planned(checked) if dry_run else self._store(checked, call, last=len(some) < SLICE))
            stopped = False
        finally:
            if not dry_run and not call.sealed:
                with suppress(HostUnavailable):  # this process leaves: the next one seals what it finds
                    self._seal(call, stopped=stopped)

    # -- checking --------------------------------------------------------------------------------------------------

    def _checked(self, some: Sequence[Request], call: Call) -> list[Checked]:
        """Each request checked; ``together``: one bad one refuses the others."""
        call.own_ids = call.own_ids or any(request.id is not None for request in some)
        checked = [self._draft(request, call) for request in some]
        if call.together and any(isinstance(one, SendoffError) for one in checked):
            return [one if isinstance(one, SendoffError) else Refused("another source of the same put was refused; nothing was stored") for one in checked]
        return checked

    def _draft(self, request: Request, call: Call) -> Checked:
        now, wall = self._clock.steady(), self._clock.wall()
        try:
            draft = self._creation.draft(request, batch=call.batch, environment=call.environment, now=now, wall=wall, start=call.start)
            self._announcer.listeners.before_queue(draft.record)
        except SendoffError as error:
            return error
        return draft

    @staticmethod
    def _planned(checked: Sequence[Checked]) -> list[Created | SendoffError]:
        """What a dry run answers."""
        return [
            one if isinstance(one, SendoffError) else Created(id=one.record.id, number=0, batch=one.record.batch, url=one.record.spec.url, warning=one.warning)
            for one in checked
        ]

    # -- storing ---------------------------------------------------------------------------------------------------

    def _store(self, checked: Sequence[Checked], call: Call, *, last: bool) -> list[Created | SendoffError]:
        """One disk transaction for a slice."""
        checked = [self._adopted(one) for one in checked]
        drafts = [one for one in checked if isinstance(one, Draft)]
        ids = [one.record.id for one in drafts]
        self._announcer.expect(ids)
        try:
            replies = iter(self._commit(drafts, call, sealed=last and not call.own_ids))
            answers = [self._stored(one, next(replies)) if isinstance(one, Draft) else one for one in checked]
        finally:
            for id in ids:
                self._announcer.release(id)
        call.total += sum(isinstance(one, Created) and not one.existing for one in answers)
        if last and not call.sealed:
            self._seal(call, stopped=False)
        self._told()
        return answers

    def _adopted(self, one: Checked) -> Checked:
        """A spooled copy becomes the operation's own just before it is stored."""
        if isinstance(one, Draft) and one.spool is not None:
            try:
                self._creation.spool.adopt(one.spool)
            except SendoffError as error:
                return error
        return one

    def _commit(self, drafts: Sequence[Draft], call: Call, *, sealed: bool) -> Sequence[Sequence[Reply]]:
        """The replies for each draft. An environment is written with every slice that names it, so that nobody erases it in between."""
        units: list[list[Change]] = [[note] for note in {note.key: note for draft in drafts for note in draft.notes}.values()]
        ahead = len(units)
        units += [[Insert(draft.record), Append(self._created(draft.record))] for draft in drafts]
        if call.total + len(drafts) > 1:
            units.append([_note(call.batch, call.total + len(drafts), sealed=sealed)])
            call.sealed = sealed
        try:
            return self._ledger.journal.commit_many(units)[ahead:] if drafts else ()
        except SendoffError:
            for draft in drafts:
                self._let_go(draft, stored=False)
            raise

    def _stored(self, draft: Draft, replies: Sequence[Reply]) -> Created | SendoffError:
        reply, record = replies[0], draft.record
        if reply.refused is None:
            self._let_go(draft, stored=True)
            if self._announcer.heard:
                self._announcer.tell(replace(record, number=reply.number), [("created", {})])
            return Created(id=record.id, number=reply.number, batch=record.batch, url=record.spec.url, warning=draft.warning)
        there = reply.existing
        self._let_go(draft, stored=there is not None and there.spec.source.path == record.spec.source.path)
        if there is None:
            return InvalidState(f"the operation {record.id} was not stored: {reply.refused}")
        if fingerprint(there) != fingerprint(record):
            return _conflict(there, record)
        return Created(id=there.id, number=there.number, batch=there.batch, url=there.spec.url, existing=True)

    def _let_go(self, draft: Draft, *, stored: bool) -> None:
        """A spooled copy is the stored operation's, or nobody's."""
        if draft.spool is not None:
            self._creation.spool.settle(draft.record.spec.source.path, keep=stored)

    def _created(self, record: Record) -> Event:
        data = {"started": record.due is not None, "url": record.spec.url, "size": record.spec.source.size}
        return Event(id=f"{record.id}.created", time=record.created_at, type="created", operation=record.id, batch=record.batch, data=data)

    # -- the batch -------------------------------------------------------------------------------------------------

    def _seal(self, call: Call, *, stopped: bool) -> None:
        """The batch is closed at what came. stopped: the caller went away before the end, and an event says so."""
        call.sealed = True
        if call.total > 1:
            told = Event(id=f"{call.batch}.sealed", time=self._clock.wall(), type="changed", batch=call.batch, data={"sealed": call.total})
            self._ledger.journal.commit([_note(call.batch, call.total, sealed=True), *([Append(told)] if stopped else [])])
            members = self._ledger.journal.store.find(Query(batch=call.batch), limit=1).items
            if members:
                self._ledger.close_batch(call.batch, members[0])
        elif call.own_ids:
            self._ledger.journal.commit([SaveNote(kind=BATCH, key=call.batch, value=None)])


def _note(batch: str, total: int, *, sealed: bool) -> SaveNote:
    return SaveNote(kind=BATCH, key=batch, value={"total": total, "sealed": sealed})


def _conflict(there: Record, record: Record) -> IdConflict:
    """Both are shown; where what is shown is the same, what differs is named."""
    old, new = _shown(there), _shown(record)
    if old != new:
        return IdConflict(f"--id {record.id} is taken: it is {old}, not {new}")
    pairs = {
        "headers": (there.spec.headers, record.spec.headers),
        "label": (there.spec.label, record.spec.label),
        "data": (dict(there.spec.metadata), dict(record.spec.metadata)),
        "group": (there.group, record.group),
    }
    other = " and ".join(name for name, (one, another) in pairs.items() if one != another)
    return IdConflict(f"--id {record.id} is taken: it is {old} with other {other}")


def _shown(record: Record) -> str:
    spec = record.spec
    path = "a stream" if spec.source.kind == "spool" else spec.source.path
    return f"{spec.method or 'an upload'} of {path} ({spec.source.size} bytes) to {spec.url}"
