"""A temporary folder that others write to is not used: nothing is made in it, and no link that lies there in wait is followed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.machine import Machine

pytestmark = pytest.mark.fault(95)

CONTENT = os.urandom(400_000)
NAMES = [
    "sendoff", ".sendoff", "sendoff.tmp", "sendoff.sock", "sendoff-host.sock", "host.sock", "host.lock", "host.log", "start.lock", "journal.db",
    "journal.db-wal", "journal.db-journal", "sendoff.toml", "credentials.toml", "spool", "incoming", "keys", "key", "responses", "meter", "upload",
    "stdin", "-", "a.bin", "tmp",
]  # fmt: skip


class Shared:
    """A folder like ``/tmp``, with links of somebody else's in it: each name leads to a file of ours, or to where none is yet."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ours = folder / "shared", folder / "ours"
        for one in (self.folder, self._ours):
            one.mkdir()
        self.folder.chmod(0o1777)
        user = f"sendoff-{os.geteuid()}"
        for number, name in enumerate((*NAMES, user, f"{user}.sock", f"python-{os.geteuid()}")):
            target = self._ours / f"{number}"
            if number % 2:
                target.write_text("precious")
            (self.folder / name).symlink_to(target)

    def standing(self) -> object:
        """What lies there and when it was last touched; whatever is made or taken away there, or at the end of a link, changes it."""
        lying = [(path.name, os.lstat(path).st_mtime_ns, path.is_symlink() and os.readlink(path)) for path in sorted(self.folder.iterdir())]
        ours = [(path.name, path.read_text() if path.is_file() else None, path.stat().st_mtime_ns) for path in sorted(self._ours.iterdir())]
        return os.stat(self.folder).st_mtime_ns, lying, ours


@pytest.fixture
def shared(tmp_path):
    return Shared(tmp_path)


@pytest.fixture
def machine(tmp_path, shared):
    """One whose temporary folder is shared by all."""
    (tmp_path / "machine").mkdir()
    machine = Machine(tmp_path / "machine")
    machine.environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(shared.folder))
    machine.environment.pop("XDG_RUNTIME_DIR", None)
    machine.config.write_text('[host]\nlog_level = "debug"\n[network]\nuse = "always-online"\n[retry]\nbackoff = ["0.1s", "0.2s"]\n')
    yield machine
    machine.tried("host", "stop")


def test_a_copy_a_secret_and_a_crash_leave_no_trace_there(machine, shared, tmp_path):
    (tmp_path / "received").mkdir()
    before = shared.standing()
    with Receiver(tmp_path / "received", rate=200_000) as receiver:
        said = machine.run("put", "-", f"{receiver.url}x", "--header-secret", "X-Mine: env:MINE", feed=CONTENT, MINE="a-secret")
        (copy,) = [path for path in machine.state.rglob("*") if path.is_file() and path.read_bytes() == CONTENT]
        receiver.wait_until(lambda rows: any(row.received > 50_000 for row in rows))
        os.kill(machine.host(), signal.SIGKILL)
        id = said.stdout.decode().strip()
        machine.run("wait", id)
        for words in (("show", id), ("events", id), ("list", "--all"), ("check",), ("config", "show"), ("host", "status")):
            machine.tried(*words)
        machine.run("host", "stop")

        assert receiver.stored("x") == CONTENT
    assert shared.standing() == before
    assert not copy.is_symlink() and copy.resolve().is_relative_to(machine.state.resolve())
    assert machine.state.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "program",
    [
        "import tempfile; tempfile.TemporaryFile().write(b'x')",
        "import tempfile; tempfile.mkdtemp()",
        "import os; open(os.path.join(os.environ['TMPDIR'], 'spool'), 'w')",
        "import os; open(os.path.join(os.environ['TMPDIR'], 'incoming'), 'w')",
        "import os, socket; path = os.path.join(os.environ['TMPDIR'], 'x'); socket.socket(socket.AF_UNIX).bind(path); os.unlink(path)",
    ],
)
def test_whatever_does_use_it_is_noticed(shared, program):
    before = shared.standing()

    subprocess.run([sys.executable, "-c", program], env={**os.environ, "TMPDIR": str(shared.folder)}, check=True)

    assert shared.standing() != before
