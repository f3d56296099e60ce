"""A program's client: one connection to the work of one place, and everything that can be asked of it."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Literal, Self

from sendoff.api.averbs import AwaitableVerbs
from sendoff.api.bridge import in_thread
from sendoff.api.connection import SHARED, Connection
from sendoff.api.life import Parity, checked_parity
from sendoff.api.mode import mode_of
from sendoff.desk.place import find_place
from sendoff.errors import ConfigurationError

Mode = Literal["auto", "host", "embedded"]


class Client(AwaitableVerbs):
    """Everything that can be asked: ``put put_many post get find events``, and each with an ``a`` before it for ``await``.

    ``connect`` makes one. It may be used by many threads and over ``fork``; ``with`` closes it.

    >>> with sendoff.connect() as client:
    ...     operation = client.put(b"hello", "archive:hello.txt").wait()
    """

    def __repr__(self) -> str:
        return f"<Client of {self._connection.place.state}, {self._connection.mode}>"

    def close(self, drain: bool | float | None = None) -> None:
        """The end of this client; whoever waits with it is told. Uploads go on with their host.

        drain: where this process does the work itself, wait for it to end first: True, or at most so many seconds. Else the work is broken off at a
        safe point, and the next one goes on with it. Errors: none; the second time nothing happens.
        """
        self._connection.close(drain)

    async def aclose(self, drain: bool | float | None = None) -> None:
        """``close`` for ``await``."""
        await in_thread(self._connection.close, drain)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()


def connect(
    *, app: str | None = None, state_dir: str | os.PathLike[str] | None = None, config: str | os.PathLike[str] | None = None, mode: Mode = "auto",
    parity: Parity | None = None,
) -> Client:  # fmt: skip
    """A client of its own, when somebody answers.

    Parameters
    ----------
    app, state_dir, config: as ``--app``, ``--state-dir`` and ``--config``; what is not given comes from ``SENDOFF_APP``, ``SENDOFF_STATE_DIR`` and
    ``SENDOFF_CONFIG``.
    mode: ``host``: attach to the host that runs, or start one. ``embedded``: this process does the work, unless another does it already.
    ``auto``: what ``SENDOFF_MODE`` or the configuration says, else ``host``, and embedded where no process can be started.
    parity: ``"winrt"``: what this client creates, starts or resumes goes by its life, as the Windows pages have it. When the client is closed or its
    program dies, a ``PUT`` is paused, and begins anew once such a client lists it (``current_uploads``) or attaches to it; a ``POST`` is canceled.

    Errors: ``InvalidArgument``, ``HostUnavailable``, ``ConfigurationError``, ``StoreRefused``.

    >>> with sendoff.connect(app="backup", mode="embedded") as client:
    ...     operation = client.put("a.iso", "archive:").wait(timeout=3600)
    """
    rules = checked_parity(parity)
    place = find_place(os.environ, app=app, state_dir=state_dir, config=config)
    if config is not None and not os.path.exists(place.config):
        raise ConfigurationError(f"the configuration file {place.config} does not exist")
    connection = Connection(place, mode_of(mode, place, os.environ), rules)
    connection.reach()
    return Client(connection)


async def aconnect(
    *, app: str | None = None, state_dir: str | os.PathLike[str] | None = None, config: str | os.PathLike[str] | None = None, mode: Mode = "auto",
    parity: Parity | None = None,
) -> Client:  # fmt: skip
    """``connect`` for ``await``."""
    return await in_thread(connect, app=app, state_dir=state_dir, config=config, mode=mode, parity=parity)


def default() -> Client:
    """The client of the place that the environment names now, for the functions of the module; nobody is asked yet."""
    return Client(SHARED.to(find_place(os.environ)))
