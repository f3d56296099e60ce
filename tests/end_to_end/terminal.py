"""A terminal with a person at it: a command on a pseudo-terminal, and the screen that it draws."""

import copy
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time

import pyte

ALTERNATE = 1049  # the screen of a program that has it all; without it the one from before is there again (xterm's ctlseqs)


class Screen(pyte.HistoryScreen):
    """A screen that also has another for a program that wants all of it, as every terminal does. whole: a program has it."""

    before = None

    @property
    def whole(self):
        return self.before is not None

    def set_mode(self, *modes, **how):
        if how.get("private") and ALTERNATE in modes and not self.whole:
            self.before = copy.deepcopy((self.buffer, self.cursor, self.history))
            self.erase_in_display(2)
        super().set_mode(*modes, **how)

    def reset_mode(self, *modes, **how):
        super().reset_mode(*modes, **how)
        if how.get("private") and ALTERNATE in modes and self.whole:
            buffer, self.cursor, self.history = self.before
            self.before = None
            self.buffer.clear()
            self.buffer.update(buffer)
            self.dirty.update(range(self.lines))


class Terminal:
    """A command that believes to be on a terminal of this size. history: lines that have scrolled away are kept too.

    before, after: how the terminal treats what is typed, when the command begins and when it has ended.
    """

    def __init__(self, words, *, environment, folder, columns=80, lines=24):
        self._screen = Screen(columns, lines, history=5000)
        self._stream, self._changed, self.raw = pyte.ByteStream(self._screen), threading.Condition(), b""
        self._open = True
        self._master, slave = pty.openpty()
        self._cut = os.pipe()
        self._size(columns, lines)
        self.before = self.after = termios.tcgetattr(slave)
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

    @property
    def pid(self):
        return self._process.pid

    @property
    def whole(self):
        """Whether a program has taken all of the screen."""
        with self._changed:
            return self._screen.whole

    def type(self, text):
        """The person's answer."""
        os.write(self._master, text.encode())

    def hang_up(self):
        """The terminal goes, as when the line to it breaks."""
        os.write(self._cut[1], b"x")

    def shown(self):
        """What stands on the screen, the lines that have scrolled away above it."""
        with self._changed:
            gone = ["".join(line[column].data for column in range(self._screen.columns)) for line in self._screen.history.top]
            return [line.rstrip() for line in (*gone, *self._screen.display)]

    def text(self):
        return "\n".join(self.shown())

    def until(self, *words, so=lambda lines: True, seconds=30):
        """The whole screen as soon as all of these stand on it, and its lines are so."""
        deadline = time.monotonic() + seconds
        while any(word not in (text := self.text()) for word in ("", *words)) or not so(text.split("\n")):
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
                ready, _, _ = select.select([self._master, self._cut[0]], [], [])
                data = b"" if self._cut[0] in ready else os.read(self._master, 65536)
            except OSError:  # the last who had the other end has closed it (pty(7): EIO)
                data = b""
            with self._changed:
                self.raw += data
                self._stream.feed(data)
                self._open = bool(data)
                self._changed.notify_all()
            if not data:
                self.after = termios.tcgetattr(self._master)
                for one in (self._master, *self._cut):
                    os.close(one)
                return
