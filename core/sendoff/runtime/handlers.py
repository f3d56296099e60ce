"""Completion handlers: each called at least once after the last end of its group, and never again once its own end is recorded."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sendoff.desk.calling import Calling, HandlerProcess
from sendoff.desk.spawn import without_identity
from sendoff.errors import SendoffError
from sendoff.model.change import Append, SaveNote, SaveTodo
from sendoff.model.completion import Handler, key_of
from sendoff.model.configuration import Configuration
from sendoff.model.document import decode
from sendoff.model.event import Event
from sendoff.model.moment import Moment
from sendoff.model.note import Todo
from sendoff.policy.retry import pause_before_next
from sendoff.ports.clock import Clock
from sendoff.runtime.batches import COMPLETION, HANDLER
from sendoff.runtime.following import Bell
from sendoff.runtime.journal import Journal

AT_ONCE = 4
_LOOK_EVERY = 2.0  # seconds
_SHOWN_ERROR, _SHOWN_OUTPUT = 2000, 4000  # characters


@dataclass(slots=True)
class _Trouble:
    """What keeps failing around a handler. due: nothing is tried before. ended: what its last call gave, which is still to be recorded."""

    failures: int = 0
    due: Moment = 0
    ended: tuple[str | None] | None = None


class Handlers:
    """Works off the to-dos of the kind ``handler``, a few at once, beside everything else: a slow one delays no notice and no upload.

    environment: of each process that is started. call: begins to call one.
    """

    def __init__(
        self, journal: Journal, bell: Bell, *, configuration: Callable[[], Configuration], clock: Clock, random: Random, environment: Mapping[str, str],
        clean: Callable[[str], str] = str, call: Callable[..., Calling] = HandlerProcess,
    ) -> None:  # fmt: skip
        self._journal, self._bell, self._configuration, self._clock, self._random = journal, bell, configuration, clock, random
        self._environment, self._clean, self._begun = environment, clean, call
        self._under_way: dict[str, threading.Thread] = {}
        self._processes: dict[str, Calling] = {}
        self._troubles: dict[str, _Trouble] = {}  # by batch, until its end is recorded
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="sendoff-handlers", daemon=True)
        self._log = logging.getLogger("sendoff.handlers")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, seconds: float = 5.0) -> None:
        """Whatever runs is ended; the next owner calls it again."""
        with self._lock:
            self._closed.set()
            running = list(self._processes.values())
            threads = list(self._under_way.values())
        for process in running:
            process.kill()
        self._bell.ring()
        for thread in [*threads, *([self._thread] if self._thread.ident is not None else [])]:
            thread.join(max(seconds, 0.1))

    def caught_up(self, seconds: float) -> bool:
        """Wait until none is due; whether that came true in time."""
        end = self._clock.monotonic() + seconds
        while True:
            rings = self._bell.rings
            if not self._journal.store.todos(self._clock.steady(), kind=HANDLER, limit=1):
                return True
            left = end - self._clock.monotonic()
            if left <= 0:
                return False
            self._bell.wait(rings, min(left, _LOOK_EVERY))

    def _run(self) -> None:
        while not self._closed.is_set():
            rings = self._bell.rings
            try:
                self._begin()
            except SendoffError as error:
                self._log.warning("handlers were put off: %s", error)
            except Exception:  # noqa: BLE001 - no more threads just now, a mistake of ours: the next look tries again
                self._log.exception("handlers were put off")
            self._bell.wait(rings, _LOOK_EVERY)

    def _begin(self) -> None:
        """Call those that are due, as many as there is room for."""
        now = self._clock.steady()
        for todo in self._journal.store.todos(now, kind=HANDLER, limit=2 * AT_ONCE + len(self._troubles)):
            with self._lock:
                if todo.about in self._under_way or len(self._under_way) >= AT_ONCE or self._closed.is_set():
                    continue
                if todo.about in self._troubles and now < self._troubles[todo.about].due:
                    continue
                thread = threading.Thread(target=self._work_off, args=(todo,), name="sendoff-handler", daemon=True)
                thread.start()  # first: one that cannot be started is not under way
                self._under_way[todo.about] = thread

    def _work_off(self, todo: Todo) -> None:
        try:
            self._call(todo)
        except SendoffError as error:
            self._log.warning("the handler of %s was put off: %s", todo.about, error)
            self._put_off(todo.about)
        except Exception:  # noqa: BLE001 - the to-do stays
            self._log.exception("the handler of %s was put off", todo.about)
            self._put_off(todo.about)
        else:
            self._troubles.pop(todo.about, None)
        finally:
            with self._lock:
                del self._under_way[todo.about]
            self._bell.ring()  # there is room again

    def _put_off(self, batch: str) -> None:
        """It is tried again after a pause; what is known of its last end stays known."""
        trouble = self._troubles.setdefault(batch, _Trouble())
        trouble.failures += 1
        trouble.due = self._clock.steady() + pause_before_next(trouble.failures, self._configuration().retry, self._random)

    def _call(self, todo: Todo) -> None:
        """Call it and record its end; one whose end could not be recorded is not called again for that."""
        note = self._journal.store.note(COMPLETION, [todo.about]).get(todo.about)
        if note is None:
            self._journal.commit([SaveTodo(kind=HANDLER, about=todo.about, seen=todo.version, payload=None)])
            return
        handler = decode(Handler, note.value)
        known = self._troubles.get(todo.about, _Trouble())
        ended = known.ended or (self._failure(handler, todo.about),)
        if not self._closed.is_set():
            self._troubles[todo.about] = known
            known.ended = ended
            self._record(todo, handler, *ended)

    def _failure(self, handler: Handler, batch: str) -> str | None:
        """Call it; why it failed, None when it did not."""
        environment = {**self._environment, "PYTHONPATH": os.pathsep.join(handler.path)}
        try:
            process = self._begun(handler, environment, clean=self._clean, batch=batch, key=key_of(batch))
        except OSError as cause:
            return f"{handler.interpreter} cannot be started in {handler.folder}: {cause.strerror}"
        error = self._waited(process, batch)
        printed = _end_of(process.printed.strip())
        if printed:
            self._log.info("the handler %s of %s printed: %s", handler.function, batch, printed)
        return error

    def _waited(self, process: Calling, batch: str) -> str | None:
        """Wait for its end; whatever happens here, it does not outlive this."""
        with self._lock:
            self._processes[batch] = process
            closed = self._closed.is_set()
        try:
            if closed:  # it was begun while ``close`` ended the others
                process.kill()
            return process.wait(self._configuration().handlers.timeout)
        except BaseException:
            process.kill()
            raise
        finally:
            with self._lock:
                del self._processes[batch]

    def _record(self, todo: Todo, handler: Handler, error: str | None) -> None:
        """What became of the call and what it makes necessary, in one transaction."""
        number = todo.tries + 1
        again = error is not None and number < self._configuration().handlers.attempts
        data = {"handler": handler.function, "key": key_of(todo.about), "try": number}
        if error is not None:
            error = self._clean(error)[:_SHOWN_ERROR]
            self._log.warning("the handler %s of %s failed%s: %s", handler.function, todo.about, "" if again else " and is given up", error)
            data |= {"message": error, "again": again}
        type_ = "handler_completed" if error is None else "handler_failed"
        told = Event(id=f"{todo.about}.{type_}.{number}", time=self._clock.wall(), type=type_, batch=todo.about, data=data)
        if again:
            due = self._clock.steady() + pause_before_next(number, self._configuration().retry, self._random)
            self._journal.commit([Append(told), _todo(todo, payload=todo.payload, due=due, tries=number)])
        else:
            self._journal.commit([Append(told), _todo(todo, payload=None), SaveNote(kind=COMPLETION, key=todo.about, value=None)])


def _end_of(text: str) -> str:
    """Its last lines, whole."""
    return text if len(text) <= _SHOWN_OUTPUT else text[-_SHOWN_OUTPUT:].partition("\n")[2]


def surroundings(environment: Mapping[str, str], folder: Path, config_file: Path | None) -> dict[str, str]:
    """Whose desk a handler asks: ours. Nothing of our own identity goes along, and its modules are its program's."""
    kept = {name: value for name, value in without_identity(environment).items() if name not in ("PYTHONHOME", "PYTHONPATH", "SENDOFF_APP")}
    named = {} if config_file is None else {"SENDOFF_CONFIG": str(config_file)}
    return {**kept, **named, "SENDOFF_STATE_DIR": str(folder)}


def _todo(todo: Todo, **fields: object) -> SaveTodo:
    return SaveTodo(kind=HANDLER, about=todo.about, seen=todo.version, **fields)  # type: ignore[arg-type]
