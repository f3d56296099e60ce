"""``sendoff plugins``: what is installed, and why a broken one is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned, cells, clean, folded
from sendoff.errors import Json
from sendoff.model.query import Question

COLUMNS = ("kind", "name", "distribution", "version", "state", "reason", "health", "schemes", "capabilities")
FOLDED = ("reason", "health", "schemes", "capabilities")
_LISTS = ("schemes", "capabilities", "hooks")  # each row has all of them


def arguments(_parser: Parser, _command: str) -> None:
    """There are none."""


def run(call: Call) -> int:
    """Carries ``plugins`` out."""
    call.no_words()
    found = call.desk().ask(Question(what="plugins"))
    plugins = [_whole(one) for one in [*found["drivers"], *({"kind": "listeners", **one} for one in found["listeners"])]]
    for plugin in plugins:
        call.output.item(plugin)
    for line in _lines(plugins, call.output.columns):
        call.output.line(line)
    return exits.DONE


def _whole(plugin: dict[str, Json]) -> dict[str, Json]:
    """The same keys in every row, whatever the plugin is."""
    return {**{name: [] for name in _LISTS}, **plugin}


def _lines(plugins: Sequence[Json], columns: int | None) -> list[str]:
    """A row each; what a narrow terminal has no room for stands below it."""
    whole = _table(plugins, COLUMNS)
    if columns is None or max(map(cells, whole)) <= columns:
        return whole
    heading, *rows = _table(plugins, [name for name in COLUMNS if name not in FOLDED])
    return [heading, *(line for plugin, row in zip(plugins, rows, strict=True) for line in (row, *_below(plugin, columns)))]


def _table(plugins: Sequence[Json], names: Sequence[str]) -> list[str]:
    return aligned([[name.upper() for name in names], *([_cell(_said(plugin, name)) for name in names] for plugin in plugins)])


def _below(plugin: Json, columns: int) -> Iterator[str]:
    for name in FOLDED:
        if text := _cell(_said(plugin, name)):
            yield from folded(f"    {name}: {clean(text)}", columns, 6)


def _said(plugin: Json, name: str) -> Json:
    """What a listener can do are the hooks that it implements."""
    return plugin.get("hooks") if name == "capabilities" and plugin["kind"] == "listeners" else plugin.get(name)


def _cell(value: Json) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
