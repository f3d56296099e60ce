"""A terminal with a person at it: a command on a pseudo-terminal, and the screen that it draws."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time

import pyte


class Terminal:
    """A command that believes to be on a terminal of this size. history: lines that have scrolled away are kept too."""

    def __init__(self, words, *, environment, folder, columns=80, lines=24):
        self._screen = pyte.HistoryScreen(columns, lines, history=5000)
        self._stream, self._changed, self.raw = pyte.ByteStream(self._screen), threading.Condition(), b""
        self._open = True
        self._master, slave = pty.openpty()
        self._size(columns, lines)
        self._process = subprocess.Popen(
            words, cwd=folder, env=environment | {"TERM": "xterm-256color"}, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )  # fmt: skip
        os.close(slave)
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def resize(self, columns, lines):
        with self._changed:
            self._screen.resize(lines, columns)
            self._size(columns, lines)
        self._process.send_signal(signal.SIGWINCH)

    def signal(self, number):
        self._process.send_signal(number)

    def type(self, text):
        """The person's answer."""
        os.write(self._master, text.encode())

    def shown(self):
        """What stands on the screen, the lines that have scrolled away above it."""
        with self._changed:
            gone = ["".join(line[column].data for column in range(self._screen.columns)) for line in self._screen.history.top]
            return [line.rstrip() for line in (*gone, *self._screen.display)]

    def text(self):
        return "\n".join(self.shown())

    def until(self, *words, seconds=30):
        """The whole screen as soon as all of these stand on it."""
        deadline = time.monotonic() + seconds
        while any(word not in (text := self.text()) for word in words):
            with self._changed:
                assert self._changed.wait(max(deadline - time.monotonic(), 0)) and time.monotonic() < deadline, f"never shown: {words}\n{text}"
        return text

    def ended(self, seconds=30):
        """Its exit code, once it has ended and everything that it wrote is on the screen."""
        code = self._process.wait(seconds)
        with self._changed:
            self._changed.wait_for(lambda: not self._open, 10)
        return code

    def _size(self, columns, lines):
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read(self):
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the last who had the other end has closed it (pty(7): EIO)
                data = b""
            with self._changed:
                self.raw += data
                self._stream.feed(data)
                self._open = bool(data)
                self._changed.notify_all()
            if not data:
                os.close(self._master)
                return
