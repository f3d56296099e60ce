"""No block of code in a page escapes: a test runs it as it stands, or a word behind its fence says how it is held to the truth here."""

import ast
import inspect
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sendoff
from sendoff import errors
from sendoff.cli import commands
from sendoff.cli.inspection import inspected
from sendoff.cli.schema import document
from sendoff.cli.watch.glance import Glance, in_a_line
from sendoff.cli.watch.tally import Tally
from sendoff.desk.contract import Desk
from sendoff.drivers import PORTS
from sendoff.settings.keys import keys

from tests.house.fences import ROOT, all_pages, fences, indented, unread
from tests.house.takes import takes_of

MIB, GIB = 2**20, 2**30
NOTE = "<!-- drawn from the code by docs/pages.py -->"
WORDS = {
    "drawing": "a picture made of letters; nothing in it can be run",
    "example": "how something is written; whatever reads it has tests of its own",
    "layers": "the floors of the house, compared with what import-linter keeps",
    "output": "what a command prints, compared with what writes it",
    "paths": "folders and files, each of which is there",
    "signature": "what an author implements, compared with the class",
    "usage": "how a command is called, compared with its parser",
}
NOT_RUN = {"drawing", "example"}
TESTS = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path.name not in ("test_blocks.py", "fences.py", "takes.py")]
PAGES = all_pages()
DRAWN = [page for page in PAGES if (ROOT / page).read_text().startswith(NOTE)]
LEAVES = [fence for path in sorted(ROOT.glob("*/*/*/README.md")) for fence in fences(str(path.relative_to(ROOT)))]
FENCES = [fence for page in PAGES if page not in DRAWN for fence in fences(page)]


def name_of(fence):
    return f"{fence.page}:{fence.line}"


# -- what tests take -----------------------------------------------------------------------------------------------------

BY_HAND = {  # what no ``blocks(page, language)`` of a test says: which test runs them, and which of them
    ("README.md", "sh"): ("tests/house/test_readme.py", {0, 1}),
    ("README.md", "python"): ("tests/house/test_readme.py", {0}),
    ("docs/extending/testing.md", "python"): ("tests/house/test_testing_page.py", {...}),
    ("docs/how-to/bandwidth.md", "sh"): ("tests/end_to_end/test_limit.py", {...}),
    ("docs/how-to/credentials.md", "sh"): ("tests/end_to_end/test_how_to_credentials.py", {0, 1, 2}),
    ("docs/how-to/watch.md", "text"): ("tests/core/test_watch_console.py", {0}),
    ("docs/reference/python.md", "python"): ("tests/end_to_end/test_python_page.py", {...}),
    ("docs/reference/python.md", "py"): ("tests/end_to_end/test_rehearsal.py", {0}),
}


@pytest.fixture(scope="module")
def taken():
    """Which blocks of which language of which page the tests take: pairs of page and language, with places in the row, ``...`` for all."""
    found: dict[tuple[str, str], set[Any]] = {both: {*places} for both, (_, places) in BY_HAND.items()}
    for path in TESTS:
        for page, language, places in takes_of(ast.parse(path.read_text())):
            found.setdefault((page, language), set()).update(places)
    return found


@pytest.mark.parametrize(("both", "row"), BY_HAND.items(), ids=lambda one: str(one[0]))
def test_what_is_taken_by_hand_is_there_and_its_test_takes_it(both, row):
    (page, language), (test, places) = both, row
    text = (ROOT / test).read_text()

    assert f'"{Path(page).name}"' in text and (f"```{language}" in text or f'blocks(PAGE, "{language}")' in text)
    assert places == {...} or places == {*range(len([one for one in fences(page) if (one.language, one.word) == (language, "")]))}


@pytest.mark.parametrize("page", [*PAGES, *sorted({fence.page for fence in LEAVES})])
def test_no_code_stands_where_no_gate_looks(page):
    """Three backquotes are the only fence; leaves may indent what one types, which their own gate reads."""
    assert unread((ROOT / page).read_text()) == []
    assert page not in PAGES or [fence.text for fence in indented(page)] == []


@pytest.mark.parametrize("lines", ["~~~sh\nrm\n~~~", "> ~~~python\n> x\n> ~~~", "- ~~~\n  x\n  ~~~", "```sh\nno end", "<pre>x</pre>"])
def test_a_fence_of_another_kind_is_seen(lines):
    assert unread(f"A page.\n\n{lines}\n")


