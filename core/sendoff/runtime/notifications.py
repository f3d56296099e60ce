"""A program's own words for the end of what it has created: kept before anything of it is, and told once when all of it has ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from sendoff.desk.kinds import mapping, number_or_none, text, text_or_none
from sendoff.errors import InvalidArgument, Json
from sendoff.model.change import Append, Change, SaveNote
from sendoff.model.document import encode
from sendoff.model.event import Event
from sendoff.model.message import Message
from sendoff.model.note import Note
from sendoff.model.operation import Record
from sendoff.model.status import TransferStatus
from sendoff.policy.notice import Ends
from sendoff.ports.clock import Clock
from sendoff.runtime.journal import Journal

NOTIFICATIONS = "notifications"  # by batch: what is said, whether before it is closed too, and of which operations it has been
WORDS = ("success", "failure", "success_tile", "failure_tile")
_LONGEST = 192 * 1024  # bytes of all of them as UTF-8: four of the longest, whatever their script; a note may hold somewhat more
_MOST_TOLD = 100  # operations whose history says that nobody was told


class Notifications:
    """Turns the end of a set into events. shows: whether a sink would show a ``popup`` or a ``tile``, and says so in the log where none does."""

    def __init__(self, journal: Journal, clock: Clock, shows: Callable[[str], bool]) -> None:
        self._journal, self._clock, self._shows = journal, clock, shows

    def keep(self, batch: str, details: Mapping[str, Json]) -> None:
        """What is to be said of this batch from now on. ``loose``: whenever nothing of it is open, without waiting for it to be closed."""
        said = {word: encode(message_of(word, details[word])) for word in WORDS if details.get(word) is not None}
        size = len(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        if size > _LONGEST:
            raise InvalidArgument(f"the notifications of a batch: {size} bytes of UTF-8 are more than {_LONGEST}")
        told = note.value["told"] if (note := self._note(batch)) is not None else 0
        value = {"said": said, "loose": bool(details.get("loose")), "told": told}
        self._journal.commit([SaveNote(kind=NOTIFICATIONS, key=batch, value=value)])

    def forget(self, batch: str) -> Sequence[Change]:
        """Nothing more will be said of it."""
        return [SaveNote(kind=NOTIFICATIONS, key=batch, value=None)] if self._note(batch) is not None else []

    def of_the_end(self, batch: str, members: Iterator[Record]) -> Sequence[Change]:
        """What is written together with the end of a batch."""
        note = self._note(batch)
        return [] if note is None else [SaveNote(kind=NOTIFICATIONS, key=batch, value=None), *self._events(note, list(_new(note, members)))]

    def of_a_pause(self, batch: str, members: Callable[[], Iterator[Record]]) -> None:
        """Nothing of a set is open that may still grow: say it of those that ended since it was last said, unless another thread has."""
        note = self._note(batch)
        if note is None or not note.value["loose"]:
            return
        new = list(_new(note, members()))
        if new:
            told = SaveNote(kind=NOTIFICATIONS, key=batch, seen=note.version, value={**note.value, "told": max(one.number for one in new)})
            self._journal.commit([told, *self._events(note, new)])

    def _events(self, note: Note, new: Sequence[Record]) -> Iterator[Change]:
        outcome = _ends(new).outcome
        for word in (outcome, f"{outcome}_tile") if outcome is not None else ():
            if word in note.value["said"]:
                yield from self._event(note.key, word, note.value["said"][word], new)

    def _event(self, batch: str, word: str, said: Json, new: Sequence[Record]) -> Iterator[Change]:
        """It is told, or each operation's history says that it was not."""
        wall, id = self._clock.wall(), f"{batch}.{new[-1].number}.{word}"
        if self._shows("tile" if said.get("tile") else "popup"):
            yield Append(Event(id=f"{id}.notification", time=wall, type="notification", batch=batch, data={"word": word, "message": said}))
            return
        data = {"word": word, "message": "no sink that is configured shows it"}
        for one in islice(new, _MOST_TOLD):
            yield Append(Event(id=f"{id}.skipped.{one.id}", time=wall, type="notification_skipped", operation=one.id, batch=batch, round=one.round, data=data))

    def _note(self, batch: str) -> Note | None:
        return self._journal.store.note(NOTIFICATIONS, [batch]).get(batch)


def message_of(word: str, value: Json) -> Message:
    """What a client wants to have said, checked."""
    found = mapping(word, value)
    title, body = (text(f"{word}.{name}", found.get(name)) for name in ("title", "text"))
    tag, group = (text_or_none(f"{word}.{name}", found.get(name)) for name in ("tag", "group"))
    return Message(
        title=title, text=body, tag=tag, group=group, expires_at=number_or_none(f"{word}.expires_at", found.get("expires_at")),
        silent=bool(found.get("silent")), high=bool(found.get("high")), failed=word.startswith("failure"), tile=word.endswith("_tile"),
    )  # fmt: skip


def _new(note: Note, members: Iterator[Record]) -> Iterator[Record]:
    """Those that it was not said of yet."""
    return (one for one in members if one.number > note.value["told"])


def _ends(records: Sequence[Record]) -> Ends:
    statuses = [one.status for one in records]
    failed, canceled = statuses.count(TransferStatus.ERROR), statuses.count(TransferStatus.CANCELED)
    return Ends(completed=len(statuses) - failed - canceled, failed=failed, canceled=canceled)
