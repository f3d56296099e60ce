"""No how-to page and no example configuration escapes being run: each names the tests that follow it."""

import ast
from pathlib import Path

import pytest

from tests.end_to_end.pages import EXAMPLES, PAGES, RUN_BY

ROOT = Path(__file__).parents[2]


def test_every_page_is_run_by_a_test_and_no_other_is_named():
    assert {path.name for path in PAGES.glob("*.md")} == set(RUN_BY)


def words_of(page):
    """Every piece of text in the tests that run a page."""
    trees = [ast.parse((ROOT / test).read_text()) for test in RUN_BY[page]]
    return {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@pytest.mark.parametrize("page", RUN_BY)
def test_the_tests_that_run_a_page_are_there_and_name_it(page):
    assert page in words_of(page)


def test_every_example_is_reached_from_the_page_of_examples():
    page = (PAGES / "examples.md").read_text()

    assert [path.name for path in EXAMPLES.glob("*.toml") if f"(../examples/{path.name})" not in page] == []
