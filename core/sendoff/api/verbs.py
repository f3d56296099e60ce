"""What a program can ask: put, find, follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Unpack

from sendoff.api.batch import Batch
from sendoff.api.connection import Connection
from sendoff.api.handover import Asked, Handover, Posted
from sendoff.api.history import followed, history
from sendoff.api.naming import named
from sendoff.api.operation import UploadOperation
from sendoff.api.options import Options, fields_of, flag
from sendoff.api.part import ContentPart, checked_parts
from sendoff.api.source import UploadSource, check_destination
from sendoff.errors import InvalidArgument
from sendoff.model.complaint import nearest
from sendoff.model.event import Event
from sendoff.model.query import Query
from sendoff.model.status import TransferStatus

Pair = tuple[UploadSource, str] | tuple[UploadSource, str, Options]
Status = str | TransferStatus
WORDS = tuple(status.word for status in TransferStatus)


class Verbs:
    """What a client and the module itself can be asked. connection: of the client."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- put --------------------------------------------------------------------------------------------------------

    def put(self, source: UploadSource, destination: str, **options: Unpack[Options]) -> UploadOperation:
        """Queue and start an upload; it is on disk when this returns, and goes on without this program.

        Parameters
        ----------
        source: a path (a relative one is made absolute), bytes, or a readable binary object, which is read to its end and kept first.
        destination: a URL, or ``NAME:path`` with a name from ``[destinations]``; with a final ``/`` a folder, below which a file lands under its name.
        options: see ``Options``.

        Errors: ``InvalidArgument`` and its kin (``SourceMissing``, ``UnsupportedScheme``, ``IdConflict`` ...), ``ConfigurationError``,
        ``HostUnavailable``; then nothing is stored.
        """
        return Handover(self._connection).one(_asked(source, destination, options, "put"), start=flag(options, "start", True))

    def put_many(self, pairs: Iterable[Pair], **options: Unpack[Options]) -> Batch:
        """Queue and start many uploads as one batch: those that are refused are in ``batch.errors``, the others are stored.

        pairs: ``(source, destination)`` or ``(source, destination, {options})``; they are taken as they come. options: for all, where a pair says no other.
        Errors: ``InvalidArgument`` for an option that there is not, ``HostUnavailable``, ``ConfigurationError``.
        """
        fields_of(options, "put_many")
        if options.get("id") is not None:
            raise InvalidArgument("put_many(): id names one operation, and there may be several; give each pair its own: (source, destination, {'id': ...})")

        def read(pair: Any) -> Asked:
            source, destination, own = _taken_apart(pair)
            return _asked(source, destination, {**options, **own}, "put_many")

        return Handover(self._connection).many(pairs, read, start=flag(options, "start", True))

    def post(self, url: str, parts: Iterable[ContentPart], **options: Unpack[Options]) -> UploadOperation:
        """Queue and start a form, multipart/form-data (RFC 7578); it is on disk when this returns, and goes on without this program.

        Parameters
        ----------
        url: to which it goes as it stands, also where it ends in ``/``; or ``NAME:path`` with a name from ``[destinations]``.
        parts: in their order. Texts and bytes travel with the operation; what is long, and streams, are kept on disk first; files are read when it is sent.
        options: see ``Options``; ``method`` is ``POST`` where not said. Each post makes a new thing: ``existing``,
        ``only_new``, ``verify``, ``digest``, ``sha256``, ``offset``, ``length`` and ``then`` are refused.

        Errors: as ``put``.
        """
        check_destination(url)
        if flag(options, "only_new", False):
            raise InvalidArgument("only_new: a form makes a new thing each time")
        fields = {"method": "POST", **fields_of({"protocol": "plain", **options}, "post")}
        posted = Posted(parts=checked_parts(parts), destination=url, fields=fields, copy=flag(options, "copy", False))
        return Handover(self._connection).form(posted, start=flag(options, "start", True))

    # -- and what became of it ----------------------------------------------------------------------------------------

    def get(self, name: str | int) -> UploadOperation:
        """The operation that somebody means. name: its id, its number, or a beginning of its id that no other has.

        Errors: ``UnknownOperation``, ``InvalidArgument`` with ``candidates`` in ``facts`` where several begin so, ``HostUnavailable``.
        """
        view = named(self._connection, name)
        return UploadOperation(self._connection, view["id"], view=view)

    def find(
        self, *, status: Status | Iterable[Status] = (), reason: str | None = None, group: str | None = None, batch: str | int | Batch | None = None,
        metadata: Mapping[str, Any] | None = None, failed: bool = False, all: bool = False, limit: int | None = None,
        after: str | int | UploadOperation | None = None,
    ) -> Iterator[UploadOperation]:  # fmt: skip
        """Operations in order of creation, page by page; those that are unfinished or not acknowledged, unless ``all``.

        status: a word like ``"running"`` or a ``TransferStatus``, or several. reason: a ``Reason`` or its word. group: its name. batch: itself, its id,
        number or the beginning of its id. metadata: each key has this value. failed: those with status ``error``. all: those of the past, too. limit: no
        more than so many. after: only what was created after this one.
        Errors: ``InvalidArgument`` for a word that is no status, ``UnknownOperation``, ``HostUnavailable``.
        """
        wanted = (*_words(status), *(("error",) if failed else ()))
        name = batch.id if isinstance(batch, Batch) else None if batch is None else str(batch)
        query = Query(name=name, statuses=wanted, reason=reason, group=group, metadata=dict(metadata or {}), listed=None if all else True)
        if (isinstance(batch, Batch) and batch.id is None) or (limit is not None and limit < 1):
            return iter(())
        return self._found(query, after, limit)

    def _found(self, query: Query, after: str | int | UploadOperation | None, limit: int | None) -> Iterator[UploadOperation]:
        place = None
        if after is not None:
            place = str(after.number if isinstance(after, UploadOperation) else self.get(after).number)
        views = self._connection.everything(query, after=place, limit=min(limit or 500, 500))
        for view in islice(views, limit):
            yield UploadOperation(self._connection, view["id"], view=view)

    def events(
        self, after: int | None = None, follow: bool = False, *, operation: str | int | UploadOperation | None = None, types: Iterable[str] = ()
    ) -> Iterator[Event]:
        """The durable history, in the order in which it was recorded.

        after: the ``seq`` of the last event that is known; None = from the beginning. follow: stay, and give what happens from now on as well, through the
        death and return of hosts. operation: only of this one. types: only these (``"completed"``). Errors: ``UnknownOperation``, ``HostUnavailable``.
        """
        for event in self.stream(after, follow, operation=operation, types=types):
            if event is not None:
                yield event

    def stream(
        self, after: int | None = None, follow: bool = False, *, operation: str | int | UploadOperation | None = None, types: Iterable[str] = ()
    ) -> Iterator[Event | None]:
        """``events``, with a None about once a second in which nothing happens, so that a reader can look at other things."""
        ids: tuple[str, ...] = ()
        if operation is not None:
            ids = (operation.id if isinstance(operation, UploadOperation) else self.get(operation).id,)
        words = (types,) if isinstance(types, str) else tuple(types)
        reading = followed if follow else history
        return reading(self._connection, ids=ids, types=words, after=after or 0)


