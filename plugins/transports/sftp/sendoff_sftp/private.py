"""The one place that uses names which paramiko does not publish: an agent at a given socket, instead of that of our own environment.

``tests/test_private.py`` says what must hold; the major version is pinned.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from paramiko import SSHException
from paramiko.agent import AgentSSH

_PATIENCE = 10.0  # seconds; an agent may ask a person to confirm


class AgentAt(AgentSSH):
    """An agent that listens at a Unix socket."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connect(connection)

    def close(self) -> None:
        """Done with it."""
        self._close()


@contextmanager
def agent_at(path: str) -> Iterator[AgentAt | None]:
    """The agent that listens there; None where none answers."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_PATIENCE)
    try:
        connection.connect(path)
        agent = AgentAt(connection)
    except (OSError, SSHException):
        connection.close()
        yield None
        return
    try:
        yield agent
    finally:
        agent.close()
