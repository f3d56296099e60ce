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
    assert first.rstrip().endswith("/sendoff demo")
    assert second.rstrip().endswith(".venv/bin/pytest")


@pytest.mark.parity("F176")
@pytest.mark.campaign
def test_the_first_command_ends_in_a_real_upload_on_a_fresh_machine(checkout, bare):
    done = subprocess.run(["sh", "-c", commands()[0]], cwd=checkout, env=bare, capture_output=True, text=True, timeout=600)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "All of it was seen to be true" in done.stdout


def test_the_lines_of_python_run_as_they_stand(checkout, bare):
    (lines,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len([line for line in lines.splitlines() if line]) <= 10

    done = subprocess.run([sys.executable, "-c", lines], cwd=checkout, env=bare, capture_output=True, text=True, timeout=100)
    subprocess.run([sys.executable, "-m", "sendoff", "host", "stop"], env=bare, capture_output=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert (checkout / "landed" / "README.md").read_bytes() == (checkout / "README.md").read_bytes()
    assert "README.md" in done.stdout.splitlines()[-1]
    assert done.stdout.splitlines()[0].endswith("accepted")


def told():
    """Whatever users read: pages, READMEs, messages, and what ``sendoff new-plugin`` writes."""
    rooms = ("core", "plugins", "contrib", "docs")
    kinds = ("*.py", "*.md", "*.toml", "*.template")
    return [ROOT / "README.md", ROOT / "CHANGELOG.md"] + [
        one for room in rooms for kind in kinds for one in (ROOT / room).rglob(kind) if not {"tests", "node_modules"} & {*one.parts}
    ]


def installed_by(text):
    """What stands behind ``pip install``, without options and the files that they name."""
    lines = [re.split(r"[`)#;&\n]", rest)[0] for rest in text.split("pip install ")[1:]]
    return [word.strip("'\"") for line in lines for word in re.sub(r"(?:^| )-(?:r \S+|\S+)", "", line).split() if re.match(r"[\w./~'\"{]", word)]


def test_whoever_installs_is_seen():
    line = "`pip install -q -r requirements.txt 'sendoff[testing]' ./plugins/x` and so on\nx -m pip install {package}"

    assert installed_by(line) == ["sendoff[testing]", "./plugins/x", "{package}"]


def test_what_is_installed_is_a_folder_and_no_name_in_an_index():
    """An index may have somebody else's project under a name of ours; a folder is what it is."""
    found = {str(page.relative_to(ROOT)): [word for word in installed_by(page.read_text()) if word[0] not in "./"] for page in told()}

    assert {page: words for page, words in found.items() if words} == {}


def test_a_folder_that_is_installed_is_there():
    pages = [page for page in told() if "extending" not in page.parts]  # that one is about a folder of its reader's
    folders = {word.split("[")[0] for page in pages for word in installed_by(page.read_text()) if word.startswith("./")}

    assert len(folders) > 12
    assert {folder for folder in folders if not (ROOT / folder / "pyproject.toml").exists()} == set()
