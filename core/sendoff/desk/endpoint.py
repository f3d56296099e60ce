"""How the host's socket is bound and reached, however long its path is.

The kernel takes 107 bytes for the address of a Unix socket. A longer one is bound in the runtime folder, with a link in the state folder, or
where there is none through the folder's descriptor (``/proc/self/fd/N/host.sock``); never in a folder that users share.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from sendoff.desk.place import Place, with_mode_only_for_us
from sendoff.errors import HostUnavailable

LONGEST = 100
BACKLOG = 1024
POLL = 0.02


class Endpoint:
    """The socket of one place, for both sides.

    environment: where ``XDG_RUNTIME_DIR`` is looked for.
    """

    def __init__(self, place: Place, environment: Mapping[str, str]) -> None:
        self._place = place
        self._runtime = environment.get("XDG_RUNTIME_DIR", "")

    def connect(self, timeout: float) -> socket.socket:
        """A connection, or the ``OSError`` that says why there is none. timeout: seconds.

        Where so many ask at once that the kernel's queue is full, it stands in line.
        """
        end = time.monotonic() + timeout
        while True:
            try:
                return self._connected(timeout)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(POLL)

    def _connected(self, timeout: float) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout)
            with self._address() as address:
                connection.connect(address)
        except BaseException:
            connection.close()
            raise
        return connection

    def bind(self) -> socket.socket:
        """A listening socket; only for who holds the host's lock, because what lies there is taken for a dead host's."""
        self.unlink()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with self._own_address() as address:
                listener.bind(address)
                os.chmod(address, 0o600)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
        return listener

    def unlink(self) -> None:
        """Take the address away: nobody new comes, who is connected stays."""
        for path in (self._place.socket, self._short()):
            if path:
                with suppress(FileNotFoundError):
                    os.unlink(path)

    @property
    def _long(self) -> bool:
        return len(os.fsencode(self._place.socket)) > LONGEST

    def _short(self) -> str | None:
        """The address in the runtime folder, when one is needed and there is one."""
        if not self._long or not os.path.isabs(self._runtime):
            return None
        from hashlib import blake2b

        path = os.path.join(self._runtime, "sendoff", blake2b(os.fsencode(self._place.state), digest_size=8).hexdigest() + ".sock")
        return path if len(os.fsencode(path)) <= LONGEST else None

    @contextmanager
    def _address(self) -> Iterator[str]:
        """What to connect to. The state folder knows best: the host may have another runtime folder than we."""
        if not self._long:
            yield self._place.socket
        elif _has_descriptor_paths():
            with _through_descriptor(self._place.socket) as address:
                yield address
        else:
            yield self._short() or self._place.socket

    @contextmanager
    def _own_address(self) -> Iterator[str]:
        short = self._short()
        if not self._long:
            yield self._place.socket
        elif short is not None and os.path.isdir(self._runtime):
            with_mode_only_for_us(os.path.dirname(short))
            yield short
            os.symlink(short, self._place.socket)
        elif _has_descriptor_paths():
            with _through_descriptor(self._place.socket) as address:
                yield address
        else:
            raise HostUnavailable(f"the path of the socket is too long: {self._place.socket}", hint="set XDG_RUNTIME_DIR or a shorter SENDOFF_STATE_DIR")


def _has_descriptor_paths() -> bool:
    return os.path.isdir("/proc/self/fd")


@contextmanager
def _through_descriptor(path: str) -> Iterator[str]:
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    finally:
        os.close(folder)
