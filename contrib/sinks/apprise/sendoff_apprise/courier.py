"""Has a message told in a process of its own, which is ended when its time is over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

from sendoff import Transient

from sendoff_apprise.settings import Settings

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "TMPDIR")
_COMMAND = (sys.executable, "-P", "-c", "from sendoff_apprise.messenger import answer; answer()")


class Courier:
    """Starts a process for each message; several threads may."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._running: set[subprocess.Popen[bytes]] = set()

    def carry(self, letter: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """What became of each address, as ``messenger.answer`` says it, and why nothing is known of the others. Errors: ``Transient``."""
        with self._started() as process:
            try:
                asked = json.dumps({**letter, "seconds": self._settings.timeout}).encode()
                said, _ = process.communicate(asked, timeout=self._settings.timeout)
                why = f"was not told: the process that does it ended with {process.returncode}"
            except subprocess.TimeoutExpired:
                _end(process)
                said, _ = process.communicate()
                why = f"was not through within {self._settings.timeout:g} s"
        return [json.loads(line) for line in said.splitlines(keepends=True) if line.endswith(b"\n")], why

    def close(self) -> None:
        """End what is under way."""
        with self._lock:
            for process in self._running:
                _end(process)

    @contextmanager
    def _started(self) -> Iterator[subprocess.Popen[bytes]]:
        with self._lock:
            process = self._start()
            self._running.add(process)
        try:
            yield process
        finally:
            with self._lock:
                self._running.discard(process)
            _end(process)
            process.communicate()

    def _start(self) -> subprocess.Popen[bytes]:
        quiet: Mapping[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        try:
            return subprocess.Popen(_COMMAND, env=self._environment(), cwd="/", start_new_session=True, **quiet)
        except OSError as cause:
            raise Transient(f"the process that tells apprise could not be started: {cause.strerror}") from cause

    def _environment(self) -> dict[str, str]:
        """A clean one: nothing of the host's says whom to trust or whom to ask."""
        found = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        found["PYTHONPATH"] = os.pathsep.join(place for place in sys.path if os.path.isabs(place))
        if self._settings.ca_file:
            file = os.path.expanduser(self._settings.ca_file)
            found |= {"SSL_CERT_FILE": file, "REQUESTS_CA_BUNDLE": file}
        if self._settings.proxy:
            found |= {"http_proxy": self._settings.proxy, "https_proxy": self._settings.proxy}
        return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with what it started; nothing for one that has ended."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
