"""What ``import sendoff`` gives, and what it costs."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import sendoff

FACE = Path(sendoff.__file__).parent
LIGHT = "import sys; before = set(sys.modules); import sendoff; print(*sorted(set(sys.modules) - before))"


def test_the_table_and_the_type_checkers_twin_agree():
    lines = [node for node in ast.parse((FACE / "__init__.pyi").read_text()).body if isinstance(node, ast.ImportFrom)]
    twin = {alias.asname: node.module.removeprefix("sendoff.") for node in lines for alias in node.names}

    assert sendoff._MODULE_OF == twin
    assert all(alias.asname == alias.name for node in lines for alias in node.names)


@pytest.mark.parametrize("name", sendoff.__all__)
def test_a_public_name_is_there_and_documented(name):
    value = getattr(sendoff, name)

    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__doc__, "a public name has a docstring"
        assert not value.__doc__.startswith(f"{name}("), "a dataclass says what it is instead of repeating its fields"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'nothing_like_it'"):
        sendoff.nothing_like_it  # noqa: B018


def test_importing_sendoff_costs_next_to_nothing():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)

    loaded = {name.partition(".")[0] for name in done.stdout.split()}

    assert loaded - sys.stdlib_module_names == {"sendoff"}
    assert not loaded & {
        "argparse",
        "asyncio",
        "dataclasses",
        "email",
        "http",
        "inspect",
        "json",
        "logging",
        "pathlib",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "urllib",
    }
