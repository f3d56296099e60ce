"""The seven verbs over the host's socket."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from time import monotonic, sleep
from typing import TYPE_CHECKING

from sendoff.desk import codec
from sendoff.desk.exchange import Exchange
from sendoff.desk.place import Place
from sendoff.desk.road import Road
from sendoff.errors import HostUnavailable, Json, SendoffError

if TYPE_CHECKING:
    from sendoff.desk.finder import Way
    from sendoff.model.event import Event
    from sendoff.model.operation import Request
    from sendoff.model.progress import UploadProgress
    from sendoff.model.query import Applied, Created, Order, Page, Query, Question, Selection, View
    from sendoff.model.secret import Credential

PIECE = 64 * 1024
_OF_A_VARIABLE = "env:"
_TOLD = "sendoff-told"
LONGEST_HELD = 0.05  # seconds
TRIES = 5
_DOING = ("gc", "trust")  # questions that are something to do: not asked again by themselves when the host dies over them
LOOK_EVERY = 1.0  # seconds, where a host has followers enough
SILENCE = 60.0  # seconds; a host that lives says something to a follower every second


class DeskClient:
    """``desk.contract.Desk`` as the host answers it: what the host raises is raised here, same class, same fields.

    One connection per call, so a client may be used by many threads and by forked children.

    Parameters
    ----------
    place: whose host. environment: the submitter's; None = this process's. spawn: start a host where none runs, and replace one of another version.
    program: the words that start one, ``python -m sendoff.host`` of this interpreter by default. way: how the host is reached otherwise.
    """

    def __init__(
        self, place: Place, *, environment: Mapping[str, str] | None = None, spawn: bool = True, program: Sequence[str] = (), way: Way | None = None
    ) -> None:
        self.place = place
        self._environment = environment if environment is not None else os.environ
        self._road = Road(place, self._environment, spawn=spawn, program=program, way=way)

    # -- the seven verbs ----------------------------------------------------------------------------------------------

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
        """One answer per request, in order, while later requests are still on their way; see the contract."""
        submitter = self._environment if environment is None else environment
        terms = codec.line({"environment": dict(submitter), "start": start, "dry_run": dry_run, "together": together, "batch": batch})
        given, answered = _Given(requests), 0
        pieces = _pieces(terms, _noted(given, self._road.hide))
        first, second = next(pieces), next(pieces, None)
        if second is None:
            exchange = self._road.told("create", first)
            bodies = exchange.body()
        else:
            exchange = self._road.opened("create")
            bodies = exchange.both_ways(chain((first, second), pieces))
        try:
            for answer in _answers(exchange, bodies):
                answered += 1
                yield answer
        except HostUnavailable as error:
            if "lost" not in error.facts or not answered or not given.over or answered < given.count:
                raise  # otherwise each has its answer, which lasts: only the end of the exchange is missing
        finally:
            exchange.close()

    def order(self, order: Order, which: Selection) -> Applied:
        """Give an order; durable when this returns."""
        from sendoff.model.query import Applied

        body = codec.line({"order": codec.as_document(order), "which": codec.as_document(which)})
        return codec.from_document(Applied, _json(self._road.told("order", body)))

    def page(self, query: Query, *, after: str | None = None, limit: int = 100) -> Page[View]:
        """Operations as JSON shows them."""
        from sendoff.model.query import Page

        found = _json(self._road.asked("page", {"query": codec.as_document(query) or None, "after": after, "limit": limit}, whole=True))
        return Page(items=found["items"], next=found.get("next"))

    def follow(self, query: Query, *, after: int | None, progress: bool = False) -> Iterator[Event | UploadProgress | None]:
        """Events and progress as they come; ``HostUnavailable`` when the host ends. See ``follow_always``.

        Where the host has followers enough it ends once everything so far was told, which the second None says.
        """
        exchange = self._followed(query, after, progress)
        try:
            yield from _news(exchange)
        finally:
            exchange.close()

    def answer(self, id: str, offset: int = 0) -> Iterator[bytes]:
        """The kept body of the server's response, from ``offset``."""
        exchange = self._road.asked("answer", {"id": id, "offset": offset})
        try:
            yield from exchange.body()
        finally:
            exchange.close()

    def ask(self, question: Question) -> Json:
        """Whatever is neither an operation nor an event; ``stop`` returns at once, ``stop()`` waits."""
        if question.what in _DOING:
            return _json(self._road.told("ask", codec.line({"what": question.what, "details": dict(question.details)})))
        return _json(self._road.asked("ask", {"what": question.what, "details": dict(question.details) or None}, whole=True))

    def keep(self, reference: str, credential: Credential | None) -> None:
        """Set or remove (None) a credential."""
        body = codec.line({"reference": reference, "credential": codec.credential_document(credential)})
        _json(self._road.told("keep", body))

    # -- and what only a client needs ---------------------------------------------------------------------------------

    def follow_always(
        self, query: Query, *, after: int | None, progress: bool = False, lost: Callable[[], None] = lambda: None
    ) -> Iterator[Event | UploadProgress | None]:
        """``follow`` that outlives the host: the next one is started and asked for what comes after the last event, none lost, none twice.

        lost: called when the host is gone, before the next one is started.
        Where the host has followers enough it is asked once a second. Raises only where no next host can be had, or five in a row die without a word.
        """
        position, dead, heard = after, 0, False
        while True:
            try:
                exchange = self._followed(query, position, progress)
                position = _position(exchange) if position is None else position
                for number, news in enumerate(_closing(exchange)):
                    dead = 0
                    seq = getattr(news, "seq", None)
                    position = position if seq is None else seq
                    if number or not heard:
                        yield news
                position, heard = max(position or 0, _told(exchange)), True  # that one listens was said before
                sleep(LOOK_EVERY)
            except HostUnavailable as error:
                dead, heard = dead + 1, False
                if "lost" not in error.facts or dead >= TRIES:
                    raise
                lost()

    def stop(self) -> bool:
        """Ask the host to stop and wait until it has; False when none ran."""
        return self._road.stop()

    def _followed(self, query: Query, after: int | None, progress: bool) -> Exchange:
        return self._road.asked("follow", {"query": codec.as_document(query) or None, "after": after, "progress": progress or None}, timeout=SILENCE)


