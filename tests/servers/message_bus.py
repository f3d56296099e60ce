"""A message bus of a test's own, and services on it that say what the test wants: python-dbusmock's, each a process."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from jeepney import DBusAddress, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
from jeepney.wrappers import unwrap_msg

HOW = "apt-get install dbus python3-dbusmock"
_PYTHON = "/usr/bin/python3"  # Debian's: its D-Bus binding is not one that pip installs
_MOCK = "org.freedesktop.DBus.Mock"
_PATIENCE = 20.0
_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "busconfig.dtd">
<busconfig>
  <type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""


class MessageBus:
    """``with MessageBus(folder) as bus``: both the machine's and the login's bus for whoever gets ``environment``. It starts nothing by itself.

    A test that opens one where something is missing is skipped, with the line that installs it (mark it ``needs_server``).
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder, f"unix:path={folder / 'bus'}"
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": self.address, "DBUS_SESSION_BUS_ADDRESS": self.address}
        self._daemon, self._services = None, {}

    @staticmethod
    def missing():
        """None, or how to install what is missing."""
        there = shutil.which("dbus-daemon") and os.path.exists(_PYTHON)
        return None if there and subprocess.run([_PYTHON, "-c", "import dbusmock"], capture_output=True).returncode == 0 else HOW

    def __enter__(self):
        if how := self.missing():
            pytest.skip(how)
        self.folder.mkdir(exist_ok=True)
        self.open()
        return self

    def __exit__(self, *_):
        for name in list(self._services):
            self.end(name)
        self.close()

    def open(self):
        """The bus is there when this returns."""
        (self.folder / "bus.conf").write_text(_CONFIG.format(address=self.address))
        self._daemon = self._begun(["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={self.folder / 'bus.conf'}"])
        _until(self._answers)

    def close(self):
        """The bus is gone."""
        _ended(self._daemon)
        (self.folder / "bus").unlink(missing_ok=True)

    def serve(self, name, *words):
        """A service is there under its name when this returns. words: ``--template NAME``, or name, path and interface of an empty one."""
        self._services[name] = self._begun([_PYTHON, "-m", "dbusmock", "--session", *words])
        _until(lambda: self.call("org.freedesktop.DBus", "/", message_bus.interface, "NameHasOwner", "s", name)[0])

    def end(self, name):
        """A service dies."""
        _ended(self._services.pop(name))

    def call(self, service, path, interface, method, signature="", *values):
        """What a method answers."""
        with open_dbus_connection(self.address) as connection:
            message = new_method_call(DBusAddress(path, service, interface), method, signature, values)
            return unwrap_msg(connection.send_and_get_reply(message, timeout=_PATIENCE))

    def mock(self, service, path, method, signature, *values):
        """One of dbusmock's own methods."""
        return self.call(service, path, _MOCK, method, signature, *values)

    def update(self, service, path, interface, **properties):
        """These properties change, and whoever listens is told. Each is ``(signature, value)``."""
        self.mock(service, path, "UpdateProperties", "sa{sv}", interface, properties)

    def _answers(self):
        try:
            open_dbus_connection(self.address).close()
        except OSError:
            return False
        return True

    def _begun(self, command):
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _ended(process):
    process.kill()
    process.wait()


def _until(true):
    end = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
