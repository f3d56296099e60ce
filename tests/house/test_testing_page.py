"""The page about testing a plugin: its code runs as it stands, outside of this repository, and it names all there is."""

import ast
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
import sendoff

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "extending" / "testing.md"
KIT = ROOT / "core" / "sendoff" / "testing"
INNER = {"memory_handler", "memory_queue", "memory_runs", "memory_search", "rehearsal", "store_queueing", "store_reading", "store_writing"}  # parts of others
QUICK = "not (TestMyTransport or TestMyProtocol) or unchanged or refused or session"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


def run(folder, *words):
    """Every block as a file of its own, in one run of a folder that knows nothing of this repository."""
    for number, block in enumerate(BLOCKS):
        (folder / f"test_block_{number}.py").write_text(block)
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words], cwd=folder, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return int(re.findall(r"(\d+) passed", done.stdout)[0])


def test_every_module_of_the_kit_is_on_the_page():
    there = {path.stem if path.is_file() else path.name for path in KIT.iterdir() if path.name[0] != "_" and (path.suffix == ".py" or path.is_dir())}

    assert {name for name in there - INNER if f"| `sendoff.testing.{name}` |" not in PAGE.read_text()} == set()


def test_every_contract_of_the_kit_is_on_the_page():
    found = {name for path in KIT.glob("*_contract.py") for name in re.findall(r"^class (\w+Contract)\b", path.read_text(), re.M)}

    assert len(found) > 12
    assert {name for name in found if f"`{name}`" not in PAGE.read_text()} == set()


def told_of():
    """What the page names and the kit has: the module, the name, and its docstring."""
    named = set(re.findall(r"`(\w+)(?:\(\))?`", PAGE.read_text()))
    for path in sorted(KIT.rglob("*.py")):
        for one in ast.parse(path.read_text()).body:
            if isinstance(one, ast.ClassDef | ast.FunctionDef) and one.name in named:
                yield pytest.param(path, one.name, ast.get_docstring(one) or "", id=f"{path.stem}.{one.name}")


@pytest.mark.parametrize(("path", "name", "text"), list(told_of()))
def test_what_the_page_names_has_an_example(path, name, text):
    assert ">>>" in text or "Example" in text


@pytest.mark.parametrize(("path", "name", "text"), [one for one in told_of() if ">>>" in one.values[2]])
def test_an_example_of_the_kit_is_true(path, name, text, tmp_path):
    module = importlib.import_module(".".join(path.relative_to(ROOT / "core").with_suffix("").parts))
    test = doctest.DocTestParser().get_doctest(text, {**vars(module), "sendoff": sendoff, "tmp_path": tmp_path, "PurePosixPath": PurePosixPath}, name, None, 0)
    told = []

    failed, tried = doctest.DocTestRunner(verbose=False).run(test, out=told.append)

    assert tried and not failed, "".join(told)


def test_the_code_runs_as_it_stands(tmp_path):
    assert len(BLOCKS) >= 7
    assert run(tmp_path, "-k", QUICK) > 100


@pytest.mark.campaign
def test_every_promise_on_the_page_is_kept(tmp_path):
    assert run(tmp_path) > 200
