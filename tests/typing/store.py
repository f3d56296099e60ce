"""A store of somebody else's, and what it keeps: it is never run, and strict type checkers must accept every line."""

from collections.abc import Mapping, Sequence
from typing import Any

import sendoff


class Keys:
    """What the store takes from the configuration; a pydantic model in earnest."""


class Shelf(sendoff.Store, sendoff.Purging, sendoff.Salvaging):
    Settings = Keys
    files = ("shelf*",)

    def open(self) -> sendoff.Opened:
        return sendoff.Opened(journal="0190", schema=1, machine="c0ffee")

    def adopt(self) -> sendoff.Opened:
        found = self.open()
        print(found.journal, found.schema, found.machine)
        return found

    def purge(self) -> None:
        self.close()

    def recover(self) -> sendoff.Salvage:
        saved = sendoff.Salvage(journal="0190", kept="", saved={"operations": 12}, unreadable={}, lost=(), uncertain=())
        print(saved.journal, saved.kept, saved.saved, saved.unreadable, saved.lost, saved.uncertain)
        return saved

    def commit(self, units: Sequence[sendoff.Unit], *, synced: bool) -> Sequence[Sequence[sendoff.Reply]]:
        return [[self._written(change) for change in unit] for unit in units]

    def _written(self, change: object) -> sendoff.Reply:
        match change:
            case sendoff.Insert(record=record):
                return sendoff.Reply(number=record.number, version=record.version, want=record.want, existing=None)
            case sendoff.Update(number=number, seen=seen, fields=fields, epoch=epoch):
                return sendoff.Reply(refused="epoch" if epoch and not fields else None, number=number, version=seen + 1)
            case sendoff.SaveCheckpoint(number=number, epoch=_, session=session, confirmed=confirmed, prefix=prefix):
                print(session, confirmed, prefix)
                return sendoff.Reply(number=number)
            case sendoff.DropCheckpoint(number=number, epoch=_):
                return sendoff.Reply(number=number)
            case sendoff.Append(event=event):
                return sendoff.Reply(seq=event.seq)
            case sendoff.SaveTodo(kind=kind, about=about, seen=_, payload=payload, due=due, tries=tries):
                print(kind, about, payload, due, tries)
            case sendoff.SaveNote(kind=kind, key=key, value=value, seen=seen):
                print(kind, key, value, seen)
            case sendoff.Reserve():
                return sendoff.Reply(number=8)
            case _:
                raise TypeError(change)
        return sendoff.Reply()

    def find(self, query: sendoff.Query, *, after: str | None = None, limit: int = 100) -> sendoff.Page[sendoff.Record]:
        told: tuple[Any, ...] = (query.name, query.ids, query.numbers, query.prefix, query.batch, query.group, query.statuses, query.reason)
        print(told, query.open, query.listed, query.claimed, query.targets, query.due_after, query.grouped, query.metadata, query.types)
        return sendoff.Page(items=(), next=None)

    def checkpoint(self, number: int) -> sendoff.Checkpoint | None:
        found = sendoff.Checkpoint(session=None, confirmed=0, prefix=(65536, 0))
        print(found.session, found.confirmed, found.prefix)
        return found

    def lanes(self, now: sendoff.Moment, *, after: str | None = None, limit: int = 1000) -> sendoff.Page[sendoff.Lane]:
        lane = sendoff.Lane(key="1|0|0|night|archive", since=now)
        print(lane.key, lane.since, lane.order, lane.cost_policy, lane.local, lane.at_once, lane.unconstrained, lane.group, lane.place)
        return sendoff.Page(items=[lane])

    def due(self, lane: str, now: sendoff.Moment, limit: int) -> Sequence[sendoff.Record]:
        return self.find(sendoff.Query(claimed=False), limit=limit).items

    def rank(self, lane: str, *, below: float | None = None) -> float | None:
        return below

    def wake(self, now: sendoff.Moment) -> sendoff.Moment | None:
        return now + sendoff.moment(60.0)

    def events(self, after: int, limit: int, *, query: sendoff.Query | None = None) -> Sequence[sendoff.Event]:
        return [sendoff.Event(id="0190", time=sendoff.moment_of("2026-01-01T00:00:00Z"), type="created", seq=after + 1)]

    def todos(self, now: sendoff.Moment, *, kind: str | None = None, limit: int = 100) -> Sequence[sendoff.Todo]:
        todo = sendoff.Todo(kind=kind or "abort", about="0190.1", payload={}, due=now, tries=0, version=1)
        print(todo.kind, todo.about, todo.payload, todo.due, todo.tries, todo.version)
        return [todo]

    def notes(self, kind: str, *, after: str | None = None, limit: int = 1000) -> sendoff.Page[sendoff.Note]:
        return sendoff.Page(items=list(self.note(kind, ()).values()), next=None)

    def note(self, kind: str, keys: Sequence[str]) -> Mapping[str, sendoff.Note]:
        found = [sendoff.Note(kind=kind, key=key, value={"behavior": "serialized"}, version=1) for key in keys]
        return {note.key: note for note in found if note.kind and note.value and note.version}

    def trim(self, keep: sendoff.Retention, *, limit: int) -> int:
        return min(keep.now - keep.finished, keep.receipts, limit)

    def close(self) -> None:
        print(self.find(sendoff.Query(reads="/home/me/a.iso")).items, self.settings)