@pytest.mark.parametrize("fence", [fence for fence in FENCES if not fence.word], ids=name_of)
def test_a_block_is_taken_by_a_test_that_runs_it(fence, taken):
    row = [one for one in fences(fence.page) if (one.language, one.word) == (fence.language, "")]
    places = taken.get((fence.page, fence.language), set())

    place = row.index(fence)
    assert places & {..., place, place - len(row)} or checked_here(fence), (
        f"no test takes this block: let one run it by blocks_of({fence.page!r}, {fence.language!r}), or write one of {sorted(WORDS)} behind its fence"
    )


def checked_here(fence):
    """Objects of JSON, entry points and configurations need nothing to be run with."""
    return fence.language == "json" or entry_points(fence) is not None or fence in CONFIGURATIONS or is_usage(fence)


def is_usage(fence):
    """How a command is called, also where the fence does not say so."""
    return fence.word == "usage" or (fence.page == "docs/reference/commands.md" and not fence.language and fence.text.startswith("sendoff "))


def test_a_word_behind_a_fence_is_one_that_is_known_and_what_is_never_run_is_rare():
    assert [name_of(fence) for fence in FENCES if fence.word and fence.word not in WORDS] == []
    assert len([fence for fence in FENCES if fence.word in NOT_RUN]) <= 5


def test_drawn_pages_have_no_block_but_what_their_drawer_knows():
    """Signatures are drawn from the code; what begins with ``>>>`` is run by the tests of the reference."""
    found = [fence for page in DRAWN for fence in fences(page)]

    assert {fence.page for fence in found} == {"docs/reference/api.md"}
    assert {(fence.language, fence.word) for fence in found} == {("python", "")}


def test_how_blocks_are_taken_is_read_as_python_means_it():
    lines = [
        'page, other = "a.md", "b.md"',
        'one, _, three = blocks(page, "sh")',
        'first = blocks(other, "toml")[0]',
        'several = blocks("c.md", "sh")[:2]',
        'first, *_, last = blocks("e.md", "sh")',
        'run("".join(blocks_of("d.md", "sh")))',
        'run(blocks(ROOT / "docs" / "f.md", "sh")[1])',
        'run(blocks("g.md", "sh")[number])',
        'all_of_them = blocks("h.md", "sh")',
        'one, two = (here(block) for block in blocks("i.md", "sh"))',
        'for block in blocks("j.md", "sh"): run(block)',
    ]

    assert {found[0]: found[2] for found in takes_of(ast.parse("\n".join(lines)))} == {
        "docs/how-to/a.md": {0, 2},
        "docs/how-to/b.md": {0},
        "docs/how-to/c.md": {0, 1},
        "docs/how-to/e.md": {0, -1},
        "d.md": {...},
        "docs/f.md": {1},
        "docs/how-to/g.md": set(),
        "docs/how-to/h.md": set(),
        "docs/how-to/i.md": {0, 1},
        "docs/how-to/j.md": {...},
    }


# -- what is held to the truth here --------------------------------------------------------------------------------------


def entry_points(fence):
    """The groups of a piece of a plugin's pyproject.toml; None for what is none."""
    found = tomllib.loads(fence.text) if fence.language == "toml" else {}
    return {*found["project"]["entry-points"]} if set(found) == {"project"} else None


@pytest.mark.parametrize("fence", [fence for fence in FENCES if fence.language == "toml" and entry_points(fence)], ids=name_of)
def test_a_group_of_entry_points_is_one(fence):
    assert entry_points(fence) <= {*(f"sendoff.{kind}" for kind in PORTS), "sendoff.hooks"}


STRANGERS = {"docs/explanation/two-kinds-of-plugin.md", "docs/extending/first-plugin.md"}  # name a driver that their own tests install
SECTIONS = {name.partition(".")[0] for name in (key.name for key in keys())}


def is_configuration(fence):
    """Of a plugin's README some are what a file of credentials holds, or a piece of a section."""
    return fence.language == "toml" and fence.page not in STRANGERS and set(found := tomllib.loads(fence.text)) <= SECTIONS and names_nothing_else(found)


def names_nothing_else(found):
    """Whether every credential that a destination names is there."""
    named = {one.get("credential") for one in found.get("destinations", {}).values()} - {None}
    return all(":" in name or name in found.get("credentials", {}) for name in named)


CONFIGURATIONS = [fence for fence in [*FENCES, *LEAVES] if is_configuration(fence)]


