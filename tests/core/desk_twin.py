"""A desk that keeps everything in memory: what the host serves in the tests of the desk and the host. ``python desk_twin.py`` is such a host."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import sendoff
from sendoff.desk.contract import SLICE
from sendoff.desk.place import Place
from sendoff.errors import ConfigurationError, InvalidArgument, InvalidState, Refused, SendoffError, UnknownOperation
from sendoff.model.configuration import Configuration
from sendoff.model.event import Event
from sendoff.model.operation import Request
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Applied, Created, Order, Page, Query, Question, Selection, View
from sendoff.model.secret import Credential

if TYPE_CHECKING:
    from sendoff.host.owner import Host

BIG = b"0123456789abcdef" * 65536


class Twin:
    """Operations are rows in a list, events too; a slice of requests is taken whole or not at all.

    log: an events file that outlives the process, one line per event; None keeps them in memory only.
    """

    def __init__(self, *, folder: Path, config_file: Path | None, environ: Mapping[str, str], log: Path | None = None) -> None:
        self.folder, self.config_file, self.environ, self.log = folder, config_file, environ, log
        self.configuration = Configuration(idle_exit=float(environ.get("TWIN_IDLE_EXIT", "600")))
        self.rows: list[tuple[Request, Created]] = []
        self.environments: list[Mapping[str, str] | None] = []
        self.orders: list[tuple[Order, Selection]] = []
        self.credentials: dict[str, Credential] = {}
        self.events: list[Event] = []
        self.progress: UploadProgress | None = None
        self.refusal: SendoffError | None = None
        self.busy = self.closed = False
        self.sealed: list[int] = []
        self.changed = threading.Condition()

    def open(self) -> None:
        if self.log is not None and self.log.exists():
            self.events = [Event(id=line, time=0, type="created", operation=line, seq=seq + 1) for seq, line in enumerate(self.log.read_text().split())]

    def close(self, timeout: float) -> None:
        self.closed = True

    def idle(self) -> bool:
        return not self.busy

    def reconfigure(self) -> None:
        assert self.config_file is not None
        text = self.config_file.read_text()
        if "broken" in text:
            raise ConfigurationError(f"{self.config_file}: broken")
        self.configuration = Configuration(log_level=text.strip() or "info")

    def position(self) -> int:
        return len(self.events)

    def tell(self, operation: str) -> None:
        """One more event."""
        with self.changed:
            if self.log is not None:
                with self.log.open("a") as file:
                    file.write(operation + "\n")
            self.events.append(Event(id=operation, time=len(self.events), type="created", operation=operation, data={"n": [1, None]}, seq=len(self.events) + 1))
            self.changed.notify_all()

    def create(
        self,
        requests: Iterable[Request],
        *,
        start: bool = True,
        dry_run: bool = False,
        together: bool = False,
        environment: Mapping[str, str] | None = None,
        batch: str | None = None,
    ) -> Iterator[Created | SendoffError]:
        self.environments.append(environment)
        waiting, taken = iter(requests), 0
        try:
            while some := list(islice(waiting, SLICE)):
                answers = self._take(some, dry_run, together)
                taken += sum(isinstance(answer, Created) for answer in answers)
                yield from answers
        finally:
            self.sealed.append(taken)

    def _take(self, some: list[Request], dry_run: bool, together: bool) -> list[Created | SendoffError]:
        if self.refusal is not None:
            raise self.refusal
        bad = [InvalidArgument(f"{request.source}: bad", hint="another", line=7) if request.source.startswith("bad") else None for request in some]
        spoiled = together and any(bad)
        answers: list[Created | SendoffError] = []
        rows: list[tuple[Request, Created]] = []
        for request, error in zip(some, bad, strict=True):
            if error or spoiled:
                answers.append(error or Refused("another request of this call is bad"))
                continue
            number = len(self.rows) + len(rows) + 1
            created = Created(id=request.id or f"op-{number}", number=number, batch="batch", url=request.destination, existing=request.label == "again")
            rows.append((request, created))
            answers.append(created)
        if not dry_run:
            self.rows += rows
        return answers

    def order(self, order: Order, which: Selection) -> Applied:
        if order.verb == "cancel":
            raise InvalidState("it is completed", hint="nothing to do", status="completed")
        self.orders.append((order, which))
        return Applied(count=1, ids=which.ids, skipped=(("op-9", "was paused already"),))

    def page(self, query: Query, *, after: str | None = None, limit: int = 100) -> Page[View]:
        begin = int(after or 0)
        rows = [created for _, created in self.rows if not query.ids or created.id in query.ids]
        return Page(
            items=[{"id": one.id, "label": "ünïcode"} for one in rows[begin : begin + limit]], next=str(begin + limit) if len(rows) > begin + limit else None
        )

    def follow(self, query: Query, *, after: int | None, progress: bool = False) -> Iterator[Event | UploadProgress | None]:
        if self.environ.get("TWIN_DIES") == "following":
            os._exit(1)
        position = len(self.events) if after is None else after
        while True:
            with self.changed:
                if len(self.events) <= position:
                    self.changed.wait(0.2)
                fresh = self.events[position : position + 100]
            position += len(fresh)
            yield from (event for event in fresh if not query.ids or event.operation in query.ids)
            if progress and self.progress is not None:
                yield self.progress
            if not fresh:
                yield None

    def answer(self, id: str, offset: int = 0) -> Iterator[bytes]:
        if id != "op-1":
            raise UnknownOperation(f"there is no operation {id}", candidates=["op-1"])
        return iter([BIG[offset : offset + 1000], BIG[offset + 1000 :]])

    def ask(self, question: Question) -> object:
        if question.what == "explode":
            return 1 // 0
        if question.what == "sleep":
            time.sleep(float(question.details["seconds"]))
        return {"what": question.what, "details": dict(question.details), "environ": dict(self.environ)}

    def keep(self, reference: str, credential: Credential | None) -> None:
        if credential is None:
            self.credentials.pop(reference, None)
        else:
            self.credentials[reference] = credential


def logged(folder: Path, config_file: Path | None, environ: Mapping[str, str]) -> Twin:
    """A twin whose events outlive it."""
    return Twin(folder=folder, config_file=config_file, environ=environ, log=folder / "events.log")


def wait_until(true: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Return when something has become true in another thread or process that cannot be waited for otherwise."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {seconds} seconds"
        time.sleep(0.01)


@contextmanager
def running(place: Place, environment: Mapping[str, str]) -> Iterator[Host]:
    """A host in this process that serves a twin."""
    from sendoff.host.owner import Host

    host = Host(place, Twin, environment)
    host.open()
    host.listen()
    thread = threading.Thread(target=host.serve)
    thread.start()
    try:
        yield host
    finally:
        host.stop()
        thread.join()
        host.close()


if __name__ == "__main__":
    sendoff.__version__ = os.environ.get("TWIN_VERSION", sendoff.__version__)  # before the host looks: some tests need an older one
    from sendoff.host.run import main

    raise SystemExit(main(build=logged))
