"""The server of ``sendoff demo``: a receiver on loopback, in a process of its own, that tells what it sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Condition, Thread

from sendoff.errors import HostUnavailable

Environment = Mapping[str, str]
_MODULE = "sendoff.testing.receiver"
TICK = 0.05  # seconds; what comes true may be something else than a request


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as the receiver saw it. received: body bytes. status: of its answer, None = it gave none."""

    number: int
    method: str
    path: str
    size: int | None
    received: int
    complete: bool
    broken: str | None
    status: int | None
    sha256: str | None

    @property
    def taken(self) -> bool:
        """It came whole, and was answered so."""
        return self.complete and self.status is not None and self.status // 100 == 2


class DemoReceiver:
    """Runs until ``close``, or until this process is gone. rate: bytes a second that it reads."""

    def __init__(self, folder: str, rate: int, environment: Environment) -> None:
        self.folder, self.rate = folder, rate
        command = [sys.executable, "-P", "-m", _MODULE, "--folder", folder, "--rate", str(rate), "--tus", "--tell", "--until-eof"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment, start_new_session=True
        )
        self._rows: dict[int, Request] = {}
        self._changed = Condition()
        self._thread = Thread(target=self._listen, name="sendoff-demo-receiver", daemon=True)
        self.url = self._first_line()
        self._thread.start()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def requests(self) -> list[Request]:
        """All so far, in order of arrival."""
        with self._changed:
            return [self._rows[number] for number in sorted(self._rows)]

    def held(self, name: str) -> str | None:
        """What it shows under a name; None = nothing."""
        path = os.path.join(self.folder, name)
        return path if os.path.isfile(path) else None

    def wait(self, true: Callable[[list[Request]], bool], *, quiet: float) -> bool:
        """Whether it came true; not, when nothing new was seen for ``quiet`` seconds."""
        seen, since = self.requests, time.monotonic()
        while not true(now := self.requests):
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > quiet:
                return False
            with self._changed:
                self._changed.wait(TICK)
        return True

    def close(self) -> None:
        """The end of it."""
        self._process.kill()
        self._process.wait()
        if self._thread.ident is not None:
            self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _first_line(self) -> str:
        line = self._process.stdout.readline().strip() if self._process.stdout else ""
        if not line:
            self.close()
            raise HostUnavailable("the receiver of the demo did not start", hint=f"see what it says: {sys.executable} -m {_MODULE} --folder /tmp/received")
        return line

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            row = Request(**json.loads(line))
            with self._changed:
                self._rows[row.number] = row
                self._changed.notify_all()
