"""One SSH connection: its handshake, the proof of the host and of us, and the sessions in it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Event, Lock, Timer
from typing import TYPE_CHECKING, Any

from sendoff import Interrupted, Permanent, SendoffError, Transient, TransportToolkit, Unreachable, WebErrorStatus

from sendoff_sftp import known_hosts
from sendoff_sftp.dial import dialed
from sendoff_sftp.host_key import HostKeys
from sendoff_sftp.known_hosts import HostKey
from sendoff_sftp.login import Login
from sendoff_sftp.route import Hop
from sendoff_sftp.settings import Settings
from sendoff_sftp.watch import Watch
from sendoff_sftp.wire import Wire

if TYPE_CHECKING:
    from paramiko import Channel, Transport

    from sendoff_sftp.private import Client

LOGGER = "sendoff.transports.sftp.paramiko"
_STRONG = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")  # the first is the fastest by far
WEAK = {
    "ciphers": ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"],
    "macs": ["hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"],
    "keys": ["ssh-rsa", "ssh-dss"],
    "pubkeys": ["ssh-rsa", "ssh-dss"],
    "kex": ["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1"],
}


class Connection:
    """A way to a server over which several tries go at once. host_key: what its host has shown. users: tries that hold a session in it."""

    def __init__(self, carriers: list[socket.socket], transports: list[Transport], host_key: HostKey, endings: ExitStack) -> None:
        self._carriers, self._transports, self.host_key, self._endings = carriers, transports, host_key, endings
        self.full, self.users = False, 0
        self._one_at_a_time = Lock()  # paramiko gives a refusal to whoever asks first

    @property
    def alive(self) -> bool:
        """Whether it was not seen to be dead."""
        return bool(self._transports[-1].is_active())

    def conversation(self, watch: Watch, patience: float) -> Wire:
        """A new session that speaks SFTP. ``Transient`` with ``connection`` = ``full`` where the server gives no more of them."""
        from paramiko import SSHException

        channel = self._session(watch, patience)
        try:
            with _limited(channel, patience) as late:
                channel.invoke_subsystem("sftp")
            return Wire(channel, watch)
        except (SSHException, EOFError, OSError) as cause:
            raise self._no_conversation(watch, patience, late=late.is_set()) from cause

    def _no_conversation(self, watch: Watch, patience: float, *, late: bool) -> SendoffError:
        if not self.alive:
            return self._gone(watch)
        if late:
            return Transient(f"{watch.where}: the server begins no SFTP within {patience:g} seconds", web_error=int(WebErrorStatus.TIMEOUT), stalled=True)
        return _no_sftp(watch)

    def _session(self, watch: Watch, patience: float) -> Channel:
        from paramiko import ChannelException, SSHException

        try:
            with self._one_at_a_time:
                return self._transports[-1].open_session(timeout=patience)
        except ChannelException as cause:
            self.full = True
            raise Transient(f"{watch.where}: the server gives no more sessions in this connection", connection="full") from cause
        except (SSHException, EOFError, OSError) as cause:
            if not self.alive:
                raise self._gone(watch) from cause
            text = f"{watch.where}: the server opens no session within {patience:g} seconds"
            raise Transient(text, web_error=int(WebErrorStatus.TIMEOUT), stalled=True) from cause

    @staticmethod
    def _gone(watch: Watch) -> SendoffError:
        watch.check()
        return Transient(f"{watch.where}: the connection broke", connection="broken")

    def run(self, command: str, watch: Watch, patience: float) -> bytes | None:
        """What a command prints at the server, at most 64 KiB; None where it is not run or fails. ``Transient`` where there is no session for it now."""
        from paramiko import SSHException

        channel = self._session(watch, patience)
        try:
            with _limited(channel, patience) as late:
                channel.exec_command(command.encode("utf-8", "surrogateescape"))
            channel.settimeout(0.2)
            return self._printed(channel, watch)
        except (SSHException, EOFError, OSError) as cause:
            watch.heed()
            if late.is_set() or not self.alive:
                raise Transient(f"{watch.where}: the server did not come to run a command", web_error=int(WebErrorStatus.TIMEOUT)) from cause
            return None

    @staticmethod
    def _printed(channel: Any, watch: Watch) -> bytes | None:
        said = b""
        while len(said) < 65536:
            watch.check()
            try:
                block = channel.recv(4096)
            except TimeoutError:
                watch.heard()  # a digest of a large file takes its time; the connection itself is watched by the kernel
                continue
            if not block:
                break
            said += block
        status = channel.recv_exit_status() if channel.exit_status_ready() or not channel.closed else 1
        channel.close()
        return said if status == 0 else None

    def cut(self) -> None:
        """Ends it under everybody's hands."""
        for one in reversed(self._carriers):
            with suppress(OSError, EOFError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The end. What reads there is woken first, or each would look up only after a while; so the last of a route may find no way left for its farewell."""
        from paramiko import SSHException

        self.cut()
        for transport in reversed(self._transports):
            with suppress(OSError, EOFError, SSHException):
                transport.close()
        self._endings.close()


class Opening:
    """Makes a connection along a route. asked: what a person calls the destination. log_in: whether to log in, or only to look at the host's key."""

    def __init__(self, route: list[Hop], settings: Settings, toolkit: TransportToolkit, watch: Watch, *, asked: str, log_in: bool = True) -> None:
        self._route, self._settings, self._toolkit, self._watch, self._asked, self._log_in = route, settings, toolkit, watch, asked, log_in
        self._host_keys = HostKeys(settings, toolkit.trusted)
        self._carriers: list[socket.socket] = []
        self._transports: list[Transport] = []
        self._endings = ExitStack()  # of what carries them

    def open(self) -> Connection:
        """Errors: ``Unreachable``, ``HostKeyUnknown``, ``CredentialNeeded``, ``ConfigurationError``, ``Interrupted``."""
        quieten()
        try:
            for number, hop in enumerate(self._route):
                key = self._reach(hop, last=number == len(self._route) - 1)
            self._watch.hold(None)
            return Connection(self._carriers, self._transports, key, self._endings)
        except BaseException:
            self._watch.hold(None)
            Connection(self._carriers, self._transports, HostKey("", b""), self._endings).close()
            raise

    def _reach(self, hop: Hop, *, last: bool) -> HostKey:
        """One more host: a way to it, its handshake, its key, our proof."""
        carrier = self._carrier(hop)
        transport = self._shaken(carrier, hop)
        blob = transport.get_remote_server_key()
        key = HostKey(blob.get_name(), blob.asbytes())
        if self._log_in or not last:
            self._host_keys.check(key, hop, self._known, self._asked)
            self._logged_in(transport, hop, own=last)
            if self._settings.keepalive:
                transport.set_keepalive(max(1, int(self._settings.keepalive)))
        return key

    def _carrier(self, hop: Hop) -> Any:
        """Bytes to a host: a socket, a channel through the host before, or a command."""
        if self._transports:
            return self._through(hop)
        carrier = self._commanded(hop.command) if hop.command is not None else dialed(hop.host, hop.port, self._watch)
        self._endings.callback(carrier.close)
        self._carriers.append(carrier)
        self._watch.hold(carrier)
        return carrier

    def _commanded(self, command: str) -> socket.socket:
        from sendoff_sftp.command import end, started

        carrier, process = started(command, self._toolkit.environment)
        self._endings.callback(end, process)
        return carrier

    def _through(self, hop: Hop) -> Any:
        from paramiko import SSHException

        try:
            return self._transports[-1].open_channel("direct-tcpip", (hop.host, hop.port), ("127.0.0.1", 0), timeout=self._limit)
        except (SSHException, EOFError, OSError) as cause:
            self._stopped()
            why = getattr(cause, "text", cause)  # a ChannelException's own text is that of a program
            raise Unreachable(f"{self._watch.where}: {self._route[len(self._transports) - 1].name} cannot reach {hop.name} ({why})") from cause

    def _shaken(self, carrier: Any, hop: Hop) -> Client:
        from paramiko.ssh_exception import IncompatiblePeer

        from sendoff_sftp.private import Client

        transport = Client(carrier, disabled_algorithms=WEAK)
        transport.daemon = True
        self._transports.append(transport)
        try:
            self._prepared(transport, hop)
            transport.start_client(timeout=self._limit)
            if not transport.initial_kex_done:
                raise self._watch.not_connected()
        except SendoffError:
            raise
        except IncompatiblePeer as cause:
            text = f"{hop.name} and sendoff share no way to talk SSH ({cause})"
            raise Permanent(text, hint="the server allows only algorithms that are too old to be safe", web_error=int(WebErrorStatus.CANNOT_CONNECT)) from cause
        except Exception as cause:
            self._stopped()
            raise self._no_handshake(transport, hop, cause) from cause
        return transport

    def _no_handshake(self, transport: Client, hop: Hop, cause: Exception) -> SendoffError:
        if not transport.remote_version:
            text = f"{self._watch.where}: {hop.name} gave no SSH greeting ({self._settings.banner_timeout:g} seconds at most are waited for it)"
            return Unreachable(text, hint="is that an SSH server, and the right port?")
        return Unreachable(f"{self._watch.where}: {hop.name}: the SSH handshake broke off ({cause or type(cause).__name__})")

    def _prepared(self, transport: Transport, hop: Hop) -> None:
        transport.set_log_channel(LOGGER)
        transport.banner_timeout, transport.handshake_timeout = self._settings.banner_timeout, self._limit + self._settings.banner_timeout  # ours comes first
        transport.auth_timeout, transport.channel_timeout = self._settings.auth_timeout, self._settings.channel_timeout
        options = transport.get_security_options()
        options.ciphers = _STRONG
        self._known = self._host_keys.entries(hop)
        wanted = [name for kind in known_hosts.kinds_known(hop.name, self._known) for name in _signed_as(kind)]
        options.key_types = tuple(dict.fromkeys([*(name for name in wanted if name in options.key_types), *options.key_types]))

    def _logged_in(self, transport: Client, hop: Hop, *, own: bool) -> None:
        from paramiko import SSHException

        try:
            Login(transport, hop, self._settings, self._toolkit, self._watch, own=own).run()
        except (SSHException, EOFError, OSError) as cause:
            self._stopped()
            raise Transient(f"{self._watch.where}: {hop.name}: the login broke off ({cause or type(cause).__name__})") from cause
        self._stopped()

    def _stopped(self) -> None:
        if self._watch.stopped:
            raise Interrupted()

    @property
    def _limit(self) -> float:
        return self._watch.limits.connect


@contextmanager
def _limited(channel: Channel, seconds: float) -> Iterator[Event]:
    """Closes the channel, and says so, where its request is not answered in time: paramiko's own wait for that has no end."""
    late = Event()

    def end() -> None:
        late.set()
        with suppress(OSError, EOFError):  # the connection may be gone by now
            channel.close()

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _no_sftp(watch: Watch) -> SendoffError:
    return Permanent(f"{watch.where}: the server offers no SFTP to this login", hint="ask whoever runs it to enable the subsystem sftp")


def _signed_as(kind: str) -> tuple[str, ...]:
    """The names under which a key of this kind signs: RSA only with SHA-2 (RFC 8332)."""
    return ("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,)


class Discretion(logging.Filter):
    """Keeps paramiko's chatter out of the logs: user names, addresses, what a server wrote, tracebacks of what is reported anyhow.

    Where sendoff itself logs at ``debug`` it is let through, to be redacted there.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Warnings pass; all of them shortened to their first line, with nothing in it that a terminal obeys."""
        if record.levelno < logging.WARNING and logging.getLogger("sendoff").level != logging.DEBUG:
            return False
        line = record.getMessage().partition("\n")[0][:300]
        record.msg, record.args = "".join(char if char.isprintable() else "?" for char in line), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return not str(record.msg).startswith(("Traceback", "  "))


def quieten() -> None:
    """Puts the filter on the logger that our connections are given, once; anybody else's use of paramiko logs as it did."""
    for name in (LOGGER, f"{LOGGER}.sftp"):
        logger = logging.getLogger(name)
        if not any(isinstance(one, Discretion) for one in logger.filters):
            logger.addFilter(Discretion())
