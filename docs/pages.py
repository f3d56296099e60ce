"""Writes the pages of docs/reference that are drawn from the code: ``python docs/pages.py``; ``--check`` says which are stale."""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
TESTS = ("tests/**/*.py", "plugins/*/*/tests/**/*.py", "contrib/*/*/tests/**/*.py", "core/sendoff/testing/**/*.py")
NOTE = "<!-- drawn from the code by docs/pages.py -->\n\n"


# -- faults -----------------------------------------------------------------------------------------------------------


def faults() -> str:
    """Every row of ``docs/faults.toml`` with the tests that show it."""
    shown = tests_by_row()
    facts = tomllib.loads((ROOT / "docs" / "faults.toml").read_text())
    rooms, elsewhere = facts["room"], facts["not_on_linux"]
    covered = sum(row[0] in shown for room in rooms for row in room["rows"])
    parts = [
        "# What can go wrong\n",
        f"Each row is a fault and what must come of it. {covered} rows are shown by tests that carry the row's number, "
        f"{len(elsewhere)} cannot happen on Linux, the others are not yet covered.\n",
    ]
    for room in rooms:
        parts += [f"## {room['title']}\n", "| row | fault | what must come of it | shown by |", "| --- | --- | --- | --- |"]
        parts += [f"| {row} | {fault} | {outcome} | {shown_by(shown.get(row, []), elsewhere.get(str(row)))} |" for row, fault, outcome in room["rows"]] + [""]
    return "\n".join(parts)


def shown_by(tests: list[str], elsewhere: str | None) -> str:
    return "<br>".join(f"`{test}`" for test in tests) or (f"*not on Linux: {elsewhere}*" if elsewhere else "*not yet covered*")


# -- parity -----------------------------------------------------------------------------------------------------------


def parity() -> str:
    """Every row of ``docs/parity.toml`` with the tests that show it, or why there is none."""
    shown = tests_by_row("parity")
    facts = tomllib.loads((ROOT / "docs" / "parity.toml").read_text())
    rooms, absent = facts["room"], {**{row: f"not here: {why}" for row, why in facts["not_here"].items()}, **facts["due"]}
    parts = [
        "# Beside Windows\n",
        "What the upload side of Windows.Networking.BackgroundTransfer has, and what it is here. "
        "Each row is shown by the tests that carry its number, through the library or a process.\n",
    ]
    for room in rooms:
        parts += [f"## {room['title']}\n", "| row | there | here | shown by |", "| --- | --- | --- | --- |"]
        parts += [f"| {row} | {there} | {here} | {_parity_shown(shown.get(row, []), absent.get(row))} |" for row, there, here in room["rows"]] + [""]
    return "\n".join(parts)


def _parity_shown(tests: list[str], absent: str | None) -> str:
    return "<br>".join(f"`{test}`" for test in tests) or f"*{absent or 'not yet shown'}*"


# -- the rows that tests carry -----------------------------------------------------------------------------------------


def tests_by_row(mark: str = "fault") -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = {}
    for pattern in TESTS:
        for path in sorted(ROOT.glob(pattern)):
            for name, row in marked(ast.parse(path.read_text()), mark):
                found.setdefault(row, []).append(f"{path.relative_to(ROOT)}::{name}")
    return {row: sorted(set(tests)) for row, tests in found.items()}


def marked(tree: ast.AST, mark: str = "fault", prefix: str = "", outer: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The names of the tests below ``tree`` with each row they are marked with, by decorator, class or ``pytestmark``."""
    body = getattr(tree, "body", [])
    outer += tuple(row for node in body if isinstance(node, ast.Assign) and _names(node) == ["pytestmark"] for row in _rows(node.value, mark))
    for node in body:
        if isinstance(node, ast.ClassDef):
            rows = outer + tuple(row for decorator in node.decorator_list for row in _rows(decorator, mark))
            yield from marked(node, mark, f"{prefix}{node.name}::", rows)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            for row in outer + tuple(row for decorator in node.decorator_list for row in _rows(decorator, mark)):
                yield f"{prefix}{node.name}", row


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _rows(node: ast.AST, mark: str) -> Iterator[Any]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == mark:
            for word in call.args:
                if not isinstance(word, ast.Constant) or not isinstance(word.value, int | str):
                    raise ValueError(f"{ast.unparse(call)[:100]}: rows are written one by one, each as it is, or nobody finds them")
                yield word.value


# -- errors and hooks --------------------------------------------------------------------------------------------------


def errors() -> str:
    """Every error class by its stable code."""
    from sendoff.errors import SendoffError, classes

    lines = [
        "# Errors\n",
        "Every error has a stable `code`, which travels as JSON. `retryable` says whether waiting helps, `side` whose trouble it is.\n",
        "| code | class | is a | means | retryable | side |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for code, kind in sorted(classes().items()):
        bases = " ".join(f"`{base.__name__}`" for base in kind.__bases__ if base is not Exception) if kind is not SendoffError else "`Exception`"
        lines.append(f"| `{code}` | `{kind.__name__}` | {bases} | {_first(kind)} | {'yes' if kind.retryable else 'no'} | {kind.side} |")
    return "\n".join(lines) + "\n"


def hooks() -> str:
    """Every lifecycle hook with its moment."""
    from sendoff import hookspecs

    found = [(name, value) for name, value in vars(hookspecs).items() if name.startswith("sendoff_")]
    lines = ["# Hooks\n", _rest(hookspecs), "", "| hook | moment, and what raising does |", "| --- | --- |"]
    lines += [f"| `{name}({', '.join(inspect.signature(hook).parameters)})` | {' '.join((inspect.getdoc(hook) or '').split())} |" for name, hook in found]
    return "\n".join(lines) + "\n"


def _first(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def _rest(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[2].strip()


# -- settings ----------------------------------------------------------------------------------------------------------


def settings() -> str:
    """Every key of the configuration file with its default and its meaning."""
    from sendoff.settings.keys import keys

    lines = [
        "# Settings\n",
        "The configuration file is `$SENDOFF_CONFIG`, else `sendoff/sendoff.toml` in your configuration folder. A variable goes before the file",
        "(`SENDOFF_LIMITS__CONCURRENCY=8`), and an option of a command before both. Unknown keys are errors that name the nearest known one. Lengths of time",
        'and sizes are numbers of seconds and bytes, or words such as `"90s"`, `"5m"`, `"3d"`, `"256M"`.\n',
        "| key | default | meaning |",
        "| --- | --- | --- |",
        *(f"| `{key.name}` | {_shown(key)} | {key.meaning} |" for key in keys()),
    ]
    return "\n".join(lines) + "\n"


def _shown(key: Any) -> str:
    if key.default is None:
        return "*needed*" if key.needed else "" if key.name.endswith(".NAME") else "*none*"
    return f"`{key.default}`"


# -- writing -----------------------------------------------------------------------------------------------------------


def pages() -> dict[Path, Callable[[], str]]:
    """Which page is drawn by which function."""
    drawn = {"faults.md": faults, "parity.md": parity, "errors.md": errors, "hooks.md": hooks, "settings.md": settings}
    return {REFERENCE / name: draw for name, draw in drawn.items()}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="docs/pages.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    check = parser.parse_args(words).check
    stale = [(path, text) for path, draw in pages().items() if (text := NOTE + draw()) != (path.read_text() if path.exists() else None)]
    for path, text in stale:
        if not check:
            path.write_text(text)
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
