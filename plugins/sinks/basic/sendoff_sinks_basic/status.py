"""``use = "status"``: a file that always holds the last notice, for whatever shows it: a panel, a prompt, a sign on the wall."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sendoff import Message, Moment, Notice, Permanent, Sink, SinkToolkit, Transient, moment, moment_of, moment_text, seconds

Seconds = Annotated[float, BeforeValidator(lambda value: seconds(value) if isinstance(value, str) else value), Field(gt=0, allow_inf_nan=False)]
_LONGEST_TIMER = 86_400.0  # seconds; then it looks again


class StatusSink(Sink):
    """Keeps one JSON object in a file, replaced whole: the notice, with ``title text failed expires_at`` of its message at the top.

    The file goes when it has expired; where nobody is there to remove it, ``expires_at`` says so. An older notice never replaces a newer one,
    unless that is from the future: a clock was wrong.
    """

    class Settings(BaseModel):
        """path: the file. expires: seconds after its notice, where that does not say itself; none = never. mode: who may read it, as ``chmod`` has it."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        path: Annotated[str, Field(min_length=1)]
        expires: Seconds | None = None
        mode: Annotated[str, Field(pattern=r"^0?[0-7]{3}$")] = "600"

    settings: Settings
    shows: ClassVar[frozenset[str]] = frozenset({"tile"})

    def __init__(self, settings: Any, toolkit: SinkToolkit) -> None:
        super().__init__(settings, toolkit)
        self._path = Path(self.settings.path)
        self._lock, self._closed = threading.Lock(), False
        self._timer: threading.Timer | None = None
        self._awaited: Moment | None = None
        self._looked = False

    def deliver(self, notice: Notice) -> None:
        """Returns when the file holds it, or something newer. Errors: ``Transient``, ``Permanent``."""
        message = notice.message or Message(title=notice.type, text="")
        ends = message.expires_at if message.expires_at is not None else self._ends(notice.time)
        document = {"title": message.title, "text": message.text, "failed": message.failed, "expires_at": None if ends is None else moment_text(ends)}
        with self._lock:
            self._look()
            if notice.time < _moment_in(self._path, "time") <= self.toolkit.clock.wall():
                return
            if ends is not None and ends <= self.toolkit.clock.wall():
                self._remove()
                return
            self._write({**document, **notice.document()})
            self._expect(ends)

    def close(self) -> None:
        """The file stays, and says when it expires."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()

    def _ends(self, since: Moment) -> Moment | None:
        return None if self.settings.expires is None else since + moment(self.settings.expires)

    def _write(self, document: Mapping[str, Any]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._path.parent, prefix=f".{self._path.name}.", delete=False, encoding="ascii") as new:
                try:
                    json.dump(document, new, default=str)
                    new.write("\n")
                    new.flush()
                    os.fchmod(new.fileno(), int(self.settings.mode, 8))
                    os.replace(new.name, self._path)
                except BaseException:
                    os.unlink(new.name)
                    raise
        except (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError) as cause:
            raise Permanent(f"the status file {self._path} cannot be written: {cause.strerror}", hint="correct path of the sink") from cause
        except OSError as cause:
            raise Transient(f"the status file {self._path} could not be written: {cause.strerror}") from cause

    def _look(self) -> None:
        """What an earlier host has left goes in its time, too."""
        if not self._looked:
            self._looked = True
            self._expect(_moment_in(self._path, "expires_at") or None)

    def _expect(self, ends: Moment | None) -> None:
        """The file goes when this moment has come."""
        self._awaited = ends
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if ends is not None and not self._closed:
            left = (ends - self.toolkit.clock.wall()) / 1e6
            self._timer = threading.Timer(min(max(left, 0.0), _LONGEST_TIMER), self._expired, (ends,))
            self._timer.daemon = True
            self._timer.start()

    def _expired(self, ends: Moment) -> None:
        with self._lock:
            if self._closed or ends != self._awaited:  # meanwhile the file holds another
                return
            if self.toolkit.clock.wall() < ends:
                self._expect(ends)
            else:
                self._remove()

    def _remove(self) -> None:
        with suppress(OSError):
            self._path.unlink()


def _moment_in(path: Path, name: str) -> Moment:
    """``time`` or ``expires_at`` of what the file holds; 0 where it holds none."""
    try:
        return moment_of(json.loads(path.read_bytes())[name])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
