"""The recorded interfaces: read, compared with the changelog, written."""

import json
import re
import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sendoff import __version__

from tests.house.interfaces import kit, people, programs
from tests.house.interfaces.changes import Change, Names, changes

ROOT = Path(__file__).parents[3]
FOLDER = Path(__file__).with_name("recorded")
COMMAND = "python -m tests.house.interfaces"
DRAWN: Mapping[str, Callable[[], Iterable[tuple[str, object]]]] = {
    "answers": people.answers,
    "commands": people.commands,
    "errors": people.errors,
    "face": programs.face,
    "hooks": programs.hooks,
    "ports": programs.ports,
    "schema": people.schema,
    "settings": people.settings,
    "testing": kit.testing,
    "variables": people.variables,
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
    """What was recorded; ``FileNotFoundError`` where nothing was, since whoever takes a record away takes away what was promised."""
    path = FOLDER / f"{interface}.json"
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: the record of {interface} is missing; take it from the history, or, of an interface that is new: {COMMAND} --new {interface}"
        )
    return Record(**json.loads(path.read_text()))


def released(interface: str, root: Path = ROOT) -> Record | None:
    """What was recorded when the last tag was made; None where there is no history, no tag, or no such record in it."""
    tag = _said_by_git(root, "describe", "--tags", "--abbrev=0").strip()
    text = _said_by_git(root, "show", f"{tag}:tests/house/interfaces/recorded/{interface}.json") if tag else ""
    return Record(**json.loads(text)) if text else None


def _said_by_git(root: Path, *words: str) -> str:
    """Nothing where it says no, is not there, or is asked in a folder of another history."""
    try:
        top = subprocess.run(["git", "-C", root, "rev-parse", "--show-toplevel"], capture_output=True, text=True)
        done = subprocess.run(["git", "-C", root, *words], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout if not done.returncode and Path(top.stdout.strip()).resolve() == root.resolve() else ""


def untold_since_release(interface: str, changelog: str, root: Path = ROOT) -> list[str]:
    """What has broken since the last tag and is told nowhere, whatever was recorded in between."""
    before = released(interface, root)
    return untold(interface, changes(before.names, drawn(interface)), changelog) if before else []


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


def write(interface: str, before: Record, found: Iterable[Change]) -> None:
    """Records what is now, and what of it breaks, so that nobody takes the line out of the changelog again."""
    broken = [*before.broken.get(__version__, []), *(change.name for change in found if change.breaks)]
    record = {"interface": interface, "version": __version__, "broken": {**before.broken, **({__version__: broken} if broken else {})}}
    names = ",\n".join(f"    {json.dumps(name)}: {json.dumps(facts)}" for name, facts in sorted(drawn(interface).items()))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{interface}.json").write_text(f'{json.dumps(record, indent=2)[:-2]},\n  "names": {{\n{names}\n  }}\n}}\n')


def record(changelog: str, new: Collection[str] = ()) -> list[str]:
    """Writes every interface that has changed; one with untold breaks stays as it was, and they are given back. new: those that have no record yet."""
    lacking = []
    for interface in DRAWN:
        begun = interface in new and not (FOLDER / f"{interface}.json").exists()
        before = Record(interface, __version__, {}, {}) if begun else read(interface)
        found = changes(before.names, drawn(interface))
        missing = list(dict.fromkeys([*untold(interface, found, changelog), *untold_since_release(interface, changelog)]))
        lacking += missing
        if not missing and (begun or found or before.version != __version__):
            write(interface, before, found)
    return lacking
