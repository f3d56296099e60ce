"""Handing sources over: one, answered or refused, or many as a batch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from sendoff.api.batch import Batch
from sendoff.api.connection import Connection
from sendoff.api.open_batch import OpenBatch
from sendoff.api.operation import UploadOperation
from sendoff.api.part import ContentPart
from sendoff.api.source import UploadSource, is_path, kept, request_of
from sendoff.desk.copying import check_room, copied, files_of, held
from sendoff.desk.packing import outline, packed
from sendoff.desk.room import Room
from sendoff.errors import InvalidArgument, SendoffError
from sendoff.model.operation import Request
from sendoff.model.query import Created
from sendoff.model.source import Form

MOST_KEPT = 500  # bytes and streams of one call: each is an open file until it is stored

log = logging.getLogger("sendoff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing to hand over. fields: of its ``Request``. copy: what a file holds is taken over now."""

    source: UploadSource
    destination: str
    fields: Mapping[str, Any]
    only_new: bool = False
    copy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A form to hand over. form: all of it but its parts. fields: of its ``Request``. copy: what its files hold is taken over now."""

    parts: Sequence[ContentPart]
    destination: str
    fields: Mapping[str, Any]
    form: Form = Form()
    copy: bool = False


@dataclass(slots=True)
class _Answers:
    """What became of many. placed: where each request that went out stood."""

    placed: list[int] = field(default_factory=list)
    errors: list[tuple[int, SendoffError]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    new: int = 0
    first: Created | None = None


class Handover:
    """Turns what is asked into operations.

    said: what went well and should be done otherwise, and was logged already; each is logged once. batch: they are created in this one.
    """

    def __init__(self, connection: Connection, *, said: set[str] | None = None, batch: OpenBatch | None = None) -> None:
        self._connection, self._batch, self._said = connection, batch, set[str]() if said is None else said
        self._room = Room(lambda: connection.desk)

    def one(self, asked: Asked, *, start: bool) -> UploadOperation:
        """The operation, stored; whatever refuses it is raised, and then nothing is."""
        with ExitStack() as stack:
            request = self._request(asked, stack, check=hasattr(asked.source, "read"))
            (answer,) = self._created([request], start)
        return self._operation(answer)

    def form(self, asked: Posted, *, start: bool) -> UploadOperation:
        """The operation of a form, stored; everything else is checked before a stream is read, because there is no second time to read it."""
        loose = [part.loose() for part in asked.parts]
        request = Request(destination=asked.destination, **asked.fields)
        if asked.copy or any(callable(one.content) for one in loose):
            self._check(replace(request, form=replace(asked.form, parts=outline(loose))))
        with ExitStack() as stack:
            if asked.copy:
                check_room(self._connection.desk, files_of(loose))
                loose = held(loose, stack)
            parts = stack.enter_context(packed(self._connection.place, loose, self._room))
            (answer,) = self._created([replace(request, form=replace(asked.form, parts=parts))], start)
        return self._operation(answer)

    def many(self, things: Iterable[Any], read: Callable[[Any], Asked], *, start: bool) -> Batch:
        """One batch, each answered for itself. read: what one of the things asks."""
        if isinstance(things, str | bytes) or not isinstance(things, Iterable):
            raise InvalidArgument(f"a {type(things).__name__} holds no uploads; hand over a list of them, or whatever else gives one after the other")
        answers = _Answers()
        with ExitStack() as stack:
            for place, answer in enumerate(self._created(self._requests(things, read, stack, answers), start)):
                if isinstance(answer, SendoffError):
                    answers.errors.append((answers.placed[place], answer))
                    continue
                if not (answer.existing or answer.skipped):
                    self._warn(answer)
                if answer.existing or answer.skipped or self._batch is not None:
                    answers.others.append(answer.id)
                else:
                    answers.new, answers.first = answers.new + 1, answers.first or answer
        first = answers.first
        number = (first.batch_number or first.number) if first else None
        errors = sorted(answers.errors, key=lambda one: one[0])
        return Batch(self._connection, id=first.batch if first else None, number=number, new=answers.new, others=answers.others, errors=errors)

    def _created(self, requests: Iterable[Request], start: bool) -> Iterator[Created | SendoffError]:
        """The answer to each request."""
        if self._batch is None:
            yield from self._connection.desk.create(self._connection.bound(requests), start=start)
            return
        for answer in self._connection.desk.create(self._connection.bound(requests), start=start, batch=self._batch.join()):
            if isinstance(answer, Created):
                self._batch.took(answer)
            yield answer

    def _operation(self, answer: Created | SendoffError) -> UploadOperation:
        if isinstance(answer, SendoffError):
            raise answer
        self._warn(answer)
        return UploadOperation(self._connection, answer.id, created=answer)

    def _requests(self, things: Iterable[Any], read: Callable[[Any], Asked], stack: ExitStack, answers: _Answers) -> Iterator[Request]:
        """The requests that can be made, as the things come."""
        room = MOST_KEPT
        for index, thing in enumerate(things):
            try:
                asked = read(thing)
                room -= asked.copy or not is_path(asked.source)
                if room < 0:
                    raise InvalidArgument(f"one call keeps at most {MOST_KEPT} copies, and sources that are no files; put the others with another one")
                request = self._request(asked, stack)
            except SendoffError as error:
                answers.errors.append((index, error))
            else:
                answers.placed.append(index)
                yield request

    def _request(self, asked: Asked, stack: ExitStack, *, check: bool = False) -> Request:
        source, destination = asked.source, asked.destination
        if is_path(source):
            request = request_of(source, destination, asked.fields, only_new=asked.only_new)
            return self._copied(request, stack) if asked.copy else request
        checked = self._check if check else None
        return stack.enter_context(kept(self._connection.place, source, destination, asked.fields, self._room, only_new=asked.only_new, check=checked))

    def _copied(self, request: Request, stack: ExitStack) -> Request:
        """Whatever else is wrong with it is found before it is copied."""
        self._check(request)
        check_room(self._connection.desk, [request.source])
        return stack.enter_context(copied(self._connection.place, request))

    def _check(self, request: Request) -> None:
        for answer in self._connection.desk.create([request], dry_run=True):
            if isinstance(answer, SendoffError):
                raise answer

    def _warn(self, created: Created) -> None:
        if created.warning and created.warning not in self._said:
            self._said.add(created.warning)
            log.warning("%s: %s", created.url, created.warning)
