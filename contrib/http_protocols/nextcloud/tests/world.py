"""A world around a Nextcloud, in which the HTTP transport's contract is tried."""

import socket
from urllib.parse import unquote

from sendoff.testing.shipment import Wallet

from contrib.http_protocols.nextcloud.tests.cloud import Cloud
from contrib.http_protocols.nextcloud.tests.conftest import transport_to
from contrib.http_protocols.nextcloud.tests.fault import Fault

BODY = "PUT chunk or PUT file"


class CloudWorld:
    """Implements ``sendoff.testing.world.World``."""

    def __init__(self):
        self._cloud, self._strict, self._made = Cloud(), Cloud(login=True), []
        self.transport = self._to(f"{self._cloud.url}root/", Wallet())

    def _to(self, url, credentials):
        self._made.append(transport_to(url, credentials=credentials))
        return self._made[-1]

    def landed(self, target):
        return self._cloud.content(unquote(target.url.removeprefix(self._cloud.url)))

    def named(self, name):
        return self._cloud.content(f"root/{name}")

    def break_off(self, at):
        self._cloud.add(Fault(step=BODY, cut=at))

    def stop_reading(self, at):
        self._cloud.add(Fault(step=BODY, hold=at))

    def hang_up(self):
        self._cloud.hang_up()

    def arrived(self, count):
        self._cloud.wait_until(lambda: any(one.received >= count for one in self._cloud.steps("PUT chunk", "PUT file")))

    def refusing(self, credentials):
        return self._to(self._strict.url, credentials)

    def nobody(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return self._to(f"http://127.0.0.1:{probe.getsockname()[1]}/remote.php/dav/files/ann/", Wallet())

    def close(self):
        for one in [*self._made, self._cloud, self._strict]:
            one.close()
