"""Sinks that come by themselves: asked apart from everything else, for to ask one may take its time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from sendoff.errors import SendoffError
from sendoff.model.configuration import Configuration, SinkSection
from sendoff.runtime.courier import NOTE, OFFER, UNINVITED
from sendoff.runtime.installation import Installed
from sendoff.runtime.journal import Journal
from sendoff.runtime.late import kind_of
from sendoff.runtime.offer import section_of

_FAR = 2**62


class Visitors:
    """Who comes, and who came before and has something late. asked: set once all were asked."""

    def __init__(self, journal: Journal, installed: Installed, configuration: Callable[[], Configuration]) -> None:
        self._journal, self._installed, self._configuration = journal, installed, configuration
        self.asked = threading.Event()
        self._log = logging.getLogger("sendoff.sinks")

    def possible(self) -> Sequence[str]:
        """The sinks that the configuration neither uses nor disables, by name."""
        configuration = self._configuration()
        taken = {name for section in configuration.sinks for name in (section.use, section.name)} | set(configuration.disabled)
        return [name for name in self._installed.names("sinks") if name not in taken]

    def late(self) -> Sequence[SinkSection]:
        """Those that have come before and have something late: they stay, whether somebody has logged in again by now or not."""
        notes = self._journal.store.note(NOTE, self.possible())
        return [section_of(name, note.value.get(OFFER, {})) for name, note in notes.items() if note.value.get(UNINVITED) and self._has_late(name)]

    def coming(self, there: Collection[str]) -> Sequence[SinkSection]:
        """Ask each that is not there yet whether it comes."""
        return list(self._coming(there))

    def position(self, now: int) -> int:
        """The first position among those that came before: until they were asked, what follows it may have to be told."""
        notes = self._journal.store.note(NOTE, self.possible()).values()
        return min((note.value["position"] for note in notes if note.value.get(UNINVITED)), default=now)

    def _coming(self, there: Collection[str]) -> Iterator[SinkSection]:
        for name in self.possible():
            options = self._offer(name) if name not in there else None
            if options is not None:
                yield section_of(name, options)

    def _has_late(self, name: str) -> bool:
        return bool(self._journal.store.todos(_FAR, kind=kind_of(name), limit=1))

    def _offer(self, name: str) -> Mapping[str, Any] | None:
        """What a sink says when it is asked whether it comes by itself; one that cannot be asked does not."""
        try:
            offer: Mapping[str, Any] | None = self._installed.load("sinks", name).uninvited()  # type: ignore[attr-defined]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a sink is a stranger's code, and nobody has asked for this one
            level = logging.DEBUG if isinstance(error, SendoffError) else logging.WARNING
            self._log.log(level, "sink %s could not be asked whether it comes by itself: %s", name, error)
            return None
        return offer
