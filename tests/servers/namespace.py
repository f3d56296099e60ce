"""A network of a program's own, with one cable to this machine that a test can pull."""

import os
import random
import shutil
import subprocess

import pytest

HOW = "run as root, with iproute2 (apt-get install iproute2)"
NEEDED = [pytest.mark.needs_server] if os.geteuid() == 0 else []  # who is not root is not expected to have one, in CI either


class Namespace:
    """``with Namespace() as there``: what is started with ``there.command(...)`` has the loopback and one link, at whose other end is this machine.

    outside: the address of this machine as it is seen from there; what is sent to any other is lost. Unless told otherwise it is a public one, which nobody
    uses any more (RFC 7526): private ones are tried without a network, too. network: the first three bytes of the addresses. A test that opens one where that
    is not allowed is skipped (mark it with ``NEEDED``).
    """

    def __init__(self, network="192.88.99"):
        number = _free(network)
        self.name, self._cable = f"sendoff-{os.getpid()}-{number}", f"so{os.getpid() % 100000}x{number}"
        self.outside, self.inside = f"{network}.{4 * number + 1}", f"{network}.{4 * number + 2}"

    @staticmethod
    def missing():
        """None, or what it takes."""
        if os.geteuid() != 0 or not shutil.which("ip"):
            return HOW
        tried = f"sendoff-try-{os.getpid()}"
        able = subprocess.run(["ip", "netns", "add", tried], capture_output=True).returncode == 0
        if able:
            subprocess.run(["ip", "netns", "del", tried], check=True)
        return None if able else HOW

    def __enter__(self):
        if how := self.missing():
            pytest.skip(how)
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
            _ip("address", "add", f"{self.outside}/30", "dev", self._cable)
            self._within("link", "set", "lo", "up")
            self._within("link", "set", "eth0", "up")
            self.plug()
            self.join()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "link", "del", self._cable], capture_output=True)
        _ip("netns", "del", self.name)

    def command(self, *words):
        """What runs these words there."""
        return ["ip", "netns", "exec", self.name, *words]

    def pull(self):
        """The cable is out: packets are lost, connections stay as they are."""
        _ip("link", "set", self._cable, "down")

    def plug(self):
        """The cable is in."""
        _ip("link", "set", self._cable, "up")

    def lose(self):
        """Its address and its routes are gone, as when a machine leaves a network."""
        self._within("address", "flush", "dev", "eth0")

    def join(self):
        """It has an address and a way out again."""
        self._within("address", "add", f"{self.inside}/30", "dev", "eth0")
        self._within("route", "add", "default", "via", self.outside)

    def _within(self, *words):
        _ip("-n", self.name, *words)


def _ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def _free(network):
    """Four addresses that no other test run on this machine has."""
    taken = _ip("-o", "-4", "address", "show") if shutil.which("ip") else ""
    return random.choice([number for number in range(64) if f"{network}.{4 * number + 1}/" not in taken])
