"""The recorded interfaces: read, compared with the changelog, written."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sendoff import __version__

from tests.house.interfaces import people, programs
from tests.house.interfaces.changes import Change, Names, changes

ROOT = Path(__file__).parents[3]
FOLDER = Path(__file__).with_name("recorded")
COMMAND = "python -m tests.house.interfaces"
DRAWN: Mapping[str, Callable[[], Iterable[tuple[str, object]]]] = {
    "commands": people.commands,
    "errors": people.errors,
    "face": programs.face,
    "hooks": programs.hooks,
    "ports": programs.ports,
    "schema": people.schema,
    "settings": people.settings,
}
_NUMBER = "operation.schema"  # whoever reads the JSON goes by it


@dataclass(frozen=True)
class Record:
    """An interface as somebody recorded it. version: of sendoff. broken: what broke with which version, and is told in the changelog."""

    interface: str
    version: str
    broken: Mapping[str, list[str]]
    names: Names


def drawn(interface: str) -> Names:
    """What it is now; ``ValueError`` where one name means two things."""
    found: dict[str, dict[str, object]] = {}
    for name, facts in DRAWN[interface]():
        if found.setdefault(name, dict(facts)) != facts:
            raise ValueError(f"{interface}: {name} is drawn twice, and differs")
    return json.loads(json.dumps(found))


def read(interface: str) -> Record:
    """What was recorded; nothing for an interface that is new."""
    path = FOLDER / f"{interface}.json"
    return Record(**json.loads(path.read_text())) if path.exists() else Record(interface, __version__, {}, {})


def untold(interface: str, found: Iterable[Change], changelog: str, version: str = __version__) -> list[str]:
    """What is missing before these changes may be recorded, a sentence each."""
    found = list(found)
    broken = [change for change in found if change.breaks]
    told = breaks_told(changelog, version)
    lacking = [f"{change}: CHANGELOG.md tells that in no line below {version} that begins with `- Breaking:`" for change in broken if change.name not in told]
    if interface == "schema" and broken and not any(change.name == _NUMBER for change in found):
        lacking.append(f"`{broken[0].name}` breaks who reads the JSON, and `{_NUMBER}` is still the same number")
    return lacking


def breaks_told(changelog: str, version: str) -> set[str]:
    """The names in backquotes in the lines of this version that begin with ``Breaking:``."""
    section = re.search(rf"^## {re.escape(version)}\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^- Breaking: (.*)$", section[1], re.MULTILINE) if section else []
    return {name for line in lines for name in re.findall(r"`([^`]+)`", line)}


def write(interface: str, found: Iterable[Change]) -> None:
    """Records what is now, and what of it breaks, so that nobody takes the line out of the changelog again."""
    before = read(interface)
    broken = [*before.broken.get(__version__, []), *(change.name for change in found if change.breaks)]
    record = {"interface": interface, "version": __version__, "broken": {**before.broken, **({__version__: broken} if broken else {})}}
    names = ",\n".join(f"    {json.dumps(name)}: {json.dumps(facts)}" for name, facts in sorted(drawn(interface).items()))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{interface}.json").write_text(f'{json.dumps(record, indent=2)[:-2]},\n  "names": {{\n{names}\n  }}\n}}\n')


def record(changelog: str) -> list[str]:
    """Writes every interface that has changed; an interface with untold breaks stays as it was, and they are given back."""
    lacking = []
    for interface in DRAWN:
        before, found = read(interface), changes(read(interface).names, drawn(interface))
        missing = untold(interface, found, changelog)
        lacking += missing
        if not missing and (found or before.version != __version__):
            write(interface, found)
    return lacking
