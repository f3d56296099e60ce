"""The SQL of this store, by name, read from its ``.sql`` files."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from sqlite3 import complete_statement

from sendoff_sqlite.row import COLUMNS

_HERE = "sendoff_sqlite"


class Statements:
    """Every named statement of one file in ``sql/``, as attributes of a mapping: ``statements["due_by_rank"]``."""

    def __init__(self, *names: str) -> None:
        self._found: dict[str, str] = {}
        for name in names:
            self._found.update(_named((files(_HERE) / "sql" / f"{name}.sql").read_text(encoding="utf-8")))

    def __getitem__(self, name: str) -> str:
        return self._found[name]


def migrations() -> list[str]:
    """The scripts that lead from nothing to the newest schema, one for each version."""
    scripts = sorted((one for one in (files(_HERE) / "migrations").iterdir() if one.name.endswith(".sql")), key=lambda one: one.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


def statements_of(script: str) -> Iterator[str]:
    """Its statements, one by one."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if complete_statement(statement):
            yield statement
            statement = ""


def _named(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        yield name.strip(), body.replace("{columns}", COLUMNS).strip().removesuffix(";")
