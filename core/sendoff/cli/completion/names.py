"""The names that may stand on a line: what is queued, what the configuration has, what is installed. Nothing is started for it."""

from __future__ import annotations

import os
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from sendoff.errors import SendoffError
from sendoff.model.query import Query, View

if TYPE_CHECKING:
    from sendoff.cli.completion.line import Line
    from sendoff.desk.contract import Desk
    from sendoff.desk.place import Place

MOST = 200  # operations that are asked for
PATIENCE = 1.0  # seconds; somebody has pressed a key and looks at the screen
_OPEN, _LISTED = Query(open=True), Query(listed=True)
_QUERIES = {
    "pause": _OPEN, "resume": _OPEN, "cancel": _OPEN, "move": _OPEN, "set": _OPEN,
    "retry": Query(listed=True, statuses=("error", "canceled")), "receipt": Query(statuses=("completed",)),
}  # fmt: skip


class Candidate(NamedTuple):
    """A word, and what it is in a few words."""

    word: str
    about: str = ""


class Names:
    """Where they come from. place: whose they are; desk: opens the desk of a host that runs. current: what of the word stands there already."""

    def __init__(self, place: Callable[[], Place], desk: Callable[[], Desk], environment: Mapping[str, str], current: str = "") -> None:
        self._place, self._desk, self._environment, self._current = place, desk, environment, current

    # -- what is queued -----------------------------------------------------------------------------------------------

    def operations(self, line: Line) -> Iterator[Candidate]:
        """By number; by id only once somebody has begun to write one."""
        for view in self._views(_QUERIES.get(line.command or "", _LISTED)):
            about = f"{_name(view)}  {view['status']}  {view['url']}"
            for word in (str(view["number"]), *((view["id"],) if self._current else ())):
                if word not in line.words:
                    yield Candidate(word, about)

    def batches(self, _line: Line) -> Iterator[Candidate]:
        """By id; each with what it carries."""
        found: dict[str, list[View]] = {}
        for view in self._views(_LISTED):
            found.setdefault(view["batch"], []).append(view)
        for batch, views in found.items():
            yield Candidate(batch, _name(views[0]) + (f" and {len(views) - 1} more" if len(views) > 1 else ""))

    def groups(self, _line: Line) -> Iterator[Candidate]:
        """Those that something in the list belongs to."""
        yield from map(Candidate, sorted({view["group"] for view in self._views(Query(listed=True, grouped=True)) if view["group"]}))

    def apps(self, _line: Line) -> Iterator[Candidate]:
        """Those that have something on this machine."""
        with suppress(OSError):
            yield from (Candidate(one.name) for one in os.scandir(os.path.dirname(self._place().state)) if one.is_dir())

    def _views(self, query: Query) -> list[View]:
        """What a host that runs tells within a moment; else nothing."""
        found: list[View] = []
        asking = threading.Thread(target=self._ask, args=(query, found), daemon=True)
        asking.start()
        asking.join(PATIENCE)
        return list(found)

    def _ask(self, query: Query, found: list[View]) -> None:
        with suppress(SendoffError, OSError):
            found += self._desk().page(query, limit=MOST).items

    # -- what the configuration has -----------------------------------------------------------------------------------

    def destinations(self, _line: Line) -> Iterator[Candidate]:
        """``archive:``, with where it leads."""
        yield from (Candidate(f"{name}:", about) for name, about in self._places())

    def sections(self, _line: Line) -> Iterator[Candidate]:
        """``archive``, with where it leads."""
        yield from (Candidate(name, about) for name, about in self._places())

    def credentials(self, line: Line) -> Iterator[Candidate]:
        """Sections, and the beginnings of references to the stores that are installed."""
        if line.command == "credentials" and line.words[:1] == ("list",):
            return
        yield from (Candidate(name, str(section.get("use", ""))) for name, section in self._sections("credentials").items())
        yield from (Candidate(f"{name}:") for name in _installed("credentials"))

    def keys(self, line: Line) -> Iterator[Candidate]:
        """Every key of the configuration file, for ``config explain``; what has a name with the names that it has there."""
        if line.words[:1] != ("explain",):
            return
        for key, about in _meanings().items():
            section, _, rest = key.partition(".NAME")
            yield from (Candidate(f"{section}.{name}{rest}", about) for name in ([*self._sections(section)] if ".NAME" in key else []))
            if ".NAME" not in key:
                yield Candidate(key, about)

    def keys_of_a_destination(self, _line: Line) -> Iterator[Candidate]:
        """``verify=``, what any destination may say."""
        start = "destinations.NAME."
        yield from (Candidate(f"{key.removeprefix(start)}=", about) for key, about in _meanings().items() if key.startswith(start))

    def _places(self) -> Iterator[tuple[str, str]]:
        for name, section in self._sections("destinations").items():
            url = str(section.get("url", ""))
            yield name, "" if "@" in url else url.partition("?")[0]

    def _sections(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """The sections by name, of the file and of variables; a file that cannot be read has none."""
        found: dict[str, Mapping[str, Any]] = {}
        with suppress(OSError, ValueError), open(self._place().config, "rb") as file:
            read = tomllib.load(file).get(kind, {})
            found = {name: section for name, section in read.items() if isinstance(section, dict)} if isinstance(read, dict) else {}
        start = f"SENDOFF_{kind.upper()}__"
        for variable, value in self._environment.items():
            if variable.upper().startswith(start):
                name, _, key = variable[len(start) :].lower().partition("__")
                found[name] = {**found.get(name, {}), key: value}
        return found

    # -- what there is ------------------------------------------------------------------------------------------------

    def protocols(self, _line: Line) -> Iterator[Candidate]:
        """Ways over HTTP."""
        yield Candidate("auto", "what the destination announces")
        yield from map(Candidate, _installed("http_protocols"))

    def kinds(self, _line: Line) -> Iterator[Candidate]:
        """Of plugins."""
        from sendoff.cli.new_plugin.kind import KINDS

        yield from (Candidate(kind.word, kind.use) for kind in KINDS)

    def statuses(self, _line: Line) -> Iterator[Candidate]:
        """How an operation may stand."""
        from sendoff.model.status import TransferStatus

        yield from (Candidate(one.word) for one in TransferStatus)

    def reasons(self, _line: Line) -> Iterator[Candidate]:
        """Why one may wait."""
        from sendoff.model.status import Reason

        yield from (Candidate(str(one)) for one in Reason)

    def ends(self, _line: Line) -> Iterator[Candidate]:
        """What may become of a file."""
        yield Candidate("delete", "remove it once it was seen to be there")
        yield Candidate("move:", "and a folder: take it there")


def _name(view: View) -> str:
    from sendoff.cli.text import name_of

    return name_of(view)


def _installed(kind: str) -> Sequence[str]:
    from importlib.metadata import entry_points

    return sorted({entry.name for entry in entry_points(group=f"sendoff.{kind}")})


def _meanings() -> dict[str, str]:
    """Every key of the configuration and what it means; its shape would take far longer to load."""
    from importlib.resources import files

    told = tomllib.loads((files("sendoff") / "settings" / "meanings.toml").read_text(encoding="utf-8"))
    told.pop("examples")
    return told
