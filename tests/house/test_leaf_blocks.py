"""What a leaf's README shows is held to the truth as the pages are: configurations, credentials, and the lines that one types."""

import json
import re
import shlex
import tomllib
from logging import getLogger
from random import Random

import pytest
from sendoff import InvalidArgument
from sendoff.cli import commands
from sendoff.drivers import Drivers
from sendoff.ports.clock import SystemClock
from sendoff.ports.toolkit import Toolkit

from tests.house.fences import ROOT, fences, indented
from tests.house.test_blocks import WORDS, is_configuration, name_of

PAGES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/*/*/README.md") if (path.parent / "pyproject.toml").exists())
FENCES = [fence for page in PAGES for fence in [*fences(page), *indented(page)]]
TYPED = [fence for fence in FENCES if fence.language in ("console", "sh") and not fence.word]
SAID = re.compile(r"[A-Z][A-Z_]*=\S*")  # a variable before a command, or behind `export`


def named(folder):
    """What a leaf's distribution is called."""
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]["name"]


LEAVES = {page.removesuffix("/README.md"): named(page.removesuffix("/README.md")) for page in PAGES}


def is_credentials(fence):
    """What the file of credentials holds: a section for each, with a secret."""
    return fence.language == "toml" and all(isinstance(one, dict) and "secret" in one for one in tomllib.loads(fence.text).values())


@pytest.mark.parametrize("fence", [fence for fence in FENCES if not fence.word], ids=name_of)
def test_a_block_of_a_leaf_is_one_that_is_looked_at(fence):
    looked_at = fence in TYPED or is_configuration(fence) or is_credentials(fence)

    assert looked_at, f"it is no configuration, no file of credentials and no `console`: write one of {sorted(WORDS)} behind its fence"


def test_what_of_the_leaves_is_never_looked_at_is_rare():
    assert [name_of(fence) for fence in FENCES if fence.word and fence.word not in WORDS] == []
    assert len([fence for fence in FENCES if fence.word]) <= 6


def typed(fence):
    """The lines that one types, without what stands before a command and without comments; behind ``$`` where the block shows answers, too."""
    lines = fence.text.splitlines()
    marked = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    for line in marked or lines:
        words = shlex.split(line, comments=True)
        yield words[next((number for number, word in enumerate(words) if word != "export" and not SAID.fullmatch(word)), len(words)) :]


def fault_of(words, leaf):
    """What is wrong with a line; None where nothing is."""
    if "install" in words[:4] and "pip" in words[:3]:
        return fault_of_install([word for word in words[words.index("install") + 1 :] if not word.startswith("-")], leaf)
    if words[:1] == ["sendoff"]:
        return fault_of_command(*words[1:])
    return None if not words else f"nothing here knows what {words[0]} is: write `example` behind the fence"


def fault_of_install(things, leaf):
    """Each is a folder or a distribution of this repository, or the list of what comes along; and one of them is the leaf."""
    held = {
        "sendoff": ".",
        ".": ".",
        "requirements.txt": ".",
        **{name: folder for folder, name in LEAVES.items()},
        **{f"./{folder}": folder for folder in LEAVES},
    }
    found = [held.get(thing.partition("[")[0].rstrip("/") or thing) for thing in things]
    if None in found:
        return f"{things[found.index(None)]} is no leaf of this repository"
    return None if leaf in found else f"{' '.join(things)} installs all but {leaf}"


def fault_of_command(command="", *words):
    try:
        commands.parser_of(command).read(words)
    except InvalidArgument as error:
        return error.message
    return None


@pytest.mark.parametrize("fence", TYPED, ids=name_of)
def test_a_line_that_one_types_is_one_that_works_here(fence):
    assert [fault for words in typed(fence) if (fault := fault_of(words, fence.page.removesuffix("/README.md")))] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("python -m pip install sendoff-nobody", "is no leaf"),
        ("pip install . ./plugins/sinks/nobody", "is no leaf"),
        ("pip install sendoff sendoff-s3", "installs all but"),
        ("sendoff putt a.iso lab:", "no command 'putt'"),
        ("LAB_USERNAME=me sendoff put a.iso lab: --surprise", "no option --surprise"),
        ("rm -rf here", "nothing here knows"),
    ],
)
def test_a_line_that_does_not_work_is_seen(line, said):
    (fence,) = [one._replace(text=f"$ {line}\n") for one in TYPED[:1]]

    assert [said in (fault_of(words, "plugins/transports/sftp") or "") for words in typed(fence)] == [True]


@pytest.mark.parametrize(
    "line", ["python -m pip install . ./plugins/transports/sftp", "pip install 'sendoff-sftp[more]' sendoff", "export A=b", "A=b sendoff list"]
)
def test_a_line_that_works_is_let_pass(line):
    (fence,) = [one._replace(text=f"$ {line}\nand an answer\n") for one in TYPED[:1]]

    assert [fault_of(words, "plugins/transports/sftp") for words in typed(fence)] == [None]


@pytest.mark.parametrize("fence", [fence for fence in FENCES if is_credentials(fence)], ids=name_of)
def test_a_file_of_credentials_is_one_that_is_read(fence, tmp_path):
    kept = tmp_path / "credentials.toml"
    kept.touch(mode=0o600)
    kept.write_text(fence.text)
    driver = Drivers().load("credentials", "file")
    store = driver(driver.Settings(), Toolkit(clock=SystemClock(), random=Random(1), log=getLogger("test"), folder=tmp_path))

    assert [name for name in tomllib.loads(fence.text) if not store.get(name, environment={}).secret.reveal()] == []


@pytest.mark.parametrize("fence", [fence for fence in FENCES if fence.language == "json"], ids=name_of)
def test_an_object_of_json_can_be_read(fence):
    assert json.loads(fence.text)
