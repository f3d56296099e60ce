"""Where the work of one user and one app lives: its state folder and its configuration file."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from sendoff.errors import InvalidArgument, StoreRefused

DEFAULT_APP = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One state folder, and the configuration that goes with it.

    state: absolute folder; journal, socket, lock and log are in it. config: absolute path of the file; it need not exist.
    config_named: somebody asked for that file, so a host that reads another one is the wrong one.
    """

    state: str
    config: str
    app: str = DEFAULT_APP
    config_named: bool = False

    @property
    def socket(self) -> str:
        """The address of the host; too long a one is reached another way, see ``endpoint``."""
        return os.path.join(self.state, "host.sock")

    @property
    def lock(self) -> str:
        """Held by the process that owns the journal."""
        return os.path.join(self.state, "host.lock")

    @property
    def start_lock(self) -> str:
        """Held by the client that starts a host."""
        return os.path.join(self.state, "start.lock")

    @property
    def log(self) -> str:
        """What a host started in the background prints."""
        return os.path.join(self.state, "host.log")

    def prepare(self) -> None:
        """Make the state folder, for this user alone; ``StoreRefused`` where it is not, or cannot be."""
        try:
            os.makedirs(os.path.dirname(self.state), exist_ok=True)
            with_mode_only_for_us(self.state)
        except OSError as cause:
            raise StoreRefused(f"the state folder {self.state} cannot be used: {cause.strerror}", hint=_ELSEWHERE) from cause


_ELSEWHERE = "name another folder with SENDOFF_STATE_DIR or --state-dir"


def with_mode_only_for_us(folder: str) -> None:
    """Make a folder that is ours alone; ``StoreRefused`` when it is there and is not."""
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    found = os.stat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise StoreRefused(f"{folder} is not a folder", hint=_ELSEWHERE)
    if found.st_uid != os.geteuid():
        raise StoreRefused(f"the folder {folder} belongs to user {found.st_uid}, not to user {os.geteuid()}", hint=_ELSEWHERE)
    if found.st_mode & 0o077:
        raise StoreRefused(f"other users may look into {folder} (mode {found.st_mode & 0o777:04o})", hint=f"chmod 700 '{folder}'")


def find_place(
    environment: Mapping[str, str], *, app: str | None = None, state_dir: str | os.PathLike[str] | None = None, config: str | os.PathLike[str] | None = None
) -> Place:
    """The place that arguments and environment name, arguments first.

    ``SENDOFF_STATE_DIR`` names the folder itself, for whatever app; else it is ``<state home>/sendoff/<app>``.
    ``SENDOFF_CONFIG`` names the file; else all apps share ``sendoff/sendoff.toml`` in the user's configuration folder, or in ``/etc/xdg`` for a user
    without a home.
    """
    app = _checked_app(app or environment.get("SENDOFF_APP") or DEFAULT_APP)
    folder = os.fspath(state_dir or environment.get("SENDOFF_STATE_DIR") or os.path.join(_state_home(environment), "sendoff", app))
    named = config or environment.get("SENDOFF_CONFIG")
    file = os.fspath(named or os.path.join(configuration_home(environment), "sendoff", "sendoff.toml"))
    return Place(state=_absolute(folder), config=_absolute(file), app=app, config_named=bool(named))


def _checked_app(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", name):
        raise InvalidArgument(f"--app {name!r}: a name is 1 to 64 letters, digits or . _ - and does not begin with a dot")
    return name


def _state_home(environment: Mapping[str, str]) -> str:
    found = _base(environment, "XDG_STATE_HOME", ".local/state")
    if found is None:
        raise StoreRefused(f"user {os.geteuid()} has no home folder to keep the uploads in", hint=_ELSEWHERE)
    return found


def configuration_home(environment: Mapping[str, str]) -> str:
    """The user's folder for configurations, or everybody's for a user without a home."""
    return _base(environment, "XDG_CONFIG_HOME", ".config") or "/etc/xdg"


def _base(environment: Mapping[str, str], name: str, default: str) -> str | None:
    """A base folder; None without a home. A relative one is invalid and ignored (XDG Base Directory Specification, "Environment variables")."""
    folder = environment.get(name, "")
    if os.path.isabs(folder):
        return folder
    home = environment.get("HOME") or os.path.expanduser("~")  # which stays as it is for a user without a name
    return os.path.join(home, default) if os.path.isabs(home) else None


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))
