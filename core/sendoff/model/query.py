"""Which operations, and what about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sendoff.errors import Json
from sendoff.model.moment import Moment

Item = TypeVar("Item", covariant=True)
View = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A filter; every field that is set must hold.

    name: what people call an operation or a batch: its id, its short number, or a prefix of the id that no other has; whoever asks a desk may use it,
    a store is never asked so. ids: operations or batches, by id. numbers: short numbers. prefix: of an operation's id or of its batch's.
    grouped: has a group. statuses: words (``running``). claimed: has an owner. listed: not finished or not acknowledged. targets: keys.
    due_after: due, but later than this.
    reads: the path of a file that may still be read for it, because it is open, or has failed and was not acknowledged. metadata: each key has this value.

    >>> sendoff.Query(statuses=("running", "idle"), group="night").open is None
    True
    """

    name: str | None = None
    ids: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    prefix: str | None = None
    batch: str | None = None
    group: str | None = None
    grouped: bool | None = None
    statuses: tuple[str, ...] = ()
    reason: str | None = None
    open: bool | None = None
    listed: bool | None = None
    claimed: bool | None = None
    targets: tuple[str, ...] = ()
    due_after: Moment | None = None
    reads: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    types: tuple[str, ...] = ()  # of events


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some of many. next: pass it as ``after`` for more; None = that was all. A page may be empty and still have a next.

    >>> sendoff.Page(items=(1, 2), next="2").items
    (1, 2)
    """

    items: Sequence[Item]
    next: str | None = None


def every(ask: Callable[[str | None], Page[Item]], after: str | None = None) -> Iterator[Item]:
    """What is on all pages, one page at a time. ask: gives the page that comes after this."""
    while True:
        page = ask(after)
        yield from page.items
        if page.next is None:
            return
        after = page.next


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which operations an order is for: ids (also batches', numbers, unique prefixes), a batch, a group, or all."""

    ids: tuple[str, ...] = ()
    batch: str | None = None
    group: str | None = None
    all: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to do with them: ``start pause resume cancel retry acknowledge move set group attach limit``.

    details of ``resume`` and ``retry``: ``environment``, the caller's; of ``resume``: ``now``, this once whatever network, power or back-off say; of ``move``:
    ``where`` (``first last before``, or ``current``: one, and what comes after it in its group) and ``before``, a name; of ``group``: its ``behavior``; of
    ``set``: new values by the field names of ``Request``, a header or an entry of ``metadata`` that is None goes, ``other_origin``, and ``environment``
    where references are named. Of ``start``, ``resume``, ``retry`` and ``attach``: ``client``, the program by whose life they go from now on; ``attach``
    restarts what a program by whose life it went has left, and does nothing to all else. ``limit`` is for no operation in particular: ``bandwidth``,
    ``concurrency``, and ``destination`` where it is for that one's; or ``reread``, where the file was written anew.
    """

    verb: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of an order. ids: it was obeyed, or is in force. skipped: ``(id, sentence)``."""

    count: int = 0
    ids: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to tell: ``status plugins config credentials check todos batch group open remains limits``; or to see to at once: ``gc trust seal clients``."""

    what: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A request that was taken.

    existing: it was there already: the same id with the same request, or an unchanged source still queued for the same target.
    skipped: nothing is to be done, and why: ``unchanged`` (``only_new``; id is the operation's that brought it), ``vanished`` (``found``).
    batch_number: None for a batch of one, which has its operation's.
    """

    id: str
    number: int
    batch: str
    url: str
    existing: bool = False
    warning: str | None = None
    skipped: str | None = None
    batch_number: int | None = None
