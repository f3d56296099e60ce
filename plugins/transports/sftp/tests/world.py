"""What the contract is tried in: OpenSSH's server behind a proxy that can be told to fail."""

import socket
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from sendoff.model.destination import Destination
from sendoff.ports.clock import SystemClock
from sendoff.testing.openssh import OpenSsh
from sendoff.testing.proxy import Proxy
from sendoff.testing.shipment import Wallet, loose_toolkit
from sendoff_sftp import Settings, SftpTransport


class ClockAhead(SystemClock):
    """Shows a later time than there is."""

    def __init__(self):
        self.ahead = 0.0

    def monotonic(self):
        return super().monotonic() + self.ahead


def settings_for(server, **more):
    words = {"identity_file": str(server.user_key), "host_keys": str(server.known_hosts), "ssh_config": "none", "agent": False}
    return Settings(**{**words, **more})


class OpenSshWorld:
    def __init__(self, folder, keys, **settings):
        self.server = OpenSsh(folder / "sshd", keys=keys)
        self.folder, self.strict = folder, None
        self.proxy = Proxy(self.server.port)
        self.server.known_hosts.write_text(self.server.known_as("127.0.0.1", self.proxy.port))
        self.made = []
        self.transport = self._to(self.server.url("in/", port=self.proxy.port), Wallet(), settings_for(self.server, make_folders="all", **settings))

    def _to(self, url, credentials, settings):
        transport = SftpTransport(Destination(url=url, transport="sftp"), settings, loose_toolkit(credential=credentials))
        self.made.append(transport)
        return transport

    def to(self, **settings):
        """A transport to the same folder with other settings and a clock that can be put forward."""
        transport = self._to(self.server.url("in/", port=self.proxy.port), Wallet(), settings_for(self.server, make_folders="all", **settings))
        transport.toolkit = replace(transport.toolkit, clock=ClockAhead())
        return transport

    def landed(self, target):
        path = self.server.root.parents[-1] / unquote(urlsplit(target.url).path).lstrip("/")
        return path.read_bytes() if path.is_file() else None

    def named(self, name):
        path = self.server.root / "in" / name
        return path.read_bytes() if path.is_file() else None

    def break_off(self, at):
        self.proxy.cut(at)

    def stop_reading(self, at):
        self.proxy.hush(at)

    def hang_up(self):
        self.proxy.hang_up()

    def arrived(self, count):
        self.proxy.arrived(count)

    def refusing(self, credentials):
        self.strict = self.strict or OpenSsh(self.folder / "strict", authorized=False, lines="PasswordAuthentication yes")
        return self._to(self.strict.url(), credentials, settings_for(self.strict, identity_file=str(self.server.user_key)))

    def nobody(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return self._to(f"sftp://127.0.0.1:{probe.getsockname()[1]}/x/", Wallet(), settings_for(self.server))

    def close(self):
        for transport in self.made:
            transport.close()
        self.proxy.close()
        self.server.close()
        if self.strict is not None:
            self.strict.close()
