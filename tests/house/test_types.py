"""Everything that ships is fully typed."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "core" / "sendoff", *sorted(path.parent for room in ("plugins", "contrib") for path in ROOT.glob(f"{room}/*/*/sendoff_*/py.typed"))]


@pytest.mark.campaign
@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_mypy_strict_is_content(package, tmp_path_factory):
    cache = tmp_path_factory.getbasetemp() / "mypy"
    command = [sys.executable, "-m", "mypy", "--strict", "--explicit-package-bases", "--cache-dir", str(cache), str(package)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_checker_knows_every_leaf():
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["mypy_path"]

    assert {str(package.parent.relative_to(ROOT)) for package in PACKAGES} == set(known)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_package_tells_type_checkers_that_it_is_typed(package):
    assert (package / "py.typed").is_file()
