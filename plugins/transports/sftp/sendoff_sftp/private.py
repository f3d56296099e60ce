"""The one place that uses names which paramiko does not publish; ``tests/test_private.py`` says what must hold, and the major version is pinned.

An agent at a given socket, instead of that of our own environment. A client that asks for the login service once, as a server may refuse a second
question, that neither waits for the answer of a server that has gone nor misses one that comes at once, and that tells a refusal from silence.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from paramiko import AuthenticationException, Message, ServiceRequestingTransport, SSHException
from paramiko.agent import AgentSSH
from paramiko.auth_handler import AuthOnlyHandler
from paramiko.common import cMSG_SERVICE_REQUEST, cMSG_USERAUTH_REQUEST

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


class Unanswered(SSHException):
    """A login that was neither taken nor refused: paramiko calls that a refusal, too."""


class Client(ServiceRequestingTransport):
    """paramiko's own waits for ever where the connection ends during that question. farewell: the server's last words, if it had any."""

    farewell: str | None = None

    def _parse_disconnect(self, message: Message) -> None:
        """Keeps what paramiko only writes into its log (RFC 4253 section 11.1)."""
        message.get_int()
        self.farewell = message.get_text()[:200] or "no reason"
        message.rewind()
        super()._parse_disconnect(message)

    def ensure_session(self) -> None:
        """As paramiko's, with an end. Errors: ``Unanswered``."""
        if not self.active or not self.initial_kex_done:
            raise Unanswered("the connection is over")
        if self._service_userauth_accepted:
            return
        question = Message()
        question.add_byte(cMSG_SERVICE_REQUEST)
        question.add_string("ssh-userauth")
        self._send_message(question)
        until = time.monotonic() + self.auth_timeout
        while not self._service_userauth_accepted:
            if not self.active or time.monotonic() > until:
                raise Unanswered("the server did not answer when it was asked for a login")
            time.sleep(0.005)
        self.auth_handler = self.get_auth_handler()

    def get_auth_handler(self) -> AuthOnlyHandler:
        """Ours."""
        return Handler(self)


class Handler(AuthOnlyHandler):
    """paramiko's own sends a request before it listens for the answer, and so misses a quick one."""

    def send_auth_request(self, username: str, method: str, finish_message: Callable[[Message], object] | None = None) -> list[str]:
        """As paramiko's, in the right order; ``none`` has nothing to add."""
        self.auth_method, self.username = method, username
        request = Message()
        request.add_byte(cMSG_USERAUTH_REQUEST)
        for word in (username, "ssh-connection", method):
            request.add_string(word)
        if finish_message is not None:
            finish_message(request)
        self.auth_event = threading.Event()
        with self.transport.lock:
            self.transport._send_message(request)
        try:
            return list(self.wait_for_response(self.auth_event))
        except AuthenticationException as cause:
            self._check_answered(cause)
            raise

    def _check_answered(self, cause: AuthenticationException) -> None:
        if not self.transport.is_active():
            if self.transport.farewell is None:
                raise Unanswered("the connection ended") from cause
        elif not self.auth_event.is_set():
            raise Unanswered(f"no answer within {self.transport.auth_timeout:g} seconds") from cause
