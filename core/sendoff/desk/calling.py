"""Calling a completion handler in a process of its own, as the program would that registered it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from errno import EAGAIN
from typing import TYPE_CHECKING, Protocol

from sendoff.errors import InvalidArgument, Json

if TYPE_CHECKING:
    from sendoff.model.completion import Handler

BOOT = (
    "import json, sys; asked = json.loads(sys.stdin.buffer.readline()); sys.path[:] = asked['path']; "
    "from sendoff.api.handler import serve; serve(asked)"
)  # fmt: skip
LONGEST_LOOK = 60.0  # seconds that the look for a handler may take: its module is imported
_KEPT = 64 * 1024  # bytes of what it printed last: far more than is ever shown, so that what is secret is seen whole
_MOST = 256 * 1024  # bytes of its report
_GRACE, _GLANCE = 1.0, 0.2  # seconds: how long it is listened to after its end, and how soon the end of that is noticed


class Calling(Protocol):
    """A handler under way."""

    @property
    def printed(self) -> str:
        """The end of what it printed, in whole lines; nothing secret is in it."""
        ...

    def wait(self, seconds: float) -> str | None:
        """Why it failed, None when it did not; one that takes longer is ended."""
        ...

    def kill(self) -> None:
        """End it."""


class HandlerProcess:
    """A handler under way. It ends with whoever started it, because its standard input does.

    environment: its own. clean: takes what is secret out of what it prints, before anything is cut off. asked: what else it is told.
    What it leaves behind is listened to for a second after its end, and no longer.

    Errors: ``OSError`` when it cannot be started.
    """

    def __init__(self, handler: Handler, environment: Mapping[str, str], *, clean: Callable[[str], str] = str, **asked: Json) -> None:
        self._clean, self._over = clean, threading.Event()
        self._tail, self._said, self._whole = b"", b"", True
        output, printed, said, report = _pipes()
        command = [handler.interpreter, "-P", "-c", BOOT]
        self._reader = threading.Thread(target=self._read, args=(output, said), name="sendoff-handler-output", daemon=True)
        try:
            _begin(self._reader, (output, said))
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=printed, stderr=printed, cwd=handler.folder, env={**environment}, pass_fds=(report,),
                start_new_session=True,
            )  # fmt: skip
        finally:  # where it was not started, its reader comes to an end by this, too
            os.close(report)
            os.close(printed)
        words = {"function": handler.function, "path": list(handler.path), "report": report, **asked}
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(words).encode() + b"\n")
            self._process.stdin.flush()

    def wait(self, seconds: float) -> str | None:
        """Why it failed, None when it did not; one that takes longer is ended."""
        late = False
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            late = True
            self.kill()
        return self._outcome(f"it did not end within {seconds:g} seconds" if late else None)

    def kill(self) -> None:
        """End it, and whatever it has started in its session; one that was seen to end is left alone, for its number may be another's."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def printed(self) -> str:
        """The end of what it printed, in whole lines; nothing secret is in it."""
        kept = self._tail if self._whole else self._tail.partition(b"\n")[2]
        return self._clean(kept.decode(errors="replace"))

    def _outcome(self, late: str | None) -> str | None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._reader.join(_GRACE)
        self._over.set()
        self._reader.join()
        if self._said:
            return _reported(self._said)
        last = self.printed.strip().rpartition("\n")[2]
        return late or f"it ended with exit code {self._process.returncode}{f': {last}' if last else ''}"

    def _read(self, output: int, said: int) -> None:
        """Both, to their end; what the handler has left behind could keep them open, and is not waited for."""
        open_ = {output: self._keep, said: self._hear}
        waiting = select.poll()
        for one in open_:
            waiting.register(one, select.POLLIN)
        while open_:
            last = self._over.is_set()
            for one, _ in waiting.poll(0 if last else _GLANCE * 1000):
                piece = os.read(one, 65536)
                open_[one](piece)
                if not piece:
                    waiting.unregister(one)
                    del open_[one]
            if last:
                break
        os.close(output)
        os.close(said)

    def _keep(self, piece: bytes) -> None:
        tail = self._tail + piece
        self._whole = self._whole and len(tail) <= _KEPT
        self._tail = tail[-_KEPT:]

    def _hear(self, piece: bytes) -> None:
        self._said = (self._said + piece)[:_MOST]


def _pipes() -> tuple[int, int, int, int]:
    """Two of them, or none."""
    first = os.pipe()
    try:
        return (*first, *os.pipe())
    except OSError:
        for one in first:
            os.close(one)
        raise


def _begin(reader: threading.Thread, reads: tuple[int, int]) -> None:
    try:
        reader.start()
    except RuntimeError as cause:
        for one in reads:
            os.close(one)
        raise OSError(EAGAIN, "no more threads can be had just now") from cause


def _reported(said: bytes) -> str | None:
    """The error that it reported, None when it reported that there was none."""
    try:
        error = json.loads(said)["error"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "what it reported at its end cannot be read"
    return None if error is None else str(error)


def check_handler(handler: Handler) -> None:
    """``InvalidArgument`` for one that cannot be found: its module is imported, in a process of its own, and not in this one."""
    process = HandlerProcess(handler, {**os.environ, "PYTHONPATH": os.pathsep.join(handler.path)}, check=True)
    error = process.wait(LONGEST_LOOK)
    if error is not None:
        raise InvalidArgument(
            f"the handler {handler.function!r} cannot be found: {error}", hint=f"its module must be importable by {sys.executable} in {handler.folder}"
        )
