"""What every test run has: a private place to live, and skips that CI does not accept."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

FOREIGN = ("SENDOFF_", "XDG_", "AWS_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_", "CREDENTIALS_DIRECTORY", "NETRC")
PRIVATE = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")


@pytest.fixture(scope="session", autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of the test run's own, and no wish of the machine's: nothing is read from or written to the developer's."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.upper().startswith(FOREIGN)]:
            patch.delenv(name)
        for name in PRIVATE:
            folder = home / name.lower()
            folder.mkdir(mode=0o700)
            patch.setenv(name, str(folder))
        yield home
        left = _hosts_in(home)
    assert not left, f"tests left these processes behind (now ended): {left}"


def _hosts_in(home: Path) -> list[str]:
    """Processes that still live in this run's home; they are ended here, so that a forgotten one harms nobody."""
    mark = f"HOME={home / 'home'}".encode()
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) == os.getpid() or mark not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            left.append(f"{folder.name}: {(folder / 'cmdline').read_bytes().replace(bytes(1), b' ').decode(errors='replace')}")
            os.kill(int(folder.name), signal.SIGKILL)
        except (OSError, ValueError):
            continue
    return left


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI the real servers are there, so a test that skipped for want of one failed."""
    report = yield
    if report.skipped and os.environ.get("CI") and item.get_closest_marker("needs_server"):
        report.outcome, report.longrepr = "failed", f"skipped in CI for want of a real server: {report.longrepr}"
    return report
