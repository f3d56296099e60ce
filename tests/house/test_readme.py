"""The README's commands work where nothing else is installed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MACHINE = dict(os.environ)
KEPT = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "LANG", "LC_", "TMPDIR")


def commands():
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def checkout(tmp_path):
    """What a fresh clone holds."""
    listed = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (tmp_path / "sendoff" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / "sendoff" / name)
    return tmp_path / "sendoff"


@pytest.fixture
def bare(tmp_path):
    """The environment of somebody who has Python, and an empty home."""
    (tmp_path / "home").mkdir()
    path = f"{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    machine = {name: value for name, value in MACHINE.items() if name.upper().startswith(KEPT)}
    return {**machine, "HOME": str(tmp_path / "home"), "PATH": path}


def test_there_are_exactly_two_commands_and_the_second_is_the_gate():
    first, second = commands()

    assert all(command.startswith("python3 -m venv .venv") for command in (first, second))
    assert "sendoff.testing.receiver" in first
    assert second.rstrip().endswith(".venv/bin/pytest")


@pytest.mark.campaign
def test_the_first_command_ends_in_a_real_upload_on_a_fresh_machine(checkout, bare):
    done = subprocess.run(["sh", "-c", commands()[0]], cwd=checkout, env=bare, capture_output=True, text=True, timeout=600)
    subprocess.run([checkout / ".venv-try" / "bin" / "sendoff", "host", "stop"], env=bare, capture_output=True, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "README.md" in done.stdout.splitlines()[-1]
