"""A desktop's key store: GNOME Keyring behind a session bus of its own, with nobody at the desktop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

HOW = "apt-get install gnome-keyring dbus"
_PATIENCE = 20.0
_SECRETS, _LOGIN, _PROMPTER = "org.freedesktop.secrets", "/org/freedesktop/secrets/collection/login", "org.gnome.keyring.SystemPrompter"
_PASSWORD = b"password"
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "busconfig.dtd">
<busconfig>
  <type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""
_SOMEBODY = f"""
from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection
bus = open_dbus_connection()
def call(interface, method, signature, *words):
    return bus.send_and_get_reply(new_method_call(DBusAddress("/org/freedesktop/secrets", "{_SECRETS}", interface), method, signature, words)).body
session = call("org.freedesktop.Secret.Service", "OpenSession", "sv", "plain", ("s", ""))[1]
guilt = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
said = call(guilt, "UnlockWithMasterPassword", "o(oayays)", "{_LOGIN}", (session, b"", {_PASSWORD!r}, "text/plain"))
assert said == (), said
"""
_NOBODY = f"""
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
bus = open_dbus_connection()
bus.send_and_get_reply(message_bus.RequestName("{_PROMPTER}"))
while True:
    bus.receive()
"""


class SecretService:
    """``org.freedesktop.secrets``, unlocked. folder: everything is below it. environment: what a program needs to find it, and nothing else of the login's.

    Example::

        service = SecretService(tmp_path / "login")
        subprocess.run([sys.executable, "-m", "keyring", "set", "lab", "me"], env={**os.environ, **service.environment}, input=b"secret")
        assert service.held("lab", "me") == "secret"
        service.close()
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._processes = folder, list[subprocess.Popen[bytes]]()
        self.environment = {"XDG_DATA_HOME": str(folder / "data")}
        self._programs_environment = {**os.environ, **self.environment, "XDG_RUNTIME_DIR": str(folder / "run")}
        for name in ("data", "run"):
            (folder / name).mkdir(mode=0o700, parents=True)
        self._open_bus()
        self._open_keyring()

    @staticmethod
    def missing() -> str | None:
        """None, or how to install what is missing."""
        return None if shutil.which("dbus-daemon") and shutil.which("gnome-keyring-daemon") else HOW

    def lock(self) -> None:
        """As when somebody locks it: from now on a person is asked."""
        self._call(_SECRETS, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", f"array:objpath:{_LOGIN}")

    def unlock(self) -> None:
        """As when somebody types the password."""
        subprocess.run([sys.executable, "-c", _SOMEBODY], env=self._programs_environment, check=True, capture_output=True)

    def held(self, service: str, name: str) -> str:
        """What it holds under a name, as the library keyring finds it."""
        command = [sys.executable, "-m", "keyring", "get", service, name]
        return subprocess.run(command, env=self._programs_environment, check=True, capture_output=True, text=True).stdout.strip()

    def seat_nobody(self) -> None:
        """From now on a prompt appears, and nobody answers it."""
        self._begin([sys.executable, "-c", _NOBODY], "desktop.log")
        _until(lambda: self._call("org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner", f"string:{_PROMPTER}").endswith("true"))

    def dismiss(self) -> None:
        """The prompt goes away."""
        _end(self._processes.pop())

    def close(self) -> None:
        """The end of both."""
        while self._processes:
            _end(self._processes.pop())

    def __enter__(self) -> SecretService:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _open_bus(self) -> None:
        """One that starts nothing by itself: the machine's own service files would start a second key store."""
        address = f"unix:path={self.folder / 'bus'}"
        (self.folder / "bus.conf").write_text(_BUS.format(address=address))
        self._begin(["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={self.folder / 'bus.conf'}"], "bus.log")
        _until((self.folder / "bus").exists)
        for environment in (self.environment, self._programs_environment):
            environment["DBUS_SESSION_BUS_ADDRESS"] = address

    def _open_keyring(self) -> None:
        self._begin(["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"], "keyring.log", told=_PASSWORD)
        _until(lambda: not self._locked)

    @property
    def _locked(self) -> bool:
        said = self._call(_SECRETS, _LOGIN, "org.freedesktop.DBus.Properties.Get", "string:org.freedesktop.Secret.Collection", "string:Locked")
        return not said.endswith("false")

    def _begin(self, command: list[str], log: str, *, told: bytes = b"") -> None:
        with (self.folder / log).open("ab") as out:
            process = subprocess.Popen(command, env=self._programs_environment, stdin=subprocess.PIPE, stdout=out, stderr=out)
        self._processes.append(process)
        assert process.stdin is not None
        process.stdin.write(told)
        process.stdin.close()

    def _call(self, service: str, place: str, method: str, *words: str) -> str:
        """What a service says, as ``dbus-send`` prints it; empty where it does not."""
        command = ["dbus-send", "--session", "--print-reply", f"--dest={service}", place, method, *words]
        return subprocess.run(command, env=self._programs_environment, capture_output=True, check=False).stdout.decode().strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < end, "the key store did not open"
        time.sleep(0.02)
