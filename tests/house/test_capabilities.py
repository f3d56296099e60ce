"""Whoever says that it can do something has a test that proves it."""

import ast
import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest
from sendoff import Store, Transport, testing
from sendoff.drivers import _CAPABILITIES, PORTS

ROOT = Path(__file__).parents[2]
LEAVES = sorted(path.parent for room in ("plugins", "contrib") for path in ROOT.glob(f"{room}/*/*/pyproject.toml"))
PROVED_BY = {  # what has a session that leaves something goes on with it, too
    "Aborting": {"AbortingContract", "ResumingContract"},
    "Bundling": {"BundlingContract"},
    "Probing": {"ProbingContract"},
    "Purging": {"PurgingContract"},
    "Salvaging": {"SalvagingContract"},
    "SessionProtocol": {"SessionProtocolContract"},
    "Store": {"StoreContract", "SharedStoreContract", "KilledStoreContract", "ManyRowsContract"},
    "Sweeping": {"SweepingContract"},
    "Transport": {"TransportContract", "VerifyingContract"},
    "Writable": {"WritableContract"},
}
PROMISING = (*_CAPABILITIES, Store, Transport)
ONLY_SHOWN = {"contrib/guide/example"}  # in a guide, as short as can be
OF_THEIR_OWN = {"Trusting", "Watching"}  # what these do differs with each server, so that each leaf's own tests say it


def name_of(leaf):
    return str(leaf.relative_to(ROOT))


def contracts():
    """Every contract of the kit by its name, with the names of those that it holds."""
    modules = [importlib.import_module(f"sendoff.testing.{one.name}") for one in pkgutil.iter_modules(testing.__path__) if one.name.endswith("_contract")]
    kinds = {name: kind for module in modules for name, kind in vars(module).items() if isinstance(kind, type) and name.endswith("Contract")}
    return {name: {one.__name__ for one in kind.__mro__} for name, kind in kinds.items()}


def capabilities_of(leaf):
    """What the drivers say of themselves that a leaf enters."""
    groups = tomllib.loads((leaf / "pyproject.toml").read_text())["project"]["entry-points"]
    targets = [target for kind in PORTS for target in groups.get(f"sendoff.{kind}", {}).values()]
    drivers = [getattr(importlib.import_module(module), name) for module, _, name in (target.partition(":") for target in targets)]
    return {one.__name__ for one in PROMISING if any(isinstance(driver, type) and issubclass(driver, one) for driver in drivers)}


def kept_by(leaf, known):
    """The contracts that a class of a leaf's tests subclasses."""
    kept = set()
    for path in (leaf / "tests").glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                kept |= {name for base in node.bases if isinstance(base, ast.Name) for name in known.get(base.id, ())}
    return kept


def test_every_capability_has_its_contract():
    assert {one.__name__ for one in PROMISING} == PROVED_BY.keys() | OF_THEIR_OWN
    assert set().union(*PROVED_BY.values()) <= contracts().keys()


@pytest.mark.parametrize("leaf", [leaf for leaf in LEAVES if name_of(leaf) not in ONLY_SHOWN], ids=name_of)
def test_whoever_has_a_capability_has_a_test_that_subclasses_its_contract(leaf):
    kept = kept_by(leaf, contracts())

    assert {one: sorted(lacking) for one in capabilities_of(leaf) if (lacking := PROVED_BY.get(one, set()) - kept)} == {}


def test_the_capabilities_of_all_kinds_are_there_to_be_proved():
    assert set().union(*map(capabilities_of, LEAVES)) == {one.__name__ for one in PROMISING}
