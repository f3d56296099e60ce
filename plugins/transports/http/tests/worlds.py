"""Where the transport's contract is tried with the draft's protocol."""

import socket

from sendoff import Destination
from sendoff.testing.receiver import Receiver
from sendoff.testing.shipment import Wallet

from tests.servers.rufh import Reset, RufhServer, Rule, Stall


class RufhWorld:
    """A world around the draft's own server, as ``sendoff.testing.world.World`` says. make: a transport to a destination with these credentials."""

    def __init__(self, make, folder):
        self._make, self._folder = make, folder
        self.server = RufhServer(folder).open()
        self._strict = Receiver(None, authorization="nothing that anybody knows").open()
        self._made = []
        self.transport = self._to(f"{self.server.url}root/", Wallet())

    def _to(self, url, credentials):
        self._made.append(self._make(Destination(url=url, transport="http"), credentials))
        return self._made[-1]

    def landed(self, target):
        try:
            return self.server.stored(target.url.removeprefix(self.server.url))
        except FileNotFoundError:
            return None

    def named(self, name):
        path = self._folder.joinpath("root", name)
        return path.read_bytes() if path.is_file() else None

    def break_off(self, at):
        self.server.script.add(Rule(do=Reset(), method="PATCH", at=at))

    def stop_reading(self, at):
        self.server.script.add(Rule(do=Stall(), method="PATCH", at=at))

    def hang_up(self):
        self.server.hang_up()

    def arrived(self, count):
        self.server.wait_until(lambda rows: bool(rows) and rows[-1].received >= count)

    def refusing(self, credentials):
        return self._to(self._strict.url, credentials)

    def nobody(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return self._to(f"http://127.0.0.1:{probe.getsockname()[1]}/", Wallet())

    def close(self):
        for transport in self._made:
            transport.close()
        self.server.close()
        self._strict.close()
