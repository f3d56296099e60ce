"""What goes through the pipes of a program: what it is told, what it says, what it complains."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from contextlib import closing

LARGEST = 65536  # bytes of what it says
_BLOCK = 65536
_LOOK = 0.05  # seconds between two looks whether it has ended, while nothing is said
_AFTER = 0.3  # seconds that are listened after its end, where a child keeps its pipes open


class Dialogue:
    """With one program, once.

    said, complaint: no more of them than ``LARGEST`` and a block. held: it has ended, and something that it started still holds its standard output.
    """

    def __init__(self, program: subprocess.Popen[bytes], told: bytes) -> None:
        self.said, self.complaint, self.held = bytearray(), bytearray(), False
        self._program, self._left = program, memoryview(told)
        self._ended: float | None = None

    def run(self, until: float) -> None:
        """To the end of the program, or to where it says too much. Errors: ``TimeoutError``."""
        with closing(selectors.DefaultSelector()) as ready:
            self._open(ready)
            while ready.get_map() and len(self.said) <= LARGEST and self._listening(until):
                for key, _ in ready.select(_LOOK):
                    self._step(ready, key)
            self.held = self._program.stdout in {key.fileobj for key in ready.get_map().values()}
        if len(self.said) <= LARGEST:
            self._wait(until)

    def _open(self, ready: selectors.BaseSelector) -> None:
        program = self._program
        assert program.stdin is not None and program.stdout is not None and program.stderr is not None
        os.set_blocking(program.stdin.fileno(), False)
        ready.register(program.stdin, selectors.EVENT_WRITE)
        ready.register(program.stdout, selectors.EVENT_READ, self.said)
        ready.register(program.stderr, selectors.EVENT_READ, self.complaint)

    def _listening(self, until: float) -> bool:
        """Whether more is to come. Its own words are in the pipes when it ends; what a child adds is not waited for."""
        now = time.monotonic()
        if self._ended is None and self._program.poll() is not None:
            self._ended = now
        if self._ended is not None:
            return now < self._ended + _AFTER
        if now >= until:
            raise TimeoutError
        return True

    def _step(self, ready: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        if self._tell(key.fd) if key.data is None else _taken(key.fd, key.data):
            ready.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr] # a stream of the program's

    def _tell(self, descriptor: int) -> bool:
        """Whether it has been told all. It may have ended, or not want to hear."""
        try:
            self._left = self._left[os.write(descriptor, self._left[:_BLOCK]) :] if self._left else self._left
        except BlockingIOError:
            return False
        except BrokenPipeError:
            return True
        return not self._left

    def _wait(self, until: float) -> None:
        try:
            self._program.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutError from None


def _taken(descriptor: int, heard: bytearray) -> bool:
    """Takes in what is there; whether that was the end. Of what is too much the rest is dropped."""
    block = os.read(descriptor, _BLOCK)
    if len(heard) <= LARGEST:
        heard += block
    return not block
