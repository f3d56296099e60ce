"""What tests of every room ask for."""

import pytest
from sendoff.testing.receiver import Receiver

USUAL = {"store": "sqlite", "transport": "http", "sink": "command"}  # what the suite was written with
FIXTURES = {"transport": "there", "sink": "audience"}  # a test that asks for this one takes whichever was chosen
KINDS = tuple(USUAL)


def pytest_addoption(parser):
    """With which drivers the end-to-end suite and the fault tests run."""
    group = parser.getgroup("sendoff", "sendoff: our promises with a driver of yours (docs/extending/testing.md)")
    for kind in KINDS:
        group.addoption(f"--{kind}", metavar="WORD", help=f"the {kind} to run with: the name of one of ours, or path/to/file.py:Class, a counterpart")


def pytest_configure(config):
    """A word that names nothing is told before anything runs."""
    asked = [kind for kind in KINDS if config.getoption(kind, default=None)]
    if asked:
        from tests.end_to_end.chosen import chosen  # the options are known first, for it imports what asks for them

        for kind in asked:
            chosen(config, kind)


def pytest_report_header(config):
    """What is left out, and why."""
    others = _others(config)
    told = [f"{kind}: {word}; left out are tests that are about {USUAL[kind]} itself" for kind, word in others.items()]
    return [*told, f"left out are tests that do not ask for {' or '.join(_wanted(others))} ({' and '.join(others)})"] if _wanted(others) else told


def pytest_collection_modifyitems(config, items):
    """What is about one driver is left out when another was chosen."""
    left_out = [item for item in items if _is_about_another(config, item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _others(config):
    """What was chosen and is not usual, by kind."""
    return {kind: word for kind in KINDS if (word := config.getoption(kind, default=None)) not in (None, USUAL[kind])}


def _wanted(others):
    """Without one of these a test runs with what is usual alone; none, where the store is another, which is under every test."""
    return [] if "store" in others else [FIXTURES[kind] for kind in others]


def _is_about_another(config, item):
    others = _others(config)
    if set(others) & {kind for mark in item.iter_markers("only_with") for kind in mark.kwargs}:
        return True
    return bool(wanted := _wanted(others)) and not set(wanted) & set(item.fixturenames)


@pytest.fixture
def receiver(tmp_path):
    """A server that takes what it is sent; a test that needs a slow or a broken one has its own."""
    with Receiver(tmp_path / "received") as made:
        yield made
