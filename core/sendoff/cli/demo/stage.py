"""Where ``sendoff demo`` plays: a folder of its own, in it a journal, a configuration and a receiver; nothing of it stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from sendoff.cli.demo.file import MIB
from sendoff.cli.demo.receiver import DemoReceiver
from sendoff.desk.lock import Lock
from sendoff.desk.place import find_place
from sendoff.errors import InvalidArgument, SendoffError
from sendoff.model.quantity import size_text

MARGIN = 64 * MIB  # for the journal, and for what comes twice
LONGEST = 60.0  # seconds for a command that only asks
_ELSEWHERE = "name another folder with TMPDIR, or give a smaller FILE"
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CONFIGURATION = """\
[host]
idle_exit = "10s"
[secrets]
seal = "sealed-file"
[network]
use = "always-online"
[retry]
patience = "1m"
[transports.http]
resume_from = 1
"""


class Ended(BaseException):
    """The demo was told to end. Not an ``Exception``: nothing on the way may take it for a failure."""


class DemoStage:
    """A folder, and everything that works in it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SENDOFF_")}
        self.environment = {**kept, "SENDOFF_STATE_DIR": os.path.join(folder, "state"), "SENDOFF_CONFIG": os.path.join(folder, "config", "sendoff.toml")}
        self.place = find_place(self.environment)
        os.mkdir(os.path.dirname(self.place.config), 0o700)
        with open(self.place.config, "w", encoding="utf-8") as file:
            file.write(_CONFIGURATION)
        self._receiver: DemoReceiver | None = None

    def receiver(self, rate: int) -> DemoReceiver:
        """A server that reads so many bytes a second."""
        folder = os.path.join(self.folder, "received")
        os.mkdir(folder)
        self._receiver = DemoReceiver(folder, rate, self.environment)
        return self._receiver

    def run(self, words: Sequence[str], folder: str) -> subprocess.CompletedProcess[str]:
        """A command of ours, and what it said."""
        try:
            return subprocess.run(
                _command(words), cwd=folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LONGEST,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as cause:
            raise SendoffError(f"sendoff {words[0]} did not end within {LONGEST:.0f} s") from cause

    def begin(self, words: Sequence[str], *, seen: bool) -> subprocess.Popen[str]:
        """A command on its way. seen: it draws on our terminal; Ctrl-C is ours alone."""
        to = None if seen else subprocess.PIPE
        return subprocess.Popen(
            _command(words), cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=to, stderr=to, text=True, process_group=0
        )

    @property
    def host(self) -> int:
        """The process that owns the journal now; 0 = none."""
        if Lock(self.place.lock).wait_free(0):
            return 0
        return int((Lock(self.place.lock).holder() or {}).get("pid", 0))

    def close(self) -> None:
        """End whatever works here, and remove the folder."""
        if self._receiver is not None:
            self._receiver.close()
        while pids := self._pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _pids(self) -> list[int]:
        """Whoever works with our journal, in whatever stage of its life: it has the folder in its environment, as nobody else has."""
        mark = f"SENDOFF_STATE_DIR={self.place.state}".encode()
        found = [int(name) for name in os.listdir("/proc") if name.isdigit()] if os.path.isdir("/proc/self") else []
        ours = [pid for pid in found if mark in _environment(pid).split(b"\0")]
        return ours or [pid for pid in (self.host,) if pid]


def _command(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-P", "-m", "sendoff", *words]


def _environment(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read()
    except OSError:  # gone, or somebody else's
        return b""


@contextmanager
def demo_stage(needed: int) -> Iterator[DemoStage]:
    """A stage with room for so many bytes; whatever ends the block, nothing is left."""
    before = [(number, signal.signal(number, _end)) for number in _ENDINGS]
    try:
        folder = _folder()
        try:
            _check_room(folder, needed + MARGIN)
            stage = DemoStage(folder)
            try:
                yield stage
            finally:
                _deaf()
                stage.close()
        finally:
            _deaf()
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _folder() -> str:
    try:
        return tempfile.mkdtemp(prefix="sendoff-demo-")
    except OSError as cause:
        raise InvalidArgument(f"there is no folder for what the demo needs for a moment: {cause.strerror}", hint=_ELSEWHERE) from cause


def _check_room(folder: str, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        text = f"the demo needs {size_text(needed)} for a moment, and {os.path.dirname(folder)} has {size_text(free)} free"
        raise InvalidArgument(text, hint=_ELSEWHERE)


def _deaf() -> None:
    """What is being put away is put away wholly, however often somebody presses Ctrl-C."""
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, _frame: object) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Ended(signal.Signals(number).name)
