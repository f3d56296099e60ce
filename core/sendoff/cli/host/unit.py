"""``sendoff host install`` and ``uninstall``: a host that systemd starts at boot, and again whenever it dies."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from shutil import which

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.desk.client import DeskClient
from sendoff.desk.place import Place, find_place
from sendoff.desk.service import PATIENCE, RUNS, SYSTEM, services, state_of
from sendoff.desk.variables import for_the_host
from sendoff.errors import HostUnavailable, InvalidArgument, Json, SendoffError
from sendoff.host.survival import lingers
from sendoff.host.unit import Unit
from sendoff.model.query import Question

POLL = 0.05
_TRY = "import sys, sendoff.host.run; from sendoff.desk.place import find_place; find_place({}, state_dir=sys.argv[1]).prepare()"
_CARRIED = ("PATH", "PYTHONPATH", "SENDOFF_KEY_FILE", "SENDOFF_TRACE_HOOKS")  # what a host of this shell would have, and the manager does not know


def install(call: Call) -> int:
    """Writes the unit, enables it and starts it, as far as systemd is here."""
    unit = unit_of(call)
    if call.options.print:
        call.output.item({"path": unit.service.path, "text": unit.text()})
        for line in unit.text().splitlines():
            call.output.line(line)
        return exits.DONE
    _check(unit)
    _warn(call)
    _write(unit)
    _link(unit)
    call.output.note(f"wrote {unit.service.path}")
    started = _started(call, unit)
    call.output.item({"unit": unit.service.name, "path": unit.service.path, "enabled": True, "started": started})
    _tell_what_is_left(call, unit, started=started)
    return exits.DONE


def uninstall(call: Call) -> int:
    """Stops the host, and removes the unit, if it is one of ours."""
    unit = unit_of(call)
    path = unit.service.path
    state = state_of(path)
    if state is None:
        raise InvalidArgument(f"there is no {path}", hint="--system, --user and --app say which service is meant")
    if state == "":
        raise InvalidArgument(f"{path} was not written by sendoff host install; it is left alone", hint="remove it by hand if you mean it")
    remove(call, unit)
    call.output.item({"unit": unit.service.name, "path": unit.service.path, "removed": True})
    call.output.note(f"removed {unit.service.path}; the next command starts a host of its own, and the uploads go on")
    return exits.DONE


def remove(call: Call, unit: Unit) -> None:
    """Stop the service, and take away what starts it."""
    _manage_if_it_runs(call, unit, "stop", unit.service.name)
    for one in (unit.service.link, unit.service.path):
        with suppress(FileNotFoundError):
            os.unlink(one)
    _manage_if_it_runs(call, unit, "daemon-reload")


def unit_of(call: Call) -> Unit:
    """The unit that the options mean."""
    options = call.options
    if options.user and not options.system:
        raise InvalidArgument("--user names whose uploads a service of the system carries: it needs --system")
    if not options.system:
        service, _ = services(call.place, os.environ)
        return Unit(place=call.place, service=service, interpreter=sys.executable, environment=_carried(_CARRIED))
    user = options.user or os.environ.get("SUDO_USER") or _own_name()
    place = _place_of(call, user)
    _, service = services(place, os.environ)
    return Unit(place=place, service=service, interpreter=sys.executable, user=user, environment=_carried(_CARRIED[1:]))


def _carried(names: tuple[str, ...]) -> Mapping[str, str]:
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _own_name() -> str:
    from pwd import getpwuid

    try:
        return getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise InvalidArgument(f"user {os.geteuid()} has no name to write into a unit", hint="name one with --user") from None


def _place_of(call: Call, user: str) -> Place:
    """Of the user whose service it is, unless it is named."""
    from pwd import getpwnam

    try:
        found = getpwnam(user)
    except KeyError:
        raise InvalidArgument(f"there is no user {user!r}") from None
    if found.pw_uid == os.geteuid():
        return call.place
    options = call.options
    return find_place({"HOME": found.pw_dir}, app=options.app, state_dir=options.state_dir, config=options.config)


# -- before ---------------------------------------------------------------------------------------------------------------


def _check(unit: Unit) -> None:
    if not (os.path.isdir(RUNS) or which("systemctl")):
        raise HostUnavailable("this machine has no systemd", hint="let whatever starts services here run: sendoff host run")
    path, state = unit.service.path, state_of(unit.service.path)
    if state == "":
        raise InvalidArgument(f"{path} is there and was not written by sendoff host install; it is left alone", hint="choose another name with --app")
    if state is not None and state != unit.place.state:
        raise InvalidArgument(
            f"{path} runs the host of {state}, not of {unit.place.state}", hint="choose a name for the second with --app, or uninstall the first"
        )
    if unit.service.system:
        _check_that_they_may(unit)


def _check_that_they_may(unit: Unit) -> None:
    if os.geteuid() != 0:
        raise InvalidArgument(f"only root may write to {SYSTEM}", hint="run it with sudo, or without --system for a service of your own")
    tried = [unit.interpreter, "-P", "-c", _TRY, unit.place.state]
    try:
        done = subprocess.run(tried, user=unit.user, group=_group(unit.user), extra_groups=[], cwd="/", capture_output=True, text=True, check=False)
        said = done.stderr.strip().splitlines()[-1:] if done.returncode else None
    except OSError as cause:
        said = [str(cause.strerror)]
    if said is not None:
        raise InvalidArgument(
            f"user {unit.user} cannot run sendoff with {unit.interpreter}: {' '.join(said)}",
            hint="install sendoff where that user may read it, such as /opt; name a folder of that user's with --state-dir",
        )


def _group(user: str | None) -> int:
    from pwd import getpwnam

    return getpwnam(user or "").pw_gid


def _warn(call: Call) -> None:
    for name in for_the_host(os.environ):
        call.output.warn(f"{name} is set here and the service will not have it: write it into {call.place.config}")


# -- what is written --------------------------------------------------------------------------------------------------------


def _write(unit: Unit) -> None:
    os.makedirs(unit.service.folder, exist_ok=True)
    path = unit.service.path
    draft = f"{path}.{os.getpid()}.new"
    try:
        with open(draft, "x", encoding="utf-8") as file:
            file.write(unit.text())
            os.fchmod(file.fileno(), 0o644)
        os.replace(draft, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)


def _link(unit: Unit) -> None:
    """What ``systemctl enable`` does, also where no systemd runs yet."""
    os.makedirs(os.path.dirname(unit.service.link), exist_ok=True)
    with suppress(FileNotFoundError):
        os.unlink(unit.service.link)
    os.symlink(unit.service.path, unit.service.link)


# -- systemd ------------------------------------------------------------------------------------------------------------------


def _started(call: Call, unit: Unit) -> bool:
    """Hand the work over to the service, as far as it can be started now."""
    if not os.path.isdir(RUNS):
        return False
    try:
        _manage(unit, "daemon-reload")
        if not unit.service.system and call.desk(spawn=False).stop():
            call.output.note("the host that ran has made way; its uploads go on")
        _manage(unit, "restart", unit.service.name)
        status = _status(unit)
    except SendoffError as error:
        call.output.warn(error.message)
        return False
    call.output.note(f"{unit.service.name} is enabled and runs: process {status['pid']}, sendoff {status['version']}")
    return True


def _status(unit: Unit) -> Json:
    """What the host says as soon as it can be asked."""
    desk, end = DeskClient(unit.place, spawn=False), time.monotonic() + PATIENCE
    while True:
        try:
            return desk.ask(Question(what="status"))
        except HostUnavailable as error:
            if time.monotonic() >= end:
                hint = f"see: journalctl {'' if unit.service.system else '--user '}--unit {unit.service.name}"
                raise HostUnavailable(f"{unit.service.name} was started and does not answer: {error.message}; {hint}") from error
            time.sleep(POLL)


def _manage_if_it_runs(call: Call, unit: Unit, *words: str) -> None:
    if os.path.isdir(RUNS):
        try:
            _manage(unit, *words)
        except HostUnavailable as error:
            call.output.warn(error.message)


def _manage(unit: Unit, *words: str) -> None:
    command = [*unit.service.manager, *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as cause:
        raise HostUnavailable(f"{command[0]}: {cause.strerror}") from cause
    if done.returncode:
        raise HostUnavailable(f"{' '.join(command)}: {' '.join(done.stderr.split()) or f'exit code {done.returncode}'}")


def _tell_what_is_left(call: Call, unit: Unit, *, started: bool) -> None:
    service, manager = unit.service, " ".join(unit.service.manager)
    if not started:
        when = "at the next boot" if service.system else "when you log in next"
        call.output.note(f"it was not started{'' if os.path.isdir(RUNS) else ': systemd does not run here'}; it starts {when}, or with:")
        call.output.note(f"  {manager} daemon-reload && {manager} start {service.name}")
    if not service.system and not lingers(os.geteuid()):
        call.output.note("it begins when you log in and ends when you log out; to let it run from boot on: loginctl enable-linger")
