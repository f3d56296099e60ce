"""Who may look into whom. The rules stand in ``pyproject.toml``; ``docs/explanation/house.md`` draws them."""

import ast
import copy
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from importlinter.api import read_configuration
from importlinter.application import use_cases
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.contract import registry

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "sendoff"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


KINDS = {"forbidden": ForbiddenContract, "independence": IndependenceContract, "layers": LayersContract, "protected": ProtectedContract}


@pytest.fixture(scope="module")
def report():
    assert read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    options = use_cases.read_user_options(str(ROOT / "pyproject.toml"))
    for name, kind in KINDS.items():
        registry.register(kind, name)
    return use_cases.create_report(options, cache_dir=None)


@pytest.mark.parametrize("name", [contract["name"] for contract in CONTRACTS])
def test_imports_keep_the_rule(name, report, capsys):
    contract, check = next((contract, check) for contract, check in report.get_contracts_and_checks() if contract.name == name)

    if not check.kept:
        contract.render_broken_contract(check)
        pytest.fail(capsys.readouterr().out, pytrace=False)


VIOLATIONS = [
    ("sendoff.model.moment", "sendoff.policy", "Imports only go down; a new module is given a floor"),
    ("sendoff.drivers", "sendoff.listeners", "Imports only go down; a new module is given a floor"),
    ("sendoff.attic", "sendoff.model", "Imports only go down; a new module is given a floor"),
    ("sendoff.runtime.reader", "httpx", "The core carries nothing and knows no plugin"),
    ("sendoff.host.server", "sendoff_sqlite", "The core carries nothing and knows no plugin"),
    ("sendoff.listeners", "stevedore", "Only drivers uses stevedore"),
    ("sendoff.runtime.reader", "pluggy", "Only hookspecs and listeners use pluggy"),
    ("sendoff.drivers", "pydantic", "Only settings and the plugins' own Settings use pydantic"),
    ("sendoff_http", "pydantic_settings", "Only settings uses pydantic-settings"),
    ("sendoff.runtime.reader", "cryptography", "Only the vault, and whoever reads a certificate, uses cryptography"),
    ("sendoff.cli.main", "uvicorn", "Only the host serves"),
    ("sendoff.cli.watch.command", "prompt_toolkit", "Only the screen of watch uses prompt_toolkit"),
    ("sendoff.cli.main", "sendoff.testing", "Nothing that ships uses the test kit"),
    ("sendoff_http", "sendoff_sqlite", "Plugins do not know each other"),
    ("sendoff_http_nextcloud", "sendoff_http.chunks", "Plugins do not know each other"),
    ("sendoff_http", "sendoff.runtime.reader", "A plugin sees the face of sendoff and nothing behind it"),
]


@pytest.mark.parametrize(("importer", "imported", "rule"), VIOLATIONS)
def test_a_rule_notices_who_breaks_it(importer, imported, rule, report):
    contract = next(contract for contract, _ in report.get_contracts_and_checks() if contract.name == rule)
    graph = copy.deepcopy(report.graph)

    graph.add_module(importer)
    graph.add_import(importer=importer, imported=imported, line_number=1, line_contents="")

    assert not contract.check(graph, verbose=False).kept


def test_no_module_knows_one_that_knows_it(report):
    known = {module: report.graph.find_modules_directly_imported_by(module) for module in report.graph.modules}

    assert list(TopologicalSorter(known).static_order()), "graphlib names the circle"


def test_every_leaf_is_under_the_rules():
    leaves = {path.parent.name for room in ("plugins", "contrib") for path in ROOT.glob(f"{room}/*/*/sendoff_*/__init__.py")}
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

    independent = next(contract["modules"] for contract in options["contracts"] if contract["type"] == "independence")

    assert leaves | {"sendoff"} == set(options["root_packages"])
    assert leaves == set(independent)
    assert leaves == set(next(contract["source_modules"] for contract in options["contracts"] if contract.get("forbidden_modules") == ["sendoff.*"]))


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_takes_nothing_but_the_version_from_its_own_face(path):
    taken = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "sendoff" and "testing" not in path.relative_to(CORE).parts
        for alias in node.names
        if not (CORE / alias.name).is_dir() and not (CORE / f"{alias.name}.py").is_file()
    }

    assert taken <= {"__version__"}
