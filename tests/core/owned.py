"""The owner of a journal in the test's own process: real store, real files, and drivers and listeners of the test's own beside the real ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sendoff.bootstrap import build
from sendoff.errors import SendoffError
from sendoff.model.event import Event
from sendoff.model.operation import Record, Request
from sendoff.model.query import Applied, Created, Order, Query, Selection, View
from sendoff.ports.network import Network
from sendoff.runtime.installation import Installed
from sendoff.runtime.owner import Owner
from sendoff.testing.memory_transport import MemoryServer, PlainTransport, SessionTransport

SOON = 60.0  # seconds after which a wait has failed
QUICK = '[retry]\nbackoff = ["0.02s", "0.1s"]\n'
ENDED = ("completed", "error", "canceled")
Driver = tuple[type, Callable[[Mapping[str, Any]], Any]]


class Beside:
    """What is installed, and drivers of the test's own: ``{(kind, name): (class, settings of options)}``."""

    def __init__(self, real: Installed, own: Mapping[tuple[str, str], Driver]) -> None:
        self._real, self._own = real, own

    def names(self, kind: str) -> tuple[str, ...]:
        return (*self._real.names(kind), *(name for one, name in self._own if one == kind))

    def load(self, kind: str, name: str) -> type:
        return self._own[kind, name][0] if (kind, name) in self._own else self._real.load(kind, name)

    def transport_for(self, scheme: str) -> str:
        found = (name for (kind, name), (driver, _) in self._own.items() if kind == "transports" and scheme in driver.schemes)  # type: ignore[attr-defined]
        return next(found, "") or self._real.transport_for(scheme)

    def settings(self, kind: str, name: str, options: Mapping[str, Any], *, section: str | None = None) -> Any:
        if (kind, name) in self._own:
            return self._own[kind, name][1](options)
        return self._real.settings(kind, name, options, section=section)

    def describe(self) -> Sequence[Mapping[str, Any]]:
        return self._real.describe()


class Owned:
    """An owner in a private folder.

    config: what the configuration file says. environ: of the owning process. own: further drivers. server: what ``plain://`` and
    ``session://`` lead to, in blocks of 100 bytes. listeners: by name. network: what the machine's is taken for.
    """

    def __init__(
        self, folder: Path, *, config: str = QUICK, environ: Mapping[str, str] | None = None, own: Mapping[tuple[str, str], Driver] | None = None,
        listeners: Mapping[str, object] | None = None, network: Network | None = None, start: bool = True,
    ) -> None:  # fmt: skip
        self.folder, self.state, self.config = folder, folder / "state", folder / "config" / "sendoff.toml"
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.config.parent.mkdir(mode=0o700, exist_ok=True)
        self.config.write_text(config)
        self.environ, self.server, self.listeners = dict(environ or {}), MemoryServer(), dict(listeners or {})
        self.network = network
        reached = lambda _options: {"server": self.server, "block": 100}  # noqa: E731
        self._own = {("transports", "plain"): (PlainTransport, reached), ("transports", "session"): (SessionTransport, reached), **(own or {})}
        if start:
            self.open()

    # -- life

    def open(self) -> None:
        """A new owner of the same journal."""
        built = build(folder=self.state, config_file=self.config, environ=self.environ)
        given = replace(built._given, installed=Beside(built._given.installed, self._own), network=self.network or built._given.network)
        for name, listener in self.listeners.items():
            given.listeners.register(listener, name)  # type: ignore[attr-defined]
        self.owner, self.store = Owner(given), given.store
        self.owner.open()

    def close(self) -> bool:
        return self.owner.close(8.0)

    def reopen(self) -> None:
        """The owner leaves and another comes."""
        self.close()
        self.open()

    def __enter__(self) -> Owned:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(SendoffError):
            self.close()

    # -- doing

    def file(self, name: str = "a.bin", content: bytes = b"x" * 1000) -> Path:
        """A file with this content; one that has it already is left alone."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        return path

    def create(self, *requests: Request, **more: Any) -> list[Created | SendoffError]:
        more.setdefault("environment", {})
        return list(self.owner.create(iter(requests), **more))

    def put(self, source: Path | str, destination: str, *, start: bool = True, environment: Mapping[str, str] | None = None, **more: Any) -> str:
        """The id of a new operation; what refuses it is raised."""
        (answer,) = self.create(Request(source=str(source), destination=destination, **more), start=start, environment=environment or {})
        if isinstance(answer, SendoffError):
            raise answer
        return answer.id

    def order(self, verb: str, id: str, **details: Any) -> Applied:
        return self.owner.order(Order(verb=verb, details=details), Selection(ids=(id,)))

    # -- seeing

    def view(self, id: str) -> View:
        (found,) = self.owner.page(Query(ids=(id,))).items
        return found

    def record(self, id: str) -> Record:
        (found,) = self.store.find(Query(ids=(id,))).items
        return found

    def records(self) -> Sequence[Record]:
        return self.store.find(Query(), limit=10_000).items

    def events(self, id: str = "", type: str = "") -> list[Event]:
        query = Query(ids=(id,) if id else (), types=(type,) if type else ())
        return list(self.store.events(0, 10_000, query=query))

    def types(self, id: str) -> list[str]:
        return [event.type for event in self.events(id)]

    def until(self, id: str, *statuses: str, reason: str | None = None) -> View:
        """The operation as soon as it stands so; woken by its events."""
        deadline = time.monotonic() + SOON
        for _ in self.owner.follow(Query(ids=(id,)), after=0):
            view = self.view(id)
            if view["status"] in statuses and reason in (None, view["reason"]):
                return view
            assert time.monotonic() < deadline and view["status"] not in ENDED, view
        raise AssertionError("the events ended")

    def done(self, id: str) -> View:
        """The operation once it has ended, which must be well."""
        view = self.until(id, *ENDED, "paused_recoverable")
        assert view["status"] == "completed", view["error"] or view
        return view

    def ended(self, query: Query) -> Iterator[Event]:
        """Events from the beginning, live, until nothing comes for ``SOON`` seconds."""
        deadline = time.monotonic() + SOON
        for event in self.owner.follow(query, after=0):
            assert time.monotonic() < deadline
            if isinstance(event, Event):
                yield event


def eventually(true: Callable[[], Any], what: str = "it") -> Any:
    """What is true as soon as it is; for what nobody tells of."""
    pause, deadline = threading.Event(), time.monotonic() + SOON
    while not (found := true()):
        assert time.monotonic() < deadline, f"{what} never came true"
        pause.wait(0.01)
    return found