def _asked(source: UploadSource, destination: str, options: Mapping[str, Any], verb: str) -> Asked:
    """One thing to hand over, as the options of a verb have it."""
    only_new, copy = flag(options, "only_new", False), flag(options, "copy", False)
    return Asked(source=source, destination=destination, fields=fields_of(options, verb), only_new=only_new, copy=copy)


def _taken_apart(pair: Any) -> tuple[UploadSource, str, Options]:
    if not isinstance(pair, tuple | list) or len(pair) not in (2, 3) or (len(pair) == 3 and not isinstance(pair[2], Mapping)):
        raise InvalidArgument("each is (source, destination) or (source, destination, {options})")
    source, destination, own = (*pair, {})[:3]
    if own.get("start") is not None:
        raise InvalidArgument("start holds for a whole put_many()")
    return source, destination, own


def _words(status: Status | Iterable[Status]) -> tuple[str, ...]:
    """Statuses as JSON writes them."""
    some = [status] if isinstance(status, str | TransferStatus) else list(status)
    words = tuple(one.word if isinstance(one, TransferStatus) else str(one) for one in some)
    for word in words:
        if word not in WORDS:
            raise InvalidArgument(f"there is no status {word!r}{nearest(word, WORDS)}", hint=f"it is one of {', '.join(WORDS)}")
    return words
