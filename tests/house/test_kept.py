"""Whoever has a capability runs its contract: a driver of ours that says it can do something is tried on it."""

from importlib import import_module
from importlib.metadata import entry_points
from inspect import getmembers, getmro, isclass
from pathlib import Path

import pytest
from sendoff import Aborting, Bundling, Probing, Purging, Salvaging, Store, Sweeping, Transport

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    Store: ("StoreContract", "SharedStoreContract", "KilledStoreContract", "ManyRowsContract"),
    Purging: ("PurgingContract",),
    Salvaging: ("SalvagingContract",),
    Transport: ("TransportContract", "VerifyingContract"),
    Aborting: ("AbortingContract",),
    Sweeping: ("SweepingContract",),
    Probing: ("ProbingContract",),
    Bundling: ("BundlingContract",),
}
ONLY_SHOWN = {"example"}  # in a guide, as short as can be
DRIVERS = [entry for kind in ("stores", "transports") for entry in entry_points(group=f"sendoff.{kind}") if entry.name not in ONLY_SHOWN]


def contracts_kept_beside(module):
    """The name of every contract that a class of the tests of a leaf is made of."""
    (tests,) = {path.parents[1] / "tests" for leaf in ("plugins", "contrib") for path in (ROOT / leaf).glob(f"*/*/{module}/__init__.py")}
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in tests.glob("test_*.py") if "Contract" in path.read_text()]
    classes = [one for name in modules for _, one in getmembers(import_module(name), isclass) if one.__module__ == name and one.__name__.startswith("Test")]
    return {base.__name__ for one in classes for base in getmro(one)}


@pytest.mark.parametrize("entry", DRIVERS, ids=lambda entry: f"{entry.group.removeprefix('sendoff.')}-{entry.name}")
def test_whoever_has_a_capability_has_a_test_of_its_contract(entry):
    driver, kept = entry.load(), contracts_kept_beside(entry.module.partition(".")[0])
    wanted = {name for port, names in CONTRACTS.items() if issubclass(driver, port) for name in names}
    wanted |= {"ResumingContract"} if getattr(driver, "resumable", None) else set()

    assert wanted - kept == set()
