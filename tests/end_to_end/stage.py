"""A place to work in: a state folder, a configuration, real commands and real hosts, and ways to kill them."""

import hashlib
import json
import os
import random
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from sendoff.desk.client import DeskClient
from sendoff.desk.lock import Lock
from sendoff.desk.place import find_place
from sendoff.model.event import ENDS, Event
from sendoff.model.query import Query
from sendoff.testing.counterpart import Counterpart, variables

MIB = 2**20
PACE = 64 * MIB  # bytes a second a receiver reads where a kill must land in mid-transfer
COMMAND = [sys.executable, "-m", "sendoff"]


class Stage:
    """Everything one test needs of a machine; whatever host is left at the end is killed.

    state, config: the folder and the file that every command here uses. desk: a client in this process, over the real socket.
    store: where the journal is kept, if the suite was told of another than the usual.
    """

    store: ClassVar[Counterpart | None] = None

    def __init__(self, folder: Path) -> None:
        self.folder, self.state, self.config = folder, folder / "state", folder / "config" / "sendoff.toml"
        self.config.parent.mkdir()
        self.config.write_text("")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SENDOFF_")}
        self.environment = kept | {"SENDOFF_STATE_DIR": str(self.state), "SENDOFF_CONFIG": str(self.config)}
        self.environment |= variables(self.store, self.state) if self.store is not None else {}
        self.place = find_place(self.environment)
        self.desk = DeskClient(self.place, environment=self.environment)
        self.random = random.Random()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.runs():
            self.kill_host()

    # -- files and commands

    def file(self, size, name="source.bin"):
        """A file of so many random bytes on disk, and its SHA-256."""
        content = self.random.randbytes(size)
        path = self.folder / name
        path.write_bytes(content)
        return str(path), hashlib.sha256(content).hexdigest()

    def begin(self, *words, **more):
        """A command on its way."""
        return subprocess.Popen(
            [*COMMAND, *words], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
        )  # fmt: skip

    def run(self, *words, fine=(0,)):
        """A command, and what it said."""
        done = subprocess.run([*COMMAND, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode in fine, (words, done.returncode, done.stdout, done.stderr, self.log())
        return done

    def put(self, *words):
        """``sendoff put``: the ids it printed."""
        return self.run("put", *words).stdout.split()

    def install(self, name, group, entry, code):
        """A package of this name with one entry point, for whatever process starts from now on."""
        packages = self.folder / "packages"
        facts = packages / f"{name}-1.0.dist-info"
        facts.mkdir(parents=True)
        (packages / f"{name}.py").write_text(code)
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(f"[{group}]\n{entry}\n")
        self.environment["PYTHONPATH"] = str(packages)

    def keep_journal_with(self, driver):
        """Another store, of the same section, for whatever process starts from now on."""
        self.environment["SENDOFF_STORE__USE"] = driver
        self.desk = DeskClient(self.place, environment=self.environment)

    # -- the host

    def own_host(self, *, ready=True, within=()):
        """A host that is this process's child; it answers when this returns, unless nobody wants to know. within: words before its command."""
        reading, writing = os.pipe()
        words = ["-m", "sendoff.host", "--state-dir", str(self.state), "--config", str(self.config), "--ready", str(writing)]
        self.state.mkdir(mode=0o700, exist_ok=True)
        with open(self.place.log, "a") as log:
            host = subprocess.Popen([*within, sys.executable, *words], env=self.environment, pass_fds=(writing,), stderr=log)
        os.close(writing)
        with os.fdopen(reading) as said:
            assert not ready or json.loads(said.readline())["ready"], self.log()
        return host

    def runs(self):
        """Whether a host owns the place."""
        return not Lock(self.place.lock).wait_free(0)

    def host(self):
        """The process id of the host that owns the place."""
        assert self.runs(), self.log()
        return Lock(self.place.lock).holder()["pid"]

    def kill_host(self):
        """``kill -9`` of whatever host runs now: its process id; returns when it is gone."""
        pid = self.host()
        self.kill(pid)
        return pid

    def kill(self, pid):
        """``kill -9`` of a host that is known already, without a look in between; returns when it is gone, and with it its lock.

        Not when the lock is free: a program that lives may have begun the next host by then.
        """
        gone = os.pidfd_open(pid)
        try:
            os.kill(pid, signal.SIGKILL)
            assert select.select([gone], [], [], 30)[0], f"the host {pid} did not go"
        finally:
            os.close(gone)

    def log(self):
        """What the hosts here have printed."""
        path = Path(self.place.log)
        return path.read_text() if path.exists() else ""

    # -- what the record says

    def view(self, id):
        """An operation as it stands; starts a host where none runs."""
        (found,) = self.desk.page(Query(ids=(id,))).items
        return found

    def listed(self):
        """Every operation there is."""
        return self.desk.page(Query(), limit=1000).items

    def history(self, id):
        """The events of an operation, so far."""
        found, pauses = [], 0
        for news in self.desk.follow(Query(ids=(id,)), after=0):
            pauses += news is None
            if isinstance(news, Event):
                found.append(news)
            if pauses == 2:  # the first says that the host listens, the second that everything so far was told
                return found
        raise AssertionError("the host ended")

    def ends(self, id):
        """The types of the events that end a round of an operation."""
        return [event.type for event in self.history(id) if event.type in ENDS]

    def id_of_end(self, id):
        """The id of the one event that ended an operation."""
        (end,) = [event for event in self.history(id) if event.type in ENDS]
        return end.id

    def until(self, id, **facts):
        """The operation as soon as these fields of it are so, looked at after each of its events."""
        for _ in self.desk.follow_always(Query(ids=(id,)), after=0):
            view = self.view(id)
            if all(view[name] == value for name, value in facts.items()):
                return view
            assert view["status"] not in ("completed", "canceled", "error"), view
        raise AssertionError("the events ended")
