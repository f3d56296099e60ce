"""A machine of its own for tests that type commands."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from sendoff.testing.counterpart import Counterpart, variables

COMMAND = [sys.executable, "-m", "sendoff"]
# root may read everything: without these two capabilities it is a user like others (capabilities(7))
AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


class Machine:
    """A state folder, a configuration file, and commands that use them. before: what stands before each command.

    store: where the journal is kept, if the suite was told of another than the usual.
    """

    store: ClassVar[Counterpart | None] = None

    def __init__(self, folder: Path, before: Sequence[str] = ()) -> None:
        self.command = [*before, *COMMAND]
        self.folder, self.state, self.config = folder, folder / "state", folder / "config" / "sendoff" / "sendoff.toml"
        self.config.parent.mkdir(parents=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SENDOFF_", "XDG_"))}
        self.environment = kept | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "SENDOFF_STATE_DIR": str(self.state)}
        self.environment |= variables(self.store, self.state) if self.store is not None else {}

    def begin(self, *words, **more):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([*self.command, *words], cwd=self.folder, env=self.environment, **pipes, **more)

    def run(self, *words, feed=None, fine=(0,), **environment):
        done = subprocess.run(
            [*self.command, *words],
            cwd=self.folder,
            env=self.environment | environment,
            input=feed,
            capture_output=True,
            timeout=60,
            text=not isinstance(feed, bytes),
        )
        assert fine is None or done.returncode in fine, (words, done.returncode, done.stdout, done.stderr)
        return done

    def tried(self, *words, **more):
        """A command that may end with whatever exit code."""
        return self.run(*words, fine=None, **more)

    def objects(self, *words, **more):
        return [json.loads(line) for line in self.run(*words, "--json", **more).stdout.splitlines()]

    def file(self, name="a.bin", content=b"x" * 1000):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def put(self, *words, **more):
        return self.run("put", *words, **more).stdout.split()

    def show(self, id):
        return self.objects("show", id)[0]

    def host(self):
        return self.objects("host", "status")[0]["pid"]

    def stored(self):
        return self.objects("list", "--all")

    def spooled(self):
        return sorted(path.name for path in (self.state / "spool").rglob("*") if path.is_file())

    def until(self, id, *statuses, **more):
        """The operation as soon as it stands so, as its events tell."""
        with self.begin("events", id, "--follow", "--json") as following:
            try:
                for _ in following.stdout:
                    view = self.show(id)
                    if view["status"] in statuses and all(view[name] == value for name, value in more.items()):
                        return view
            finally:
                following.terminate()
        raise AssertionError("the events ended")
