"""A client without a host, for an application's own tests: the real work, in memory, with a receiver and a clock of the test's own."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, cast

from sendoff.api.client import Client
from sendoff.api.connection import Connection
from sendoff.desk.calling import Calling
from sendoff.desk.client import DeskClient
from sendoff.desk.place import Place
from sendoff.drivers import Drivers
from sendoff.listeners import Listeners
from sendoff.model.configuration import Configuration
from sendoff.model.event import Event
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Query
from sendoff.redaction import Redaction
from sendoff.runtime.given import Given
from sendoff.runtime.owner import Owner
from sendoff.runtime.signals import Changed, Queued
from sendoff.settings import load
from sendoff.testing.fake_clock import FakeClock
from sendoff.testing.fake_network import ToldNetwork
from sendoff.testing.memory_handler import MemoryHandler
from sendoff.testing.memory_receiver import MemoryReceiver, MemoryTransport
from sendoff.testing.memory_store import MemoryStore

_SHARED_MEMORY = "/dev/shm"  # a file system in memory, where there is one
_NAME = "memory"
_GLANCE = 0.005  # seconds between two looks whether nothing but time is waited for


class Around(NamedTuple):
    """What is outside of the uploads."""

    receiver: MemoryReceiver
    clock: FakeClock
    network: ToldNetwork


class _Installed(Drivers):
    """What is installed, but one transport that carries everything to a receiver in memory, and sinks that come when they are asked to."""

    def __init__(self, receiver: MemoryReceiver) -> None:
        super().__init__()
        self._receiver = receiver

    def load(self, kind: str, name: str) -> type:
        if kind == "transports":
            return MemoryTransport
        return _invited(super().load(kind, name)) if kind == "sinks" else super().load(kind, name)

    def transport_for(self, scheme: str) -> str:
        return _NAME if scheme in MemoryTransport.schemes else super().transport_for(scheme)

    def settings(self, kind: str, name: str, options: Mapping[str, Any], *, section: str | None = None) -> Any:
        return {"receiver": self._receiver} if kind == "transports" else super().settings(kind, name, options, section=section)


def _invited(sink: type) -> type:
    """The same one, which does not come by itself: whoever sits at the desktop where tests run hears nothing of what fails in them."""
    return type(sink.__name__, (sink,), {"uninvited": classmethod(lambda _: None)})


class _Desk:
    """The work itself as a desk client: without a socket, and with nobody who could die."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._owner, name)

    def follow_always(self, query: Query, *, after: int | None, progress: bool = False) -> Iterator[Event | UploadProgress | None]:
        return self._owner.follow(query, after=after, progress=progress)


class _Within(Connection):
    """A connection to work that is done right here."""

    def __init__(self, place: Place, owner: Owner) -> None:
        self._owner = owner
        super().__init__(place, "memory")

    def _made(self) -> DeskClient:
        return cast(DeskClient, _Desk(self._owner))


class MemoryClient(Client):
    """A ``Client`` whose uploads are real but for what is outside of them; ``client`` makes one.

    receiver: where everything goes, whatever its address. clock: the time it is. network: what the network is like.

    >>> with sendoff.testing.client(hurry=False) as client:
    ...     client.network.become(online=False)
    ...     operation = client.put(b"hello", "https://far.example/greeting")
    ...     client.network.become(online=True)
    ...     operation.wait().status.name
    'COMPLETED'
    """

    def __init__(self, owner: Owner, folder: tempfile.TemporaryDirectory[str], around: Around) -> None:
        self._owner, self._folder, self._over = owner, folder, threading.Event()
        self.receiver, self.clock, self.network = around
        super().__init__(self._way())
        self._hurrying: threading.Thread | None = None

    def another(self) -> Client:
        """One more client of the same uploads, for code that closes its own."""
        return Client(self._way())

    def hurry(self) -> None:
        """From now on time passes by itself wherever nothing but time is waited for: a pause before the next try takes none."""
        if self._hurrying is None:
            self._hurrying = threading.Thread(target=self._hurry, name="sendoff-hurry", daemon=True)
            self._hurrying.start()

    def close(self, drain: bool | float | None = None) -> None:
        """As ``Client.close``, and nothing is left: what is under way is broken off. drain: nothing here; wait for what you want to see first."""
        if self._over.is_set():
            return
        self._over.set()
        if self._hurrying is not None:
            self._hurrying.join()
        self._owner.close()
        super().close(drain)
        self._folder.cleanup()

    def _way(self) -> Connection:
        folder = self._folder.name
        return _Within(Place(state=folder, config=os.path.join(folder, "sendoff.toml")), self._owner)

    def _hurry(self) -> None:
        store, conductor = self._owner._given.store, self._owner._conductor
        while not self._over.wait(_GLANCE):
            due = store.wake(self.clock.steady()) if conductor.running == 0 else None
            if due is not None:
                self.clock.advance_to(due)


def client(*, config: Mapping[str, Any] | None = None, hurry: bool = True) -> MemoryClient:
    """A client for tests: no host process, no server, no disk, no wait. Close it, or use it as a context manager.

    The queue, the retries, the rules and the events are the real ones; the journal is in memory, and every upload goes to ``receiver``, whatever its
    address; completion handlers are called in this process. What must be a file for a moment (bytes and streams that are uploaded, answers) lies in memory,
    too, where the system has such a place, and is gone with the client.

    Parameters
    ----------
    config: sections as in the configuration file, ``{"retry": {"patience": "1h"}}``.
    hurry: time passes by itself wherever only time is waited for; False = it stands still until ``clock.advance``.

    Errors: ``ConfigurationError``.

    >>> with sendoff.testing.client() as client:
    ...     client.receiver.answer(503)
    ...     operation = client.put(b"hello", "https://far.example/greeting").wait()
    ...     assert client.receiver.stored["https://far.example/greeting"] == b"hello"
    """
    folder = tempfile.TemporaryDirectory(prefix="sendoff-", dir=_SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None)
    around = Around(MemoryReceiver(), FakeClock(), ToldNetwork())
    made: MemoryClient
    try:
        owner = Owner(_given(Path(folder.name), dict(config or {}), around, partial(MemoryHandler, lambda: made._connection)))
        owner.open()
    except BaseException:
        folder.cleanup()
        raise
    around.clock.on_advance(lambda: owner._engine.tell(Queued()))
    around.clock.on_advance(owner._lookout.look_soon)
    around.network.on_change(lambda conditions: owner._engine.tell(Changed(conditions)))  # at once: before the time that passes afterwards
    made = MemoryClient(owner, folder, around)
    if hurry:
        made.hurry()
    return made


def _given(folder: Path, config: Mapping[str, Any], around: Around, call: Callable[..., Calling]) -> Given:
    def read() -> Configuration:
        network = {"settle": 0.0, **config.get("network", {})}
        return load(None, {}, arguments={"secrets": {"seal": "memory"}, **config, "network": network})

    listeners, redaction = Listeners(), Redaction()
    listeners.gather()
    return Given(
        store=MemoryStore(), installed=_Installed(around.receiver), listeners=listeners, network=around.network, configuration=read(), load=read,
        explain=tuple, clock=around.clock, random=Random(), folder=folder, configured=folder, environment=dict(os.environ),
        hide=redaction.remember, clean=redaction.clean_sentence, call=call,
    )  # fmt: skip
