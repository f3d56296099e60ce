"""The life of a program whose uploads go by it: the literal rules of the Windows pages, from the program's side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal

from sendoff.desk.client import DeskClient
from sendoff.desk.hold import Hold
from sendoff.desk.place import Place
from sendoff.errors import InvalidArgument, SendoffError
from sendoff.model.query import Order, Question, Selection, View
from sendoff.model.status import Reason, Want

Parity = Literal["winrt"]
_AT_ONCE = 100  # operations of one order; so many it decides before it returns


def checked_parity(parity: object) -> Parity | None:
    """The rules that a client goes by; ``InvalidArgument`` for any that nobody has."""
    if parity is None or parity == "winrt":
        return "winrt" if parity else None
    raise InvalidArgument(f'parity={parity!r}: it is "winrt", for the literal rules of the Windows pages, or None')


class Life:
    """One client's, as a host sees it: a file that is locked for as long as this process lives and the client is not closed.

    desk: where everything is asked.
    """

    def __init__(self, place: Place, desk: Callable[[], DeskClient]) -> None:
        self._place, self._desk, self._hold = place, desk, Hold(place)

    def taken(self) -> str:
        """Its id, for something that goes by it from now on."""
        self._hold.take()
        return self._hold.id

    def recalled(self, find: Callable[[], Sequence[View]]) -> Sequence[View]:
        """What there is to list, once whatever of it an ended program had left has begun anew. It may be asked for as often as one likes."""
        self._desk().ask(Question(what="clients"))
        views = find()
        gone = [str(view["id"]) for view in views if view["reason"] == Reason.CLIENT_GONE or view["want"] == Want.LEFT]
        for start in range(0, len(gone), _AT_ONCE):
            order = Order(verb="attach", details={"client": self.taken()})
            self._desk().order(order, Selection(ids=tuple(gone[start : start + _AT_ONCE])))
        return find() if gone else views

    def end(self, *, own: bool) -> None:
        """What goes by it is left. own: this process does the work; else it is said to a host that runs, and one that comes later sees it."""
        if self._hold.taken:
            with suppress(SendoffError):
                desk = self._desk() if own else DeskClient(self._place, spawn=False)
                desk.ask(Question(what="clients", details={"over": self._hold.id}))
        self._hold.release()

    def renew(self) -> None:
        """In a forked child, which has one of its own."""
        self._hold.drop()
        self._hold = Hold(self._place)
