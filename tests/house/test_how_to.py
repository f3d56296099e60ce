"""No how-to page and no example configuration escapes being run: each names the tests that follow it."""

import ast
import re
from pathlib import Path

import pytest

from tests.end_to_end.pages import EXAMPLES, PAGES, RUN_BY

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)$", re.MULTILINE)


def test_every_page_is_run_by_a_test_and_no_other_is_named():
    assert {path.name for path in PAGES.glob("*.md")} == set(RUN_BY)


def words_of(page):
    """Every piece of text in the tests that run a page."""
    trees = [ast.parse((ROOT / test).read_text()) for test in RUN_BY[page]]
    return {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@pytest.mark.parametrize("page", RUN_BY)
def test_the_tests_that_run_a_page_are_there_and_name_it(page):
    assert page in words_of(page)


@pytest.mark.parametrize("page", RUN_BY)
def test_every_language_of_a_page_is_one_that_its_tests_ask_for(page):
    """A block that no test looks at would stand there untried."""
    languages = {*FENCE.findall((PAGES / page).read_text())[::2]}
    words = words_of(page)

    assert {one for one in languages if one not in words and not any(f"```{one}" in word for word in words)} == set()


def test_every_example_is_reached_from_the_page_of_examples():
    page = (PAGES / "examples.md").read_text()

    assert [path.name for path in EXAMPLES.glob("*.toml") if f"(../examples/{path.name})" not in page] == []
