"""Starting a host in the background."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sendoff.desk.place import DEFAULT_APP, Place
from sendoff.errors import HostUnavailable, Json, from_json
from sendoff.model.secret import is_secret_word

PATIENCE = 30.0
LONGEST_LOG = 10 * 2**20
_KEPT = frozenset({"DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND"})  # the way to a login's key store, and which of them it is: a class, no key


def spawn_host(place: Place, environment: Mapping[str, str], program: Sequence[str] = ()) -> None:
    """Start a host and return when it answers; raises what kept it from starting.

    program: the words that start one, ``python -m sendoff.host`` of this interpreter by default.

    The host says that it is ready, or why not, through a pipe that it inherits. It has its own session, ``/`` as its folder, none of our descriptors
    and nothing of our identity.
    """
    reading, writing = os.pipe()
    try:
        try:
            _start(place, environment, program, writing)
        finally:
            os.close(writing)
        _settle(_read_line(reading), place)
    finally:
        os.close(reading)


def _start(place: Place, environment: Mapping[str, str], program: Sequence[str], writing: int) -> None:
    words = program or (sys.executable, "-P", "-m", "sendoff.host")  # -P: "/" is no place to import from
    command = [*words, "--background", "--ready", str(writing), "--state-dir", place.state]
    if place.config_named:
        command += ["--config", place.config]
    if place.app != DEFAULT_APP:
        command += ["--app", place.app]
    log = _open_log(place.log)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=without_identity(environment), start_new_session=True, pass_fds=(writing,)
        )
    except OSError as cause:
        raise HostUnavailable(f"no host could be started with {words[0]}: {cause.strerror}", no_process=True) from cause
    finally:
        os.close(log)
    process.wait()  # it forks at once, so that the host is nobody's child and nobody has to bury it


def without_identity(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment that says nothing about who somebody is: every submitter's own travels with the operation.

    The credentials of a unit that a client runs in are that unit's alone; only a host that is itself a unit has some.
    """
    kept = {name: value for name, value in environment.items() if not _tells_identity(name)}
    if "PYTHONPATH" in kept:
        kept["PYTHONPATH"] = os.pathsep.join(os.path.abspath(folder) for folder in kept["PYTHONPATH"].split(os.pathsep) if folder)
    return kept


def _tells_identity(name: str) -> bool:
    upper = name.upper()
    if upper.startswith("SENDOFF_") or upper in _KEPT:
        return False
    return upper.startswith(("AWS_", "SSL_CERT_")) or upper.endswith("_PROXY") or upper == "SSH_AUTH_SOCK" or is_secret_word(name)


def _open_log(path: str) -> int:
    with suppress(FileNotFoundError):
        if os.path.getsize(path) > LONGEST_LOG:
            os.replace(path, path + ".1")
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileNotFoundError as cause:
        raise HostUnavailable(f"the folder {os.path.dirname(path)} was removed, and everything in it") from cause


def _read_line(descriptor: int) -> bytes:
    """What the host says about its start; empty when it died without a word."""
    said = b""
    while not said.endswith(b"\n"):
        ready, _, _ = select.select([descriptor], [], [], PATIENCE)
        if not ready:
            raise HostUnavailable(f"the host did not get ready within {PATIENCE:.0f} seconds")
        piece = os.read(descriptor, 65536)
        if not piece:
            break
        said += piece
    return said


def _settle(said: bytes, place: Place) -> None:
    try:
        found: Json = json.loads(said)
    except ValueError:
        raise HostUnavailable(f"the host ended before it was ready: {_last_words(place.log)}", hint=f"all it said is in {place.log}") from None
    if "error" in found:
        raise from_json(found["error"])


def _last_words(path: str) -> str:
    """The end of the log, in one line."""
    with open(path, "rb") as log:
        log.seek(max(0, os.path.getsize(path) - 2000))
        lines = log.read().decode(errors="replace").strip().splitlines()
    return " | ".join(line.strip() for line in lines[-3:]) or "it said nothing"