@pytest.mark.parametrize("fence", CONFIGURATIONS, ids=name_of)
def test_a_configuration_is_one_that_can_be_used(fence, tmp_path):
    """Every key is known, and every driver that it names is there and knows its own."""
    (tmp_path / "sendoff.toml").write_text(fence.text)

    assert [row for row in inspected(tmp_path / "sendoff.toml", {})["rows"] if not row["ok"]] == []


@pytest.mark.parametrize("fence", [fence for fence in FENCES if fence.language == "json"], ids=name_of)
def test_an_object_of_json_is_what_the_schema_says(fence):
    found = json.loads(fence.text)
    if set(found) == {"error"}:
        assert [*found["error"]] == ["code", "message", "hint"] and found["error"]["code"] in errors.classes()
    else:
        jsonschema.validate(found, document())
        assert set(found) == set(document()["$defs"]["operation"]["properties"])


@pytest.mark.parametrize("fence", [fence for fence in FENCES if is_usage(fence)], ids=name_of)
def test_how_a_command_is_called_is_what_its_parser_takes(fence):
    for line in fence.text.splitlines():
        name, command, *words = line.replace("[", " ").replace("]", " ").split()
        known = commands.parser_of(command).options()

        assert name == "sendoff"
        assert [word for word in words if word.startswith("--") and word not in known] == []


def test_what_a_watcher_prints_is_what_the_page_shows():
    tally = Tally(total=10, ended=3, running=2, waits={"queued": 5}, bytes=4 * GIB, sent=round(1.2 * GIB))
    (shown,) = [fence.text for fence in FENCES if fence.word == "output"]

    assert shown == f"12:00:01 {in_a_line(Glance(tally=tally, rate=35 * MIB, live={}))}\n"


def test_the_paths_of_the_house_are_there():
    (fence,) = [one for one in FENCES if one.word == "paths"]
    folder, missing = "", []
    for line in fence.text.splitlines():
        path = re.split(r"\s{2,}", line.strip())[0].split(" ")[0]
        inner = line.startswith(" ")
        folder = folder if inner or not path else path
        where = ROOT / folder / path if inner else ROOT / path
        missing += [str(where)] if path and not where.exists() else []

    assert missing == []
    assert {path.name for path in (ROOT / "core" / "sendoff").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()} - {
        "__init__.py",
        "__main__.py",
    } == set(re.findall(r"^  ([\w.]+)/?", fence.text, re.MULTILINE))


def test_the_floors_of_the_house_are_those_that_are_kept():
    (fence,) = [one for one in FENCES if one.word == "layers"]
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    rows = [re.split(r"\s{3,}", line.strip())[0] if "|" not in line else line for line in fence.text.splitlines() if line.startswith("  ")]

    assert [" | ".join(re.findall(r"\w+", row)) for row in rows] == contract["layers"]


# -- what an author implements -------------------------------------------------------------------------------------------


def drawn_classes():
    for fence in FENCES:
        if fence.word == "signature":
            yield from (node for node in ast.parse(fence.text).body if isinstance(node, ast.ClassDef))


def real(name):
    return Desk if name == "Desk" else getattr(sendoff, name)


@pytest.mark.parametrize("drawn", [*drawn_classes()], ids=lambda node: node.name)
def test_a_drawn_contract_is_the_real_one(drawn):
    """Its methods have the same names and take the same, in the same order, with the same defaults; its attributes are there."""
    kind = real(drawn.name)
    methods = [node for node in drawn.body if isinstance(node, ast.FunctionDef)]
    there = {name for one in kind.__mro__ for name in (*vars(one), *getattr(one, "__annotations__", {}))}

    assert [node.target.id for node in drawn.body if isinstance(node, ast.AnnAssign) and node.target.id not in there] == []
    assert [node.name for node in methods if taken_by(node) != [*shape(getattr(kind, node.name))]] == []


def taken_by(node):
    words = node.args
    plain = [one.arg for one in (*words.posonlyargs, *words.args)]
    without = len(plain) - len(words.defaults)
    return [
        *((name, number >= without, False) for number, name in enumerate(plain) if name not in ("self", "cls")),
        *((one.arg, default is not None, True) for one, default in zip(words.kwonlyargs, words.kw_defaults, strict=True)),
    ]


def shape(function):
    for one in inspect.signature(function).parameters.values():
        if one.name not in ("self", "cls"):
            yield one.name, one.default is not one.empty, one.kind is one.KEYWORD_ONLY