# -- what it keeps -----------------------------------------------------------------------------------------------------


def kept(record: sendoff.Record) -> Any:
    names: tuple[str, str, str, str, str | None] = (record.id, record.batch, record.lane, record.site, record.owner)
    counts: tuple[int, int, int, int] = (record.number, record.version, record.epoch, record.round)
    stands: tuple[sendoff.TransferStatus, str | None, str | None, Mapping[str, str] | None] = (
        record.status, record.reason, record.reason_text, record.needs,
    )  # fmt: skip
    order: tuple[str | None, sendoff.TransferPriority, float | None, tuple[float, int]] = (record.group, record.priority, record.rank, record.place)
    flags: tuple[bool, bool, bool, str | None, str | None] = (record.point, record.holds_target, record.open, record.want, record.target)
    times: tuple[sendoff.Moment, sendoff.Moment | None, sendoff.Moment | None, sendoff.Moment | None, sendoff.Moment | None] = (
        record.created_at, record.due, record.started_at, record.finished_at, record.acknowledged_at,
    )  # fmt: skip
    ends: tuple[sendoff.Response | None, sendoff.Failure | None, sendoff.Receipt | None] = (record.response, record.error, record.receipt)
    print(names, counts, stands, order, flags, times, ends, record.environment, record.sealed, spent(record.tally), asked(record.spec))
    return sendoff.encode(record)


def spent(tally: sendoff.Tally) -> tuple[int, ...]:
    print(tally.restarted, tally.resumable, tally.protocol, tally.blind)
    times: tuple[int, int] = (tally.spent, tally.pause)
    sizes: tuple[int, int, int, int] = (tally.confirmed, tally.best, tally.sent, tally.resent)
    return (tally.attempts, tally.requests, tally.lost, tally.unsettled, tally.answers, *times, *sizes)


def asked(spec: sendoff.Spec) -> bool:
    names: tuple[str, str, str, str, str | None] = (spec.transport, spec.url, spec.root, spec.name, spec.destination)
    how: tuple[str | None, sendoff.CostPolicy, sendoff.Demand, str, str | None] = (spec.method, spec.cost_policy, spec.demand, spec.if_changed, spec.then)
    headers: tuple[tuple[str, str], ...] = spec.headers
    limits: tuple[int | None, int | None, tuple[int, ...]] = (spec.patience, spec.attempts, spec.recoverable_errors)
    print(names, how, headers, limits, spec.credential, spec.label, spec.metadata, spec.options, spec.idempotency_key, spec.retry_unsafe, spec.unconstrained)
    return spec.repeatable and spec.idempotent and spec.local and not spec.exact and same(spec.source, spec.source)


def same(source: sendoff.Source, other: sendoff.Source) -> bool:
    names: tuple[str, str, str, str | None, str | None] = (source.kind, source.path, source.mount, source.origin, source.file)
    copies: tuple[str, ...] = source.copies
    now, then = source.found, source.taken or source.identity
    print(names, copies, source.sealed, source.size, source.offset, source.length, source.form)
    return source.same_part(other) and now is not None and then is not None and identical(now, then)


def identical(now: sendoff.SourceIdentity, then: sendoff.SourceIdentity) -> bool:
    print(now.size, now.mtime_ns, now.ctime_ns, now.inode, now.device, now.boot, sendoff.SourceIdentity.of)
    return now.same_file(then) or now.same_content(then)


def request(record: sendoff.Record) -> sendoff.Request:
    found = sendoff.Request(source="/home/me/a.iso", destination="archive:", headers=(("X-Project", "films"),), demand=record.spec.demand, offset=0)
    print(found.source, found.spool, found.taken, found.form, found.offset, found.length, found.then, found.destination, found.name, found.method)
    print(found.headers, found.secret_headers, found.credential, found.identities, found.id, found.group, found.priority, found.cost_policy, found.label)
    print(found.metadata, found.demand, found.idempotency_key, found.retry_unsafe, found.patience, found.attempts, found.if_changed, found.options)
    print(found.recoverable_errors, found.again, found.only_new, found.found, found.whole, found.literal)
    return sendoff.decode(sendoff.Request, sendoff.encode(found))


def limits(given: sendoff.Limits) -> int:
    print(given.concurrency, given.per_destination, given.high_beside, given.lanes, given.memory, given.spool, given.bandwidth)
    print(given.places, given.beside("archive"))
    return given.share + sendoff.size("256M") + round(sendoff.seconds("5m"))


def read(answer: sendoff.Response, headers: sendoff.Headers) -> tuple[float | None, int | None]:
    sent = [sendoff.checked_header(name, value) for name, value in headers if not sendoff.is_secret_header(name)]
    print(sent, answer.status, answer.headers, answer.url, answer.body, answer.truncated, sendoff.public_url(answer.url), sendoff.origin_of(answer.url))
    print(sendoff.is_local(answer.url), sendoff.is_loopback(answer.url), sendoff.web_error_of(answer.status or 500))
    return sendoff.retry_after("120", sendoff.moment(0)), answer.status


def advised(error: sendoff.SendoffError) -> str | None:
    return error.hint or error.default_hint
