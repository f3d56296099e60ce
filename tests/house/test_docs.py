"""What is drawn from the code is what stands in the pages, and nothing public is left out."""

import ast
import importlib.util
import inspect
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import sendoff
from sendoff import hookspecs, moment
from sendoff.cli.commands import COMMANDS
from sendoff.drivers import PORTS
from sendoff.errors import classes
from sendoff.model.event import TYPES
from sendoff.settings.keys import keys
from sendoff_http.answers import error_of

ROOT = Path(__file__).parents[2]
FAULTS = tomllib.loads((ROOT / "docs" / "faults.toml").read_text())
LEAVES = [page for room in ("plugins", "contrib") for page in ROOT.glob(f"{room}/*/*/README.md")]
PAGES = sorted({ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md"), *LEAVES})

OTHERS = {"COLUMNS", "DBUS_SYSTEM_BUS_ADDRESS", "SUDO_USER"}  # what the system says; nobody sets them for sendoff

MARKED = """
pytestmark = pytest.mark.fault(1)
@pytest.mark.fault(2, 3)
def test_a(): ...
@pytest.mark.fault(4)
class TestB:
    def test_b(self): ...
def other(): ...
"""


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("pages", ROOT / "docs" / "pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_drawn_pages_are_fresh():
    done = subprocess.run([sys.executable, "docs/pages.py", "--check"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, f"{done.stdout}{done.stderr}run: python docs/pages.py"


def test_a_mark_on_a_function_a_class_or_a_module_is_found(pages):
    tree = ast.parse(MARKED)

    assert sorted(pages.marked(tree)) == [("TestB::test_b", 1), ("TestB::test_b", 4), ("test_a", 1), ("test_a", 2), ("test_a", 3)]


@pytest.fixture(scope="module")
def tests_by_row(pages):
    """Every test is read once."""
    return pages.tests_by_row()


@pytest.mark.parametrize("row", [row[0] for room in FAULTS["room"] for row in room["rows"]])
def test_a_fault_is_shown_by_a_test_or_says_why_none_can(row, tests_by_row):
    assert tests_by_row.get(row) or FAULTS["not_on_linux"].get(str(row)), f"no test is marked fault({row})"


@pytest.mark.parametrize("page", ["faults.md", "parity.md"])
def test_no_row_is_open(page):
    assert "not yet covered" not in (ROOT / "docs" / "reference" / page).read_text()


def test_a_row_that_has_tests_gives_no_reason_for_having_none(tests_by_row, parity_by_row):
    assert {int(row) for row in FAULTS["not_on_linux"]} & set(tests_by_row) == set()
    assert set(PARITY["not_here"]) & set(parity_by_row) == set()


def test_a_mark_names_a_row_that_exists(pages, tests_by_row):
    rows = {int(row) for row in re.findall(r"^\| (\d+) \|", pages.faults(), re.MULTILINE)}

    assert rows == set(range(1, 101))
    assert set(tests_by_row) <= rows


@pytest.fixture(scope="module")
def parity_by_row(pages):
    return pages.tests_by_row("parity")


PARITY = tomllib.loads((ROOT / "docs" / "parity.toml").read_text())
ROWS = [row[0] for room in PARITY["room"] for row in room["rows"]]


def test_every_row_of_parity_is_there_once_and_a_mark_names_one_that_is(parity_by_row):
    assert [*(f"F{number}" for number in range(1, 185)), *(f"A{number}" for number in range(1, 23))] == ROWS
    assert set(parity_by_row) <= set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_parity_is_shown_by_a_test_or_says_why_not(row, parity_by_row):
    absent = PARITY["not_here"]

    assert parity_by_row.get(row) or absent.get(row), f"no test is marked parity({row!r})"


ERRORS = tomllib.loads((ROOT / "docs" / "errors.toml").read_text())
STATUSES = {number: (means, codes) for number, means, codes in ERRORS["web"]["status"]}


def test_every_error_has_a_cause_and_a_cure_and_none_is_named_that_is_not_there():
    assert set(ERRORS["errors"]) == set(classes())
    assert [] == [code for code, told in ERRORS["errors"].items() if not (told.get("cause") and told.get("cure")) or set(told) - {"cause", "cure", "passing"}]
    assert {code for _, codes in STATUSES.values() for code in codes} == set(classes())


def test_every_web_error_is_explained_or_says_why_it_cannot_come():
    assert [number for number, *_ in ERRORS["web"]["status"]] == [int(one) for one in sendoff.WebErrorStatus]
    assert len(STATUSES) == 55
    assert {str(number) for number, (_, codes) in STATUSES.items() if not codes} == set(ERRORS["web"]["not_here"])


def test_the_number_of_a_class_stands_beside_its_code():
    assert [] == [code for code, kind in classes().items() if code not in STATUSES[kind.web_error][1]]


def test_what_an_http_status_is_said_to_be_is_what_its_answer_becomes():
    told = {status: error_of(status, [], "h", moment(0)) for status in [*(one for one in STATUSES if one >= 300), 306, 308, 418, 422, 429, 507, 511, 599]}

    assert [] == [status for status, error in told.items() if error.code not in STATUSES[sendoff.get_status(error)][1]]


def test_a_command_that_the_page_of_errors_names_is_one():
    named = {word for told in ERRORS["errors"].values() for word in re.findall(r"`sendoff ([a-z]+)", told["cure"])}

    assert named - {*COMMANDS} == set()


@pytest.mark.parametrize("row", [row for row in ROWS if row.startswith("A") and row not in PARITY["not_here"]])
def test_a_scenario_has_a_test_that_is_named_after_it(row, parity_by_row):
    assert any(f"_{row.lower()}_" in test for test in parity_by_row.get(row, ())), f"no test of {row} has it in its name"


def test_a_mark_that_cannot_be_read_is_an_error(pages):
    with pytest.raises(ValueError, match="rows are written one by one"):
        list(pages.marked(ast.parse("@pytest.mark.parity(('F1', 'F2'))\ndef test_a(): ..."), "parity"))


def test_every_hook_says_when_it_is_called_and_is_on_its_page(pages):
    found = {name: inspect.getdoc(hook) for name, hook in vars(hookspecs).items() if name.startswith("sendoff_")}

    assert [name for name, said in found.items() if not said] == []
    assert set(re.findall(r"^\| `(\w+)\(", pages.hooks(), re.MULTILINE)) == set(found)


def test_every_key_of_the_configuration_has_a_meaning_and_is_on_its_page(pages):
    assert [key.name for key in keys() if not key.meaning.strip()] == []
    assert {key.name for key in keys()} <= set(re.findall(r"^\| `([\w.]+)` \|", pages.settings(), re.MULTILINE))


@pytest.mark.parametrize("kind", PORTS)
def test_every_key_of_a_driver_is_in_the_readme_of_its_package(kind):
    """The entry points of this interpreter that stand in this repository."""
    missing = []
    for entry in entry_points(group=f"sendoff.{kind}"):
        driver = entry.load()
        leaf = next((folder for folder in Path(inspect.getfile(driver)).parents if (folder / "pyproject.toml").is_file()), None)
        told = (leaf / "README.md").read_text() if leaf and ROOT in leaf.parents else None
        missing += [
            f"{entry.name}: {key}"
            for key in (field.alias or name for name, field in driver.Settings.model_fields.items())
            if told is not None and f"`{key}`" not in told
        ]

    assert missing == []


def variables_of(code):
    """What a module reads from an environment, and whatever else begins as ours do."""
    return {*re.findall(r"""["'](SENDOFF_[A-Z0-9_]+)["']""", code), *re.findall(r"""environ(?:ment)?(?:\.get\(|\[)["']([A-Z0-9_]+)["']""", code)}


def is_told(name, text):
    """The whole name; of one that ends in ``_`` its beginning."""
    return re.search(rf"(?<![A-Z0-9_]){name}{'' if name.endswith('_') else '(?![A-Z0-9_])'}", text) is not None


def test_every_variable_that_is_read_is_in_the_pages(pages):
    code = [path for room in ("core", "plugins", "contrib") for path in (ROOT / room).rglob("*.py") if not {"testing", "tests", ".venv"} & {*path.parts}]
    read = {name for path in code for name in variables_of(path.read_text())} - OTHERS
    told = "".join(page.read_text() for page in PAGES)

    assert [name for name in sorted(read) if not is_told(name, told)] == []
    assert set(pages.lookup.VARIABLES) <= read


def test_a_variable_is_seen_and_told_by_its_whole_name():
    assert variables_of("""a["SENDOFF_S3_KEY2"], os.environ.get('LAB'), environment["LAB_2"]""") == {"SENDOFF_S3_KEY2", "LAB", "LAB_2"}
    assert (is_told("SENDOFF_S3", "`SENDOFF_S3_KEY2`"), is_told("SENDOFF_S3_KEY2", "`SENDOFF_S3_KEY2`"), is_told("SENDOFF_S3_", "`SENDOFF_S3_KEY2`")) == (
        False,
        True,
        True,
    )


def test_every_type_of_event_says_when_it_is_written(pages):
    assert [*pages.lookup.events()] == [*TYPES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_in_a_page_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())

    assert [] == [link for link in links if "://" not in link and not (page.parent / link).exists()]


def test_every_page_of_the_handbook_is_reached_from_its_index():
    index = (ROOT / "docs" / "index.md").read_text()

    assert [] == [str(page) for page in (ROOT / "docs").rglob("*.md") if page.name != "index.md" and str(page.relative_to(ROOT / "docs")) not in index]
