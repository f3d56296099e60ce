"""Somebody else on the machine, who reads every command line there is for as long as he looks."""

import os
import threading
from contextlib import suppress
from pathlib import Path

PAUSE = 0.004  # seconds between two looks


class Onlooker:
    """Begins to look at once. seen: each command line that stood anywhere, as ``/proc`` has it.

    gate: a FIFO that is opened for whoever waits at it once a command line with this word was seen, so that one at least is seen for certain.
    """

    def __init__(self, gate: Path, word: str) -> None:
        self.seen, self._gate, self._word = set(), gate, word.encode()
        self._over = threading.Event()
        os.mkfifo(gate)
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(PAUSE):
            found = set(_command_lines())
            if not found <= self.seen:
                self.seen = self.seen | found  # somebody may be reading the one there is
            if any(self._word in line for line in found):
                self._open()

    def _open(self) -> None:
        with suppress(OSError):  # nobody waits there
            gate = os.open(self._gate, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(gate, b"\n")
            finally:
                os.close(gate)


def _command_lines():
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as line:
                yield line.read()
