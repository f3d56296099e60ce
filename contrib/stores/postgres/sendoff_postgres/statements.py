"""The SQL of this store, by name, read from its ``.sql`` files."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from sendoff_postgres.row import COLUMNS, FIELDS

_HERE = "sendoff_postgres"
_VALUES = ", ".join(["%s"] * (len(FIELDS) + 2))


class Statements:
    """Every named statement of one file in ``sql/``, as attributes of a mapping: ``statements["due_by_rank"]``."""

    def __init__(self, *names: str) -> None:
        self._found: dict[str, bytes] = {}
        for name in names:
            self._found.update(_named((files(_HERE) / "sql" / f"{name}.sql").read_text(encoding="utf-8")))

    def __getitem__(self, name: str) -> bytes:
        return self._found[name]


def migrations() -> list[str]:
    """The scripts that lead from nothing to the newest schema, one for each version."""
    scripts = sorted((one for one in (files(_HERE) / "migrations").iterdir() if one.name.endswith(".sql")), key=lambda one: one.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


def _named(text: str) -> Iterator[tuple[str, bytes]]:
    for part in text.split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        statement = "\n".join(line for line in body.splitlines() if not line.startswith("-- "))  # a remark may hold what looks like a parameter
        yield name.strip(), statement.replace("{columns}", COLUMNS).replace("{values}", _VALUES).strip().removesuffix(";").encode()
