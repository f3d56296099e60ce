"""Every store of ours is tried on all that a store may meet: several that have it open, a kill, and a long queue."""

from importlib import import_module
from importlib.metadata import entry_points
from inspect import getmembers, getmro, isclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = {"StoreContract", "SharedStoreContract", "KilledStoreContract", "ManyRowsContract"}
STORES = list(entry_points(group="sendoff.stores"))


def contracts_kept_beside(module):
    """The name of every contract that a class of the tests of a leaf is made of."""
    (tests,) = {path.parents[1] / "tests" for leaf in ("plugins", "contrib") for path in (ROOT / leaf).glob(f"*/*/{module}/__init__.py")}
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in tests.glob("test_*.py") if "Contract" in path.read_text()]
    classes = [one for name in modules for _, one in getmembers(import_module(name), isclass) if one.__module__ == name and one.__name__.startswith("Test")]
    return {base.__name__ for one in classes for base in getmro(one)}


@pytest.mark.parametrize("entry", STORES, ids=lambda entry: entry.name)
def test_every_store_of_ours_is_shared_killed_and_filled(entry):
    assert CONTRACTS - contracts_kept_beside(entry.module.partition(".")[0]) == set()
