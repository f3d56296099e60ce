"""Calling a completion handler in a process of its own, as the program would that registered it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from sendoff.errors import InvalidArgument, Json

if TYPE_CHECKING:
    from sendoff.model.completion import Handler

BOOT = (
    "import json, sys; asked = json.loads(sys.stdin.buffer.readline()); sys.path[:] = asked['path']; "
    "from sendoff.api.handler import serve; serve(asked)"
)  # fmt: skip
LONGEST_LOOK = 60.0  # seconds that the look for a handler may take: its module is imported
_KEPT = 4000  # bytes of what it printed last


class Calling(Protocol):
    """A handler under way."""

    @property
    def printed(self) -> str:
        """The end of what it printed."""
        ...

    def wait(self, seconds: float) -> str | None:
        """Why it failed, None when it did not; one that takes longer is ended."""
        ...

    def kill(self) -> None:
        """End it."""


class HandlerProcess:
    """A handler under way. It ends with whoever started it, because its standard input does.

    environment: its own. asked: what else it is told. Errors: ``OSError`` when it cannot be started.
    """

    def __init__(self, handler: Handler, environment: Mapping[str, str], **asked: Json) -> None:
        self._report, report = os.pipe()
        output, printed = os.pipe()
        command = [handler.interpreter, "-P", "-c", BOOT]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=printed, stderr=printed, cwd=handler.folder, env={**environment}, pass_fds=(report,),
                start_new_session=True,
            )  # fmt: skip
        except OSError:
            os.close(self._report)
            os.close(output)
            raise
        finally:
            os.close(report)
            os.close(printed)
        self._tail = b""
        self._reader = threading.Thread(target=self._read, args=(output,), name="sendoff-handler-output", daemon=True)
        self._reader.start()
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
        """End it, and whatever it has started in its session."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def printed(self) -> str:
        """The end of what it printed."""
        return self._tail.decode(errors="replace")

    def _outcome(self, late: str | None) -> str | None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._reader.join(1.0)
        os.set_blocking(self._report, False)
        try:
            said = os.read(self._report, 65536)
        except BlockingIOError:  # what it has forked lives on and could still write
            said = b""
        os.close(self._report)
        if said:
            error = json.loads(said)["error"]
            return None if error is None else str(error)
        last = self.printed.strip().rpartition("\n")[2]
        return late or f"it ended with exit code {self._process.returncode}{f': {last}' if last else ''}"

    def _read(self, output: int) -> None:
        while piece := os.read(output, 65536):
            self._tail = (self._tail + piece)[-_KEPT:]
        os.close(output)


def check_handler(handler: Handler) -> None:
    """``InvalidArgument`` for one that cannot be found: its module is imported, in a process of its own, and not in this one."""
    process = HandlerProcess(handler, {**os.environ, "PYTHONPATH": os.pathsep.join(handler.path)}, check=True)
    error = process.wait(LONGEST_LOOK)
    if error is not None:
        raise InvalidArgument(
            f"the handler {handler.function!r} cannot be found: {error}", hint=f"its module must be importable by {sys.executable} in {handler.folder}"
        )
