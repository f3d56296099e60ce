"""What somebody at the keys asks of the host, and the one line that he is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sendoff.cli.orders import DONE, details_of
from sendoff.cli.text import clean, count
from sendoff.errors import SendoffError
from sendoff.model.query import Order, Selection

if TYPE_CHECKING:
    from sendoff.desk.contract import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """An order for these. now: this once, whatever network, power or back-off say. called: what it is for, in a word or two."""

    verb: str
    ids: tuple[str, ...]
    called: str
    now: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of it. bad: not what was asked."""

    text: str
    bad: bool = False


def carried_out(desk: Desk, errand: Errand, name: Callable[[str], str]) -> Answer:
    """Gives the order. name: what a person calls the upload with this id."""
    try:
        applied = desk.order(Order(verb=errand.verb, details=details_of(errand.verb, now=errand.now)), Selection(ids=errand.ids))
    except SendoffError as error:
        return Answer(clean(f"{errand.called}: {error.message}" + (f"; {error.hint}" if error.hint else "")), bad=True)
    done = f"{DONE[errand.verb]} {errand.called if len(errand.ids) == 1 else count(applied.count, 'upload')}"
    if not applied.skipped:
        return Answer(done)
    id, text = applied.skipped[0]
    more = f", and {len(applied.skipped) - 1} more" if len(applied.skipped) > 1 else ""
    refused = f"{name(id)}: {text}{more}"
    return Answer(clean(f"{done}; {refused}" if applied.count else refused), bad=True)
