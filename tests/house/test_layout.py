"""One name everywhere, small modules, short functions."""

import ast
import re
import sys
import tokenize
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEAVES = sorted(path.parent for room in ("plugins", "contrib") for path in ROOT.glob(f"{room}/*/*/pyproject.toml"))
MODULES = sorted(path for room in ("core", "plugins", "contrib", "tests", "benchmarks", "docs") for path in (ROOT / room).rglob("*.py"))
KINDS = {"transports", "stores", "credentials", "sinks", "networks", "http_protocols", "listeners"}
CARRIES_ITS_KIND = {"basic", "dbus"}
GROUPS = {"listeners": "hooks"}  # whose entry points are called otherwise than their kind
OF_SEVERAL_KINDS = {"contrib/guide/example": {"credentials", "listeners", "networks", "sinks", "transports"}}  # to be read: one of each small kind
OF = {"http_protocols": "http-"}  # what a thing of this kind is one of stands in its name
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "tools", "shared"}


def name_of(path):
    return str(path.relative_to(ROOT))


def distribution(leaf):
    kind = f"{leaf.parent.name}-" if leaf.name in CARRIES_ITS_KIND else OF.get(leaf.parent.name, "")
    return f"sendoff-{kind}{leaf.name}"


@pytest.fixture(params=LEAVES, ids=name_of)
def leaf(request):
    return request.param


def test_a_leaf_has_one_name_for_folder_distribution_and_module(leaf):
    project = tomllib.loads((leaf / "pyproject.toml").read_text())
    module = distribution(leaf).replace("-", "_")

    assert distribution(leaf) == project["project"]["name"]
    assert [module] == project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert (leaf / module / "__init__.py").is_file()
    assert (leaf / module / "py.typed").is_file()
    assert (leaf / "README.md").is_file()


def test_a_leaf_enters_by_entry_points_of_its_kind_only(leaf):
    """The HTTP transport brings something of another kind, too: the protocols that it carries by; and the example has one of several."""
    groups = tomllib.loads((leaf / "pyproject.toml").read_text())["project"]["entry-points"]
    kinds = OF_SEVERAL_KINDS.get(name_of(leaf), {leaf.parent.name})
    targets = [target for group in groups.values() for target in group.values()]

    wanted = {kind: f"sendoff.{GROUPS.get(kind, kind)}" for kind in kinds}
    assert set(wanted.values()) == set(groups) - ({"sendoff.http_protocols"} if name_of(leaf) == "plugins/transports/http" else set())
    assert kinds <= KINDS or name_of(leaf) in OF_SEVERAL_KINDS
    assert leaf.name in CARRIES_ITS_KIND or all(leaf.name in {name.removeprefix("sendoff-") for name in groups[group]} for group in wanted.values())
    assert all(target.startswith(distribution(leaf).replace("-", "_")) for target in targets)


def test_a_leaf_shares_version_and_license_with_the_core(leaf):
    core = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = tomllib.loads((leaf / "pyproject.toml").read_text())["project"]
    major, minor, _ = core["version"].split(".")

    assert [core[key] for key in ("version", "license", "requires-python")] == [own[key] for key in ("version", "license", "requires-python")]
    assert f"sendoff>={major}.{minor},<{major}.{int(minor) + 1}" in own["dependencies"]


def test_a_leaf_has_tests_of_its_own(leaf):
    assert list((leaf / "tests").glob("test_*.py"))


@pytest.mark.parametrize(("file", "rooms"), [("requirements.txt", ("plugins/",)), ("requirements-dev.txt", ("plugins/", "contrib/"))])
def test_every_leaf_is_installed_by_plain_pip_and_what_is_not_promised_only_for_working_on_it(file, rooms):
    lines = (ROOT / file).read_text().splitlines()
    named = [line.removeprefix("-e ").removeprefix("./") for line in lines if "plugins/" in line or "contrib/" in line]

    assert [name_of(leaf) for leaf in LEAVES if name_of(leaf).startswith(rooms)] == sorted(named)


def test_what_is_not_promised_does_not_come_with_the_standard():
    standard = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["standard"]

    assert {distribution(leaf) for leaf in LEAVES if name_of(leaf).startswith("contrib/")}.isdisjoint(standard)


def test_every_leaf_belongs_to_the_workspace():
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]

    assert workspace["workspace"]["members"] == ["plugins/*/*", "contrib/*/*"]
    assert {distribution(leaf) for leaf in LEAVES} | {"sendoff"} == set(workspace["sources"])


def test_the_version_is_written_once_and_repeated_truly():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert f'__version__ = "{project["version"]}"' in (ROOT / "core" / "sendoff" / "__init__.py").read_text()
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_one_noun_of_bearable_length(path):
    text = path.read_text()
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert path.stem.strip("_") not in VAGUE
    assert len(text.splitlines()) <= 400, "a module has at most 400 lines; split it by meaning"
    assert [] == [f"{node.name}, line {node.lineno}" for node in functions if node.end_lineno - node.lineno + 1 > 60], "a function has at most 60 lines"


@pytest.mark.parametrize("path", [path for path in MODULES if path.is_relative_to(ROOT / "core")], ids=name_of)
def test_a_module_of_the_core_says_what_it_is(path):
    first = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]

    assert first, "a module begins with a docstring"
    assert len(first) <= 130, "the first line of a docstring is one short sentence"


def left_for_later(path):
    """Notes to oneself in comments and docstrings, and bodies that were never written."""
    with path.open("rb") as file:
        tokens = list(tokenize.tokenize(file.readline))
    notes = [token for token in tokens if token.type in (tokenize.COMMENT, tokenize.STRING) and re.search(r"\b(TODO|FIXME|XXX)\b", token.string)]
    return notes + [token for token in tokens if token.type == tokenize.NAME and token.string == "NotImplementedError"]


@pytest.mark.parametrize("path", [path for path in MODULES if path.resolve() != Path(__file__).resolve()], ids=name_of)
def test_nothing_is_left_for_later(path):
    assert [f"line {token.start[0]}: {token.string[:80]}" for token in left_for_later(path)] == []


def imported(folder):
    """The top of every import below a folder, wherever it stands."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module.partition(".")[0]


@pytest.mark.parametrize("project", [ROOT, *LEAVES], ids=lambda path: path.name)
def test_what_is_imported_is_asked_for(project):
    """A library that only the tests' own libraries bring along is missing where sendoff is installed alone."""
    asked = {re.split(r"[<>=\[ ]", one)[0].replace("_", "-") for one in tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]}
    room = ROOT / "core" / "sendoff" if project == ROOT else project / distribution(project).replace("-", "_")
    known = packages_distributions()
    found = {known[top][0].lower().replace("_", "-") for top in imported(room) if top in known and top not in sys.stdlib_module_names}

    # pydantic comes with pydantic-settings, and with the core; the test kit's users have pytest
    assert found - {"sendoff", "pydantic", "pytest", "greenlet", distribution(project)} <= asked | {"sendoff"}
