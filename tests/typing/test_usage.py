"""The usage files name all that is public, and strict type checkers accept them; of what is wrong they refuse every line."""

import dataclasses
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sendoff

from tests.house.test_reference import CLASSES, PAGES

HERE = Path(__file__).parent
USAGE = [HERE / name for name in ("program.py", "driver.py", "store.py")]
WORDS = set(re.findall(r"\w+", "".join(path.read_text() for path in USAGE)))
WRONG = {number for number, line in enumerate((HERE / "misuse.py").read_text().splitlines(), 1) if line.startswith("sendoff.")}


def members(kind):
    """The names of a class's public methods, properties, fields and declared attributes."""
    fields = [one.name for one in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
    declared = [name for one in kind.__mro__ if one.__module__.startswith("sendoff") for name in inspect.get_annotations(one)]
    return {name for name in (*PAGES.members(kind), *fields, *declared) if not name.startswith("_")} - PAGES.INNER


@pytest.mark.parametrize("name", sendoff.__all__)
def test_every_public_name_and_member_is_used(name):
    assert {name, *(members(CLASSES[name]) if name in CLASSES else ())} - WORDS == set()


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """What mypy says of each file: the lines it refuses."""
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path_factory.getbasetemp() / "mypy"), *map(str, (*USAGE, HERE / "misuse.py"))]
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, timeout=300)
    return [(Path(file).name, int(line), text) for file, line, text in re.findall(r"^(\S+?\.py):(\d+): error: (.*)$", done.stdout, re.MULTILINE)]


@pytest.fixture(scope="module")
def pyright():
    """The same of pyright, as ``pyrightconfig.json`` has it."""
    command = [sys.executable, "-m", "pyright", "--project", str(HERE), "--pythonpath", sys.executable, "--outputjson"]
    environment = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}  # it would ask the network whether there is a newer one
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=300)
    told = json.loads(done.stdout)["generalDiagnostics"]
    return [(Path(one["file"]).name, one["range"]["start"]["line"] + 1, one["message"]) for one in told if one["severity"] == "error"]


@pytest.mark.campaign
@pytest.mark.parity("F22", "F60")
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_strict_checkers_accept_the_usage_and_refuse_every_wrong_line(checker, request):
    refused = request.getfixturevalue(checker)

    assert [one for one in refused if one[0] != "misuse.py"] == []
    assert {line for _, line, _ in refused} == WRONG
