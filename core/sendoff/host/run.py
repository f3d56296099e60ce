"""The host as a process of its own: ``sendoff host run``, ``python -m sendoff.host``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from sendoff.desk.place import Place, find_place
from sendoff.errors import HostUnavailable, Json, SendoffError, to_json
from sendoff.host.owner import Host
from sendoff.host.work import Build
from sendoff.redaction import Printed

_MOST_OPEN = 65_536
EXIT_UNAVAILABLE = 5
EXIT_REPLACED = 75  # sysexits.h EX_TEMPFAIL: to be started again


def run(place: Place, build: Build | None = None) -> NoReturn:
    """Be the host of a place, in the foreground, until a signal or ``host stop`` ends it, and the process with it; raises what keeps it from starting.

    build: puts the work together; the real one by default.
    """
    _serve(_opened(place, build))


def main(arguments: Sequence[str] | None = None, build: Build | None = None) -> int:  # noqa: RET503 - a host that could start ends with the process
    """``python -m sendoff.host``; the exit status when it cannot start. Tells the pipe ``--ready`` when it can be asked, or why it cannot."""
    given = _parser().parse_args(arguments)
    if given.background and os.fork():
        os._exit(0)  # nobody's child: whoever started us need not wait for us
    try:
        host = _opened(
            find_place(os.environ, app=given.app, state_dir=given.state_dir, config=given.config), build, background=given.background, service=given.service
        )
    except SendoffError as error:
        _say(given.ready, {"error": to_json(error)})
        sys.stderr.write(f"sendoff host: {error}\n")
        return EXIT_UNAVAILABLE
    _say(given.ready, {"ready": True, "pid": os.getpid()})
    _serve(host)


def _opened(place: Place, build: Build | None, *, background: bool = False, service: str | None = None) -> Host:
    os.umask(0o077)
    _open_many()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    sys.stdout, sys.stderr = Printed(sys.stderr), Printed(sys.stderr)
    host = Host(place, build or _real_build(), os.environ, stays=not background, background=background, service=service)
    try:
        host.open()
        if host.work.configuration.log_level == "debug":
            logging.getLogger().setLevel(logging.DEBUG)  # what the libraries of the drivers have to say, too; every line goes through the redaction
        host.listen()
    except OSError as cause:
        host.close()
        raise HostUnavailable(f"the host of {place.state} cannot start: {cause}") from cause
    return host


def _serve(host: Host) -> NoReturn:
    """Until the end. A thread that hangs in some library does not keep the process: what had to be written is."""
    try:
        host.serve()
    finally:
        host.close()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, Printed)
        stream.finish()
    os._exit(EXIT_REPLACED if host.replaced else 0)


def _open_many() -> None:
    """As many files and sockets at once as this user may have: each of a run of small files is open while it lasts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_OPEN if hard == resource.RLIM_INFINITY else min(hard, _MOST_OPEN)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _real_build() -> Build:
    from sendoff.bootstrap import build

    return build


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sendoff.host", description="Do the work of one state folder until told to stop.")
    parser.add_argument("--state-dir", help="the folder of journal, socket and log")
    parser.add_argument("--config", help="the configuration file")
    parser.add_argument("--app", help="whose work, when no folder is named")
    parser.add_argument("--background", action="store_true", help="go on without the shell, and leave when nothing is left to do")
    parser.add_argument("--service", metavar="UNIT", help="the systemd unit that runs it")
    parser.add_argument("--ready", type=int, help=argparse.SUPPRESS)
    return parser


def _say(descriptor: int | None, said: Json) -> None:
    """Tell the process that started us, once."""
    if descriptor is None:
        return
    with suppress(BrokenPipeError):  # it has not waited for us
        os.write(descriptor, json.dumps(said).encode() + b"\n")
    os.close(descriptor)
