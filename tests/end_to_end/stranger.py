"""Somebody who has Python, pip, an empty home and a checkout of sendoff."""

import fcntl
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
MACHINE = dict(os.environ)
KEPT = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "LANG", "LC_", "TMPDIR")


def blocks(page, *languages):
    """What stands between the fences of these languages, in order: the language and the text."""
    return re.findall(rf"^```({'|'.join(languages)})\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


class Stranger:
    """folder: where everything of theirs is. environment: of what runs there."""

    def __init__(self, folder):
        self.folder, self.home = folder, folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in MACHINE.items() if name.upper().startswith(KEPT)}
        self.environment = {**kept, "HOME": str(self.home), "PATH": f"{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin"}

    @property
    def config(self):
        return self.home / ".config" / "sendoff" / "sendoff.toml"

    def entered(self, environment):
        """From now on the virtual environment's programs are found first."""
        self.environment["PATH"] = f"{environment / 'bin'}:{self.environment['PATH']}"

    def configured(self, text):
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(text)

    def runs(self, text, *, at=None, fine=(0,)):
        """By the shell, which ends with the first command that fails."""
        done = subprocess.run(["sh", "-ec", text], cwd=at or self.folder, env=self.environment, capture_output=True, text=True, timeout=900)
        assert done.returncode in fine, f"{text}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def leaves(self):
        """No host of theirs stays behind."""
        subprocess.run(["sendoff", "host", "stop"], cwd=self.folder, env=self.environment, capture_output=True, timeout=60)


def shared(tmp_path_factory, worker_id):
    """A folder of all processes of this run of the tests."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@contextmanager
def alone(folder):
    """Nobody else uses this folder meanwhile, of whatever process of a test run."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