class _Given:
    """Requests, counted as they go. over: there are no more."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests, self.count, self.over = requests, 0, False

    def __iter__(self) -> Iterator[Request]:
        for request in self._requests:
            self.count += 1
            yield request
        self.over = True


def _json(exchange: Exchange) -> Json:
    try:
        return codec.parse(b"".join(exchange.body()))
    finally:
        exchange.close()


def _noted(requests: Iterable[Request], hide: Callable[[str], None]) -> Iterator[Request]:
    """The requests; whatever variable one of them names for a secret is none of a host's business that is started now."""
    for request in requests:
        for reference in (request.credential, *(value for _, value in request.secret_headers)):
            if reference and reference.startswith(_OF_A_VARIABLE):
                hide(reference.removeprefix(_OF_A_VARIABLE))
        yield request


def _pieces(terms: bytes, requests: Iterable[Request]) -> Iterator[bytes]:
    """The requests as lines, in pieces worth sending; a caller who needs long for the next one does not hold the others back."""
    encode = codec.RequestCodec().line
    held, size = [terms], len(terms)
    due = monotonic() + LONGEST_HELD
    for request in requests:
        line = encode(request)
        held.append(line)
        size += len(line)
        if size >= PIECE or monotonic() >= due:
            yield b"".join(held)
            held, size, due = [], 0, monotonic() + LONGEST_HELD
    yield b"".join(held)


def _answers(exchange: Exchange, bodies: Iterator[bytes]) -> Iterator[Created | SendoffError]:
    lines = codec.Lines()
    for data in bodies:
        if exchange.reply.status >= 400:
            raise exchange.error(data + b"".join(bodies))
        for line in lines.feed(data):
            yield codec.read_created(line)


def _closing(exchange: Exchange) -> Iterator[Event | UploadProgress | None]:
    try:
        yield from _news(exchange)
    finally:
        exchange.close()


def _news(exchange: Exchange) -> Iterator[Event | UploadProgress | None]:
    """What a follower is told; the stream has no end of its own, so its end is the host's, unless that has said that it tells what there is."""
    lines = codec.Lines()
    for data in exchange.body():
        for line in lines.feed(data):
            yield codec.read_news(line)
    if _TOLD not in exchange.reply.headers:
        raise HostUnavailable("the host has stopped", lost=True)


def _position(exchange: Exchange) -> int | None:
    """Where "from now on" begins, as the host says it."""
    text = exchange.reply.headers.get("sendoff-position", "")
    return int(text) if text.isdigit() else None


def _told(exchange: Exchange) -> int:
    """Up to which event everything was told."""
    text = exchange.reply.headers.get(_TOLD, "")
    return int(text) if text.isdigit() else 0
