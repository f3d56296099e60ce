"""``use = "command"``: each notice starts a program."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Annotated, Any, BinaryIO, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sendoff import Notice, Permanent, Sink, SinkToolkit, Transient, moment_text, seconds

TRY_LATER = 75  # EX_TEMPFAIL of sysexits(3)
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "TMPDIR")
_SHOWN = 1000  # bytes of what the program complained
_TOLD = 2000  # characters of an error, title or text in a variable: of one of 128 KiB no program is started; standard input has all of it

Seconds = Annotated[float, BeforeValidator(lambda value: seconds(value) if isinstance(value, str) else value), Field(gt=0, allow_inf_nan=False)]


class CommandSink(Sink):
    """Starts a program without a shell, the notice as one JSON line on its standard input.

    Exit code 0: accepted. 75 (``EX_TEMPFAIL``), death by a signal, or no end within ``timeout``: again later. Any other: set aside and shown,
    with the end of what it wrote to standard error. The environment holds ``PATH HOME LANG LC_ALL TZ USER LOGNAME TMPDIR``, what the settings
    add, and ``SENDOFF_NOTICE_ID _TYPE _TIME _OPERATION _BATCH _STATUS _URL _DESTINATION _SIZE _ERROR _TITLE _TEXT``; the folder is ``/``.
    """

    class Settings(BaseModel):
        """argv: the program and its arguments, each as it is. timeout: seconds. environment: further variables."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        argv: Annotated[tuple[str, ...], Field(min_length=1)]
        timeout: Seconds = 30.0
        environment: dict[str, str] = {}

    settings: Settings
    shows: ClassVar[frozenset[str]] = frozenset({"popup", "tile"})

    def __init__(self, settings: Any, toolkit: SinkToolkit) -> None:
        super().__init__(settings, toolkit)
        self._lock = Lock()
        self._running: set[subprocess.Popen[bytes]] = set()

    def deliver(self, notice: Notice) -> None:
        """Start the program and wait for its end. Errors: ``Transient``, ``Permanent``."""
        with tempfile.TemporaryFile() as complaints, self._started(notice, complaints) as program:
            try:
                program.communicate((notice.json() + "\n").encode("utf-8", "replace"), timeout=self.settings.timeout)
            except subprocess.TimeoutExpired as cause:
                raise Transient(f"{self._name} did not end within {self.settings.timeout:g} s and was ended") from cause
            self._judge(program.returncode, complaints)

    def close(self) -> None:
        """End what still runs; its notice comes again."""
        with self._lock:
            running = [*self._running]
        for program in running:
            _end(program)

    @property
    def _name(self) -> str:
        return self.settings.argv[0]

    @contextmanager
    def _started(self, notice: Notice, complaints: BinaryIO) -> Iterator[subprocess.Popen[bytes]]:
        with self._lock:
            program = self._start(notice, complaints)
            self._running.add(program)
        try:
            yield program
        finally:
            with self._lock:
                self._running.discard(program)
            _end(program)

    def _start(self, notice: Notice, complaints: BinaryIO) -> subprocess.Popen[bytes]:
        environment = {**_environment(notice), **self.settings.environment}
        quiet: Mapping[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": complaints}
        try:
            return subprocess.Popen(self.settings.argv, env=environment, cwd="/", start_new_session=True, **quiet)
        except (FileNotFoundError, PermissionError, ValueError) as cause:
            reason = cause.strerror if isinstance(cause, OSError) else str(cause)
            raise Permanent(f"the program {self._name} cannot be started: {reason}", hint="correct argv of the sink") from cause
        except OSError as cause:
            raise Transient(f"the program {self._name} could not be started: {cause.strerror}") from cause

    def _judge(self, code: int, complaints: BinaryIO) -> None:
        if code == 0:
            return
        said = _end_of(complaints)
        if code == TRY_LATER or code < 0:
            raise Transient(f"{self._name} {f'was ended by signal {-code}' if code < 0 else 'asked for another moment'}{said}")
        raise Permanent(f"{self._name} refused the notice with exit code {code}{said}")


def _environment(notice: Notice) -> dict[str, str]:
    """A clean one: what a program needs to run, and what happened. A NUL cannot stand in a variable."""
    operation, message = notice.operation or {}, notice.message
    facts = {
        "ID": notice.id,
        "TYPE": notice.type,
        "TIME": moment_text(notice.time),
        "OPERATION": operation.get("id"),
        "BATCH": operation.get("batch") or (notice.data or {}).get("batch"),
        "STATUS": operation.get("status"),
        "URL": operation.get("url"),
        "DESTINATION": operation.get("destination"),
        "SIZE": (operation.get("source") or {}).get("size"),
        "ERROR": _begun((operation.get("error") or {}).get("message")),
        "TITLE": _begun(message.title if message is not None else None),
        "TEXT": _begun(message.text if message is not None else None),
    }
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed_on, **{f"SENDOFF_NOTICE_{name}": str(value).replace("\0", "\ufffd") for name, value in facts.items() if value is not None}}


def _begun(text: object) -> str | None:
    """As much of it as a variable is given."""
    return None if text is None else str(text)[:_TOLD]


def _end(program: subprocess.Popen[bytes]) -> None:
    """End it and everything it started that did not leave its session; nothing for one that has ended by itself."""
    if program.poll() is None:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
    if program.stdin is not None:
        program.stdin.close()


def _end_of(complaints: BinaryIO) -> str:
    size = complaints.seek(0, os.SEEK_END)
    complaints.seek(max(0, size - _SHOWN))
    text = complaints.read().decode("utf-8", "replace").strip()
    return f": {text}" if text else ""
