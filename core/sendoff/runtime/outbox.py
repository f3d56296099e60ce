"""Notices on their way to sinks: each sink reads the log from its own position; a new one starts at now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from sendoff.errors import Permanent, SendoffError, Transient
from sendoff.model.change import Append, Change, SaveNote, SaveTodo
from sendoff.model.configuration import Configuration, SinkSection
from sendoff.model.event import Event
from sendoff.model.moment import moment
from sendoff.model.note import Note, Todo
from sendoff.model.notice import Notice
from sendoff.model.query import Query
from sendoff.ports.clock import Clock
from sendoff.ports.sink import Sink
from sendoff.ports.toolkit import SinkToolkit
from sendoff.runtime.installation import Installed
from sendoff.runtime.journal import Journal
from sendoff.runtime.statement import cleaned
from sendoff.runtime.view import view

NOTE, NOTICE = "sink", "notice"
LONGEST = 3 * 86_400.0  # seconds after its event that a notice is tried again; then it is set aside
_SLICE = 100


class Outbox:
    """Delivers events to the configured sinks, at least once and in order; what fails becomes a to-do and the position goes on."""

    def __init__(
        self, journal: Journal, installed: Installed, configuration: Callable[[], Configuration], toolkit: SinkToolkit, clock: Clock, *,
        clean: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self._journal, self._installed, self._configuration = journal, installed, configuration
        self._toolkit, self._clock, self._clean = toolkit, clock, clean
        self._made: dict[str, tuple[SinkSection, Sink]] = {}
        self._log = logging.getLogger("sendoff.sinks")

    def open(self) -> None:
        """A sink that was not there before starts at the end of the log."""
        for section in self._configuration().sinks:
            if section.name not in self._journal.store.note(NOTE, [section.name]):
                self._journal.commit([SaveNote(kind=NOTE, key=section.name, seen=0, value={"position": self._journal.position()})])

    def deliver(self) -> int:
        """Hand the next events to each sink; how many were handed over."""
        return sum(self._deliver_to(section) for section in self._configuration().sinks)

    def again(self, todo: Todo) -> bool:
        """One more try of a notice that a sink did not take; whether it is settled now."""
        sections = {section.name: section for section in self._configuration().sinks}
        section = sections.get(todo.payload["sink"])
        events = self._journal.store.events(todo.payload["seq"] - 1, 1)
        if section is None or not events or events[0].seq != todo.payload["seq"]:
            return True
        error = self._delivered(section, events[0])
        if isinstance(error, Transient) and self._clock.wall() - events[0].time < moment(LONGEST):
            raise error
        if error is not None:
            self._journal.commit([Append(self._told(section, events[0], error, again=False))])
        return True

    def _deliver_to(self, section: SinkSection) -> int:
        note = self._journal.store.note(NOTE, [section.name]).get(section.name)
        if note is None:
            return 0
        events = self._journal.store.events(note.value["position"], _SLICE)
        wanted = [event for event in events if _wants(section, event)]
        done: list[Change] = []
        for event in wanted:
            error = self._delivered(section, event)
            if error is not None:
                done += self._put_aside(section, event, error)
        if events:
            self._advance(note, events[-1].seq, done)
        return len(wanted)

    def _advance(self, note: Note, position: int, done: list[Change]) -> None:
        self._journal.commit([SaveNote(kind=NOTE, key=note.key, seen=note.version, value={"position": position}), *done])

    def _put_aside(self, section: SinkSection, event: Event, error: SendoffError) -> list[Change]:
        """A notice that was not taken: tried again later, or set aside and shown."""
        told = Append(self._told(section, event, error, again=isinstance(error, Transient)))
        if not isinstance(error, Transient):
            return [told]
        payload, due = {"sink": section.name, "seq": event.seq}, self._clock.steady() + moment(error.retry_after or 0)
        return [told, SaveTodo(kind=NOTICE, about=f"{section.name}.{event.id}", seen=0, payload=payload, due=due)]

    def _told(self, section: SinkSection, event: Event, error: SendoffError, *, again: bool) -> Event:
        """What the history says of a notice that was not taken."""
        self._log.warning("sink %s did not take the notice %s%s: %s", section.name, event.id, "" if again else ", which is set aside", error)
        data = {"sink": section.name, "event": event.id, "message": error.message, "again": again}
        id = f"{event.id}.notice_failed.{section.name}{'' if again else '.aside'}"
        return Event(id=id, time=self._clock.wall(), type="notice_failed", operation=event.operation, batch=event.batch, data=data)

    def _delivered(self, section: SinkSection, event: Event) -> SendoffError | None:
        """Hand one notice over; the error if it was not taken."""
        try:
            self._sink(section).deliver(self._notice(event))
        except SendoffError as error:
            return cleaned(error, self._clean)
        except Exception as error:  # noqa: BLE001 - a sink is a stranger's code; it is named, and the others go on
            self._log.exception("sink %s failed", section.name)
            return cleaned(Permanent(f"{type(error).__name__}: {error}"), self._clean)
        return None

    def _sink(self, section: SinkSection) -> Sink:
        known = self._made.get(section.name)
        if known is not None and known[0] == section:
            return known[1]
        settings = self._installed.settings("sinks", section.use, section.options, section=f"sinks.{section.name}")
        made: Sink = self._installed.load("sinks", section.use)(settings, self._toolkit)
        self._made[section.name] = (section, made)
        return made

    def close(self) -> None:
        """Let the sinks go; the next notice makes them anew, by the configuration then in force."""
        made, self._made = self._made, {}
        for _, sink in made.values():
            sink.close()

    def _notice(self, event: Event) -> Notice:
        shown: Mapping[str, Any] | None = None
        if event.operation:
            items = self._journal.store.find(Query(ids=(event.operation,)), limit=1).items
            shown = view(items[0], None) if items else None
        data = event.data if event.operation else {"batch": event.batch, **event.data}
        return Notice(id=event.id, type=event.type, time=event.time, operation=shown, data=data)


def _wants(section: SinkSection, event: Event) -> bool:
    """Whether a sink is told of an event; never of its own failures, or each would make the next."""
    return event.type in section.on and not (event.type == "notice_failed" and event.data.get("sink") == section.name)
