"""Batches that a client adds to, call by call, until it says that this was all, or is gone."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sendoff.desk.kinds import mapping, shown, text
from sendoff.errors import InvalidArgument, InvalidState, Json
from sendoff.model.change import SaveNote
from sendoff.model.completion import FUNCTION, Handler
from sendoff.model.document import encode
from sendoff.model.note import Note
from sendoff.runtime.batches import BATCH, COMPLETION, Batches
from sendoff.runtime.journal import Journal

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST = 32 * 1024  # characters of a handler; a note may hold twice that


class OpenBatches:
    """Joined while they are held, sealed once. held: whether the client is still there that made this one."""

    def __init__(self, journal: Journal, batches: Batches, held: Callable[[str], bool]) -> None:
        self._journal, self._batches, self._held = journal, batches, held
        self._door = threading.Lock()  # nothing is added to one while it is sealed
        self._open = batches.left_open

    @contextmanager
    def joined(self, batch: str) -> Iterator[Note | None]:
        """What is known of it, as long as something is added to it; ``InvalidState`` when nothing can be any more."""
        with self._door:
            note = self._still_open(batch)
            self._open.add(batch)
            yield note

    def seal(self, details: Mapping[str, Json]) -> Json:
        """Answers ``ask("seal")``: nothing is added to ``batch`` any more, and ``handler``, if any, is called once all of it has ended. May be asked again."""
        batch, handler = text("batch", details.get("batch")), details.get("handler")
        more = [] if handler is None else [SaveNote(kind=COMPLETION, key=batch, value=encode(handler_of(handler)))]
        with self._door:
            note = self._note(batch)
            if note is not None and note.value["sealed"] and not note.value.get("stopped"):
                return {"id": batch, "number": note.value["number"], "total": note.value["total"]}
            note, total = self._still_open(batch), self._batches.count(batch)
            number = note.value["number"] if note is not None else None
            if total or more:
                number = number or self._batches.reserve()
                self._batches.seal(batch, number, total, stopped=False, more=more)
            elif number is not None:
                self._batches.forget(batch, number)
            self._open.discard(batch)
        return {"id": batch, "number": number, "total": total}

    def notify(self, details: Mapping[str, Json]) -> Json:
        """Answers ``ask("notify")``: what people are told once all of ``batch`` has ended; asked before anything is created in it. May be asked again."""
        batch = text("batch", details.get("batch"))
        with self.joined(batch):
            self._batches.notifications.keep(batch, details)
        return {"id": batch}

    def look(self) -> int:
        """Close, at what came, whatever nobody holds any more; how many."""
        left = [batch for batch in tuple(self._open) if not self._held(batch)]
        for batch in left:
            with self._door:
                note = self._note(batch)
                if note is None:
                    self._journal.commit(list(self._batches.notifications.forget(batch)))
                elif not note.value["sealed"]:
                    self._batches.stop(note)
                self._open.discard(batch)
        return len(left)

    def _still_open(self, batch: str) -> Note | None:
        note = self._note(batch)
        if note is not None and note.value["sealed"]:
            raise InvalidState(f"the batch {batch} is closed: nothing can be added to it any more", hint="make a new one")
        if not _ID.fullmatch(batch) or not self._held(batch):
            raise InvalidState(f"nobody holds a batch {batch[:64]!r} open", hint="make a new one")
        return note

    def _note(self, batch: str) -> Note | None:
        return self._journal.store.note(BATCH, [batch]).get(batch)


def handler_of(value: Json) -> Handler:
    """A handler as a client describes it, checked."""
    found = mapping("handler", value)
    path = found.get("path", [])
    if not isinstance(path, list) or not all(isinstance(one, str) for one in path):
        raise InvalidArgument(f"handler.path: a list of texts is expected, not {shown(path)}")
    function, interpreter, folder = (text(f"handler.{name}", found.get(name)) for name in ("function", "interpreter", "folder"))
    if not FUNCTION.fullmatch(function):
        raise InvalidArgument(f"handler.function {function[:200]!r}: it is written module:function")
    for name, one in (("interpreter", interpreter), ("folder", folder)):
        if not os.path.isabs(one) or "\0" in one:
            raise InvalidArgument(f"handler.{name} {one[:200]!r}: an absolute path is expected")
    if len(function) + len(interpreter) + len(folder) + sum(map(len, path)) > _MOST:
        raise InvalidArgument(f"handler: function, interpreter, folder and path are longer than {_MOST} characters together")
    return Handler(function=function, interpreter=interpreter, folder=folder, path=tuple(path))
