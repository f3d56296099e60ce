"""The uploads that somebody looks through: asked for as far as he looks, kept fresh where he looks."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sendoff.cli.watch.kind import SHOWINGS, Kind, Showing, asked, kind_of
from sendoff.model.event import ENDS, Event
from sendoff.model.query import Query, View

if TYPE_CHECKING:
    from sendoff.desk.contract import Desk

AT_ONCE = 100
MOST_AT_ONCE = 500
PAGES = 5  # that one look may ask for
KEPT = 200  # that have ended
HEARD = 1000  # of which it is remembered that something happened to them
FRESH = 1.0  # seconds that what is looked at stays as it was told, at least
SPARED = 20  # and so many times as long as it took to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaze:
    """Where somebody looks. upto: how many rows he may see. ids: those that he does see. into: the one that he looks into."""

    showing: Showing = SHOWINGS[0]
    upto: int = AT_ONCE
    ids: tuple[str, ...] = ()
    into: str | None = None


class Feed:
    """Uploads of one status, read page by page."""

    def __init__(self, query: Query) -> None:
        self.query, self.done = query, False
        self._after: str | None = None

    def read(self, desk: Desk, limit: int) -> Sequence[View]:
        """The next of them."""
        page = desk.page(self.query, after=self._after, limit=limit)
        self.done = page.next is None
        self._after = page.next or (str(page.items[-1]["number"]) if page.items else self._after)
        return page.items


class Roll:
    """What is known of them. Only ever one thread asks and looks."""

    def __init__(self, desk: Desk, query: Query) -> None:
        self._desk, self._query = desk, query
        self._views: dict[str, View] = {}
        self._ended: dict[str, None] = {}  # well or by will, the oldest first
        self._feeds: dict[tuple[str, ...], Feed] = {}
        self._changed: dict[str, None] = {}
        self._due = 0.0
        self._sorted: tuple[object, tuple[View, ...]] = (None, ())  # as it was asked for last, and for what

    def happened(self, event: Event) -> None:
        """Something happened to one of them."""
        if event.type == "created":
            for feed in self._feeds.values():  # there is more behind their ends
                feed.done = False
        elif event.type not in ENDS:  # of what has ended ``met`` tells
            self.stale((event.operation,))

    def stale(self, ids: Iterable[str]) -> None:
        """These stand elsewhere by now."""
        self._changed.update(dict.fromkeys(ids))
        if len(self._changed) > HEARD:
            self._changed = dict.fromkeys(list(self._changed)[-HEARD:])
            self._feeds.clear()

    def met(self, views: Iterable[View]) -> None:
        """They stand so."""
        self._sorted = (None, ())
        for view in views:
            self._views[view["id"]] = view
            self._ended.pop(view["id"], None)
            if kind_of(view) is Kind.ENDED:
                self._ended[view["id"]] = None
        for id in list(self._ended)[:-KEPT]:
            del self._ended[id], self._views[id]

    def view(self, id: str) -> View | None:
        """One of them, as it stood when last asked for."""
        return self._views.get(id)

    def rows(self, showing: Showing, live: Collection[str]) -> tuple[View, ...]:
        """Those of this kind that are known: who needs somebody first, who ended first last."""
        if self._sorted[0] != (showing, set(live)):
            self._sorted = (showing, set(live)), self._in_order(showing, live)
        return self._sorted[1]

    def _in_order(self, showing: Showing, live: Collection[str]) -> tuple[View, ...]:
        kinds = {id: kind_of(view, live=id in live) for id, view in self._views.items()}
        standing = [view for id, view in self._views.items() if kinds[id] in showing.kinds and kinds[id] is not Kind.ENDED]
        standing.sort(key=lambda view: (kinds[view["id"]], view["number"]))
        gone = [self._views[id] for id in reversed(self._ended)] if Kind.ENDED in showing.kinds else []
        return (*standing, *gone)

    def more(self, showing: Showing) -> bool:
        """Whether there may be others that nobody has asked for yet."""
        return any(statuses not in self._feeds or not self._feeds[statuses].done for statuses in showing.sources)

    def look(self, gaze: Gaze, live: Collection[str]) -> None:
        """Asks for what can be seen and is not known, or not known any more."""
        self._ask([id for id in live if id not in self._views][:AT_ONCE])
        changed = list(self._changed)[:AT_ONCE]
        self._changed = dict.fromkeys(list(self._changed)[AT_ONCE:])
        self._ask(changed)
        began = time.monotonic()
        if began >= self._due:
            self._ask([*([gaze.into] if gaze.into else []), *gaze.ids][:AT_ONCE])
            now = time.monotonic()
            self._due = now + max(FRESH, SPARED * (now - began))
        self._read_on(gaze, live)

    def _ask(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        found = self._desk.page(Query(ids=tuple(ids)), limit=len(ids)).items
        self.met(view for view in found if view["id"] in self._views or kind_of(view) is not Kind.ENDED)
        for id in set(ids) - {view["id"] for view in found}:
            self._forget(id)

    def _forget(self, id: str) -> None:
        """The host knows nothing of it any more."""
        self._sorted = (None, ())
        self._views.pop(id, None)
        self._ended.pop(id, None)

    def _read_on(self, gaze: Gaze, live: Collection[str]) -> None:
        pages = 0
        for statuses in gaze.showing.sources:
            feed = self._feeds.setdefault(statuses, Feed(asked(self._query, statuses)))
            while not feed.done and pages < PAGES and (wanted := gaze.upto - self._standing(gaze.showing, live)) > 0:
                pages += 1
                self.met(feed.read(self._desk, AT_ONCE if wanted <= AT_ONCE else MOST_AT_ONCE))

    def _standing(self, showing: Showing, live: Collection[str]) -> int:
        """How many rows are known of what has not ended: those behind them would be seen if they were."""
        return len(self.rows(showing, live)) - (len(self._ended) if Kind.ENDED in showing.kinds else 0)
