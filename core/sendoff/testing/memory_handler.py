"""A completion handler that is called right here, for an application's own tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from sendoff.api.connection import Connection
from sendoff.api.handler import call, found
from sendoff.model.completion import Handler


class MemoryHandler:
    """A handler under way in a thread of this process: it sees the uploads of the test, and the test sees what it does.

    connection: gives the one to its uploads. Nobody can end it; one that takes too long is left alone.
    """

    printed = ""

    def __init__(self, connection: Callable[[], Connection], handler: Handler, environment: Mapping[str, str], *, batch: str, key: str, **_: object) -> None:
        self._error: str | None = None
        self._over = threading.Event()
        threading.Thread(target=self._run, args=(connection, handler, batch, key), name="sendoff-handler", daemon=True).start()

    def wait(self, seconds: float) -> str | None:
        """Why it failed, None when it did not."""
        return self._error if self._over.wait(seconds) else f"it did not end within {seconds:g} seconds"

    def kill(self) -> None:
        """Wait for it no longer."""
        self._over.set()

    def _run(self, connection: Callable[[], Connection], handler: Handler, batch: str, key: str) -> None:
        try:
            call(found(handler.function), connection(), batch, key)
        except BaseException as cause:  # noqa: BLE001 - a stranger's code
            self._error = f"{type(cause).__name__}: {cause}"
        self._over.set()
