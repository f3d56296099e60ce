"""What a host outlives on this machine, as far as the machine says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from sendoff.desk.place import Place
from sendoff.desk.service import RUNS, service_of
from sendoff.errors import Json

GROUPS = Path("/proc/self/cgroup")
LINGERING = Path("/var/lib/systemd/linger")  # loginctl(1), enable-linger
LOGIND = Path("/etc/systemd/logind.conf")
_MORE = ("/usr/lib/systemd/logind.conf.d", "/run/systemd/logind.conf.d", "/etc/systemd/logind.conf.d")  # logind.conf(5)


def survival(place: Place, environment: Mapping[str, str], *, service: str | None, background: bool) -> dict[str, Json]:
    """``survives`` the end of this shell, a logout, a reboot; which ``service`` runs it; and the command that ``would_survive_more``."""
    groups = _read(GROUPS)
    service = service if service is not None and f"/{service}" in groups else None
    installed = service_of(place, environment)
    lingering = lingers(os.geteuid())
    shell = background or service is not None
    own = "/user@" in groups or (service is not None and installed is not None and not installed.system)
    logout = shell and _outlives_logout(groups, own=own, lingering=lingering)
    reboot = installed is not None and os.path.islink(installed.link) and (installed.system or lingering)
    survives = {"shell": shell, "logout": logout, "reboot": reboot}
    return {"service": service, "survives": survives, "would_survive_more": _command(logout=logout, reboot=reboot, installed=installed is not None)}


def lingers(uid: int) -> bool:
    """Whether a user's services run from boot on, logged in or not."""
    from pwd import getpwuid

    with suppress(KeyError):
        return (LINGERING / getpwuid(uid).pw_name).exists()
    return False


def _outlives_logout(groups: str, *, own: bool, lingering: bool) -> bool:
    """Where systemd runs: what the user's own manager runs ends with it, what is in a session's scope only where logind says so."""
    if not os.path.isdir(RUNS):
        return True  # it has a session of its own, and nobody else looks after it
    if own:
        return lingering
    return "/session-" not in groups or not kills_user_processes()


def kills_user_processes() -> bool:
    """``KillUserProcesses=`` of logind.conf(5); what was chosen when logind was built stands there as a comment."""
    chosen = [value for text in _configurations() for value in re.findall(r"(?m)^\s*KillUserProcesses\s*=\s*(\w+)", text)]
    built = re.findall(r"(?m)^#\s*KillUserProcesses\s*=\s*(\w+)", _read(LOGIND))
    return [*built, *chosen][-1:] not in (["no"], ["false"], ["off"], ["0"])


def _configurations() -> Iterator[str]:
    yield _read(LOGIND)
    found = {path.name: path for folder in _MORE for path in sorted(Path(folder).glob("*.conf"))}  # /etc goes before /usr
    yield from (_read(found[name]) for name in sorted(found))


def _command(*, logout: bool, reboot: bool, installed: bool) -> str | None:
    if not os.path.isdir(RUNS) or (logout and reboot):
        return None
    return "loginctl enable-linger" if installed else "sendoff host install"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
