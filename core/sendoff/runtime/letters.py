"""From an event to what a sink is told of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from sendoff.model.configuration import SinkSection
from sendoff.model.document import decode
from sendoff.model.event import ENDS, Event
from sendoff.model.message import Message
from sendoff.model.notice import Notice
from sendoff.model.operation import Record
from sendoff.model.quantity import size_text
from sendoff.model.query import Query
from sendoff.model.template import Fact
from sendoff.policy.notice import Ends
from sendoff.policy.wording import NEEDS_PERSON, facts_of, message_of
from sendoff.ports.clock import Clock
from sendoff.ports.store import Store
from sendoff.runtime.batches import BATCH
from sendoff.runtime.journal import Journal
from sendoff.runtime.looks import Looks, Seen, looks_of
from sendoff.runtime.view import view

NOTIFICATION = "notification"  # a program's own words for the end of what it has created


class Letters:
    """Writes notices. kinds: what a sink can show of a program's own."""

    def __init__(self, journal: Journal, kinds: Callable[[SinkSection], frozenset[str]], clock: Clock) -> None:
        self._journal, self._kinds, self._looks = journal, kinds, looks_of(journal, clock)
        self._log = logging.getLogger("sendoff.sinks")

    def wanted(self, section: SinkSection, event: Event) -> Notice | None:
        """The notice of an event; None where this sink is not told of it."""
        type_ = _called(section, event)
        if type_ is None and self._is_all_of_a_batch(section, event):
            return self._notice(section, event, "batch_completed")
        if type_ is None or (type_ == NOTIFICATION and ("tile" if event.data["message"].get("tile") else "popup") not in self._kinds(section)):
            return None
        return self._notice(section, event, type_)

    def _is_all_of_a_batch(self, section: SinkSection, event: Event) -> bool:
        """Whether a sink that wants to hear of batches hears of the end of one that has no other operation, and therefore no event of its own."""
        if event.type not in ENDS or "batch_completed" not in section.on or event.type in section.on:
            return False
        return event.batch not in self._journal.store.note(BATCH, [event.batch])

    def _notice(self, section: SinkSection, event: Event, type_: str) -> Notice:
        record = _record(self._journal.store, event.operation) if event.operation else None
        shown = view(record, None) if record is not None else None
        operation = None if type_ == "batch_completed" else shown
        message = self._message(section, event, event.type if type_ == "batch_completed" else type_, shown)
        return Notice(id=event.id, type=type_, time=event.time, operation=operation, data=_data(event, type_), message=message)

    def _message(self, section: SinkSection, event: Event, type_: str, shown: Mapping[str, Any] | None) -> Message:
        """What people read; words that cannot be made keep no notice from arriving."""
        try:
            if type_ == NOTIFICATION:
                return decode(Message, event.data["message"])
            return message_of(section.words, type_, event.data, self._facts(event, shown, type_), event.operation or event.batch)
        except (TypeError, ValueError, KeyError, AttributeError):
            self._log.exception("the words of the notice %s could not be made", event.id)
            return Message(title=type_.replace("_", " "), text="")

    def _facts(self, event: Event, shown: Mapping[str, Any] | None, type_: str) -> Mapping[str, Fact]:
        whole = Whole(self._looks, event.batch)
        facts: dict[str, Fact] = {
            "event": lambda: type_.replace("_", " "), "batch": lambda: event.batch,
            "finished": lambda: whole.seen.counts["completed"], "total": lambda: whole.seen.total,
            "failed": lambda: whole.seen.counts["error"], "canceled": lambda: whole.seen.counts["canceled"],
        }  # fmt: skip
        if shown is not None:
            return {**facts, **facts_of(shown, event.data)}
        return {
            **facts, "name": lambda: f"{whole.seen.total} upload{'' if whole.seen.total == 1 else 's'}", "destination": lambda: whole.seen.destination,
            "size": lambda: size_text(whole.seen.size), "error": lambda: whole.seen.error, "id": lambda: event.batch,
        }  # fmt: skip


class Whole:
    """The batch of an event, looked at once and only where somebody asks."""

    def __init__(self, looks: Looks, batch: str) -> None:
        self._looks, self._batch = looks, batch

    @cached_property
    def seen(self) -> Seen:
        """What there is in it now."""
        return self._looks.at(self._batch)


def _called(section: SinkSection, event: Event) -> str | None:
    """The word of ``on`` by which a sink is told of an event; never of its own failures, or each would make the next."""
    if NEEDS_PERSON in section.on and event.type == "waiting" and event.data.get("needs"):
        return NEEDS_PERSON
    own = event.type == "notice_failed" and event.data.get("sink") == section.name
    return event.type if event.type in section.on and not own else None


def _data(event: Event, type_: str) -> Mapping[str, Any]:
    """What goes with it: of a batch its id, and of one of a single operation how that ended."""
    if event.operation and type_ != "batch_completed":
        return event.data
    return {"batch": event.batch, **(Ends(**{event.type: 1}).told() if event.operation else event.data)}


def _record(store: Store, id: str) -> Record | None:
    items = store.find(Query(ids=(id,)), limit=1).items
    return items[0] if items else None
