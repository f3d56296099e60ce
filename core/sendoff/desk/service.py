"""The systemd service that is the host of a place, where one was installed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendoff.desk.lock import Lock
from sendoff.desk.place import DEFAULT_APP, Place, configuration_home

RUNS = "/run/systemd/system"  # sd_booted(3)
SYSTEM = "/etc/systemd/system"
MARK = "# sendoff host install: "
PATIENCE = 5.0  # seconds that a service has to become the host; then whoever asked starts one and hears what is wrong
_POLL = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An installed one. folder: where its unit lies. system: of the whole machine, else of the user's own manager."""

    name: str
    folder: str
    system: bool

    @property
    def path(self) -> str:
        """The unit."""
        return os.path.join(self.folder, self.name)

    @property
    def link(self) -> str:
        """What makes it start by itself (systemctl(1), ``enable``)."""
        return os.path.join(self.folder, f"{self.target}.wants", self.name)

    @property
    def target(self) -> str:
        """What it starts with."""
        return "multi-user.target" if self.system else "default.target"

    @property
    def manager(self) -> Sequence[str]:
        """The words that address its manager."""
        return ("systemctl",) if self.system else ("systemctl", "--user")

    def became_host(self, place: Place, environment: Mapping[str, str]) -> bool:
        """Start it, or wait while its manager starts it, and say whether it owns the place. One of the system that was stopped is left alone."""
        words = ("is-active", "--quiet") if self.system else ("start",)
        if not os.path.isdir(RUNS) or not self._done(words, environment):
            return False
        role, end = Lock(place.lock), time.monotonic() + PATIENCE
        while role.wait_free(0):
            if time.monotonic() >= end:
                return False
            time.sleep(_POLL)
        return True

    def _done(self, words: Sequence[str], environment: Mapping[str, str]) -> bool:
        import subprocess

        try:
            return subprocess.run([*self.manager, *words, self.name], env=dict(environment), capture_output=True, timeout=30, check=False).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False


def services(place: Place, environment: Mapping[str, str]) -> tuple[Service, Service]:
    """The service that a place has, or could have, with the user's manager, and the one of the system."""
    name = "sendoff.service" if place.app == DEFAULT_APP else f"sendoff-{place.app}.service"
    own = os.path.join(configuration_home(environment), "systemd", "user")
    return Service(name=name, folder=own, system=False), Service(name=name, folder=SYSTEM, system=True)


def service_of(place: Place, environment: Mapping[str, str]) -> Service | None:
    """The installed service that is the host of this place."""
    return next((one for one in services(place, environment) if state_of(one.path) == place.state), None)


def state_of(path: str) -> str | None:
    """Whose host a unit runs: the state folder. Empty for a unit that is not ours, None where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            first = file.readline()
    except OSError:
        return None
    return str(json.loads(first.removeprefix(MARK))["state"]) if first.startswith(MARK) else ""
