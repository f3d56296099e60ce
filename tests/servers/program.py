"""A foreign server: a process on loopback for as long as a block lasts."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

STARTING = 60.0  # seconds until it must listen
LEAVING = 5.0  # seconds until it is killed


class Program:
    """``with Kind(folder) as server``. Keeps what it stores in the folder, and its port once it had one: ``kill`` and ``open`` make it come back.

    A test that opens one which is not installed is skipped, with the line that installs it; in CI that is a failure (mark it ``needs_server``).
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.process = Path(folder), 0, None

    # -- what each says of itself

    @classmethod
    def missing(cls) -> str | None:
        """None, or why it cannot be had here and the line that brings it."""
        raise TypeError(f"{cls.__name__} does not say what it needs")

    def command(self) -> list[str]:
        """What starts it on ``self.port``."""
        raise TypeError(f"{type(self).__name__} does not say how it starts")

    # -- life

    @classmethod
    def available(cls) -> bool:
        return cls.missing() is None

    def open(self):
        if reason := self.missing():
            pytest.skip(reason)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=log, stderr=log)
        self._listens()
        return self

    def close(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._end(signal.SIGKILL)

    def __enter__(self):
        return self.open()

    def __exit__(self, *_) -> None:
        self.close()

    # -- what is to be known

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def pid(self) -> int:
        return self.process.pid

    def _listens(self) -> None:
        until = time.monotonic() + STARTING
        while time.monotonic() < until and self.process.poll() is None:
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)  # a foreign program tells nobody that it listens
        self.kill()
        raise RuntimeError(f"{type(self).__name__} did not start: {self.log.read_text(errors='replace')}")

    def _end(self, by: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(by)
        process.stdin.close()
        try:
            process.wait(LEAVING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def program(name: str) -> str | None:
    """Where a program is: beside this interpreter, on the path, or where only root looks."""
    places = (str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin")
    return shutil.which(name, path=os.pathsep.join(places))
