"""A place of its own on the disk: files to send, a private home, a host that comes and goes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT = 120.0
STRIPPED = ("SENDOFF_", "XDG_", "PYTHONDONTWRITEBYTECODE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "RCLONE_")


class Workshop:
    """Where one benchmark works.

    folder: on a real disk. environment: of everything that is started; compiled modules are kept, nobody's configuration is read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(STRIPPED)}
        self.environment = {
            **kept,
            "HOME": str(folder),
            "SENDOFF_STATE_DIR": str(folder / "state"),
            "PATH": f"{Path(sys.executable).parent}:{kept.get('PATH', '')}",
        }

    @property
    def state(self) -> Path:
        """The host's folder."""
        return self.folder / "state"

    def run(self, *words: str | Path, fine: tuple[int, ...] = (0,)) -> str:
        """What a command printed; an error with its own words when it failed."""
        done = subprocess.run(words, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=LIMIT)
        if done.returncode not in fine:
            raise RuntimeError(f"{' '.join(str(word) for word in words[:4])} ended with {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
        return done.stdout

    def sendoff(self, *words: str | Path, fine: tuple[int, ...] = (0,)) -> str:
        """What a command of ours printed."""
        return self.run(sys.executable, "-m", "sendoff", *words, fine=fine)

    def files(self, name: str, count: int, size: int) -> list[Path]:
        """As many files of that size, each different from the others."""
        folder = self.folder / name
        folder.mkdir()
        paths = [folder / f"{number:05}.bin" for number in range(count)]
        for path in paths:
            path.write_bytes(os.urandom(size))
        return paths

    def configure(self, text: str) -> None:
        """The configuration that the next host reads."""
        path = self.folder / "sendoff.toml"
        path.write_text(text)
        self.environment["SENDOFF_CONFIG"] = str(path)

    @contextmanager
    def host(self) -> Iterator[int]:
        """A host on a new journal; its process id."""
        shutil.rmtree(self.state, ignore_errors=True)
        self.sendoff("host", "start")
        try:
            yield int(json.loads(self.sendoff("host", "status", "--json"))["pid"])
        finally:
            self.sendoff("host", "stop", fine=(0, 5))


@contextmanager
def workshop() -> Iterator[Workshop]:
    """A workshop that leaves nothing behind. On /var/tmp, because /tmp is memory on many machines."""
    folder = Path(tempfile.mkdtemp(prefix="sendoff-benchmark-", dir="/var/tmp"))
    try:
        yield Workshop(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
