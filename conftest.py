"""What every test run has: a private place to live, and skips that CI does not accept."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sendoff.redaction import Redaction

FOREIGN = (
    "SENDOFF_", "XDG_", "AWS_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_", "CREDENTIALS_DIRECTORY", "NETRC", "DBUS_", "GNOME_KEYRING",
    "PYTHON_KEYRING",
)  # fmt: skip
FIGURE = "figure"
LEAVING = 5.0  # seconds that a host which was told to stop may take
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


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Who carries a command out in the test's own process may narrow it; the next test does not inherit that."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def handlers_that_hide_nothing() -> Iterator[None]:
    """What one test's work has hidden from the log, on the handlers that all tests share, the next one sees."""
    yield
    for handler in logging.getLogger().handlers:
        for one in [one for one in handler.filters if isinstance(one, Redaction)]:
            handler.removeFilter(one)


def _hosts_in(home: Path) -> dict[int, str]:
    """Processes that still live in this run's home, once those that are leaving have left; ended, so that a forgotten one harms nobody."""
    end = time.monotonic() + LEAVING
    while (left := _living_in(home)) and time.monotonic() < end:
        time.sleep(0.05)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return left


def _living_in(home: Path) -> dict[int, str]:
    mark = f"HOME={home / 'home'}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(folder.name) != os.getpid() and mark in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(bytes(1), b" ").decode(errors="replace")
    return found


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells a figure that a test has measured; it is printed at the run's end, whichever process measured it."""
    return lambda text: record_property(FIGURE, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures, one a line."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind) if report.when == "call"]
    figures = [text for report in reports for name, text in report.user_properties if name == FIGURE]
    if figures:
        terminalreporter.section("figures")
        for text in figures:
            terminalreporter.line(str(text))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI the real servers are there, so a test that skipped for want of one failed."""
    report = yield
    if report.skipped and os.environ.get("CI") and item.get_closest_marker("needs_server"):
        report.outcome, report.longrepr = "failed", f"skipped in CI for want of a real server: {report.longrepr}"
    return report
