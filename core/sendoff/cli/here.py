"""``--here``: this process does the work itself, for containers and CI."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.minute import Minute
from sendoff.cli.stopping import Stopped
from sendoff.desk.client import DeskClient
from sendoff.errors import HostUnavailable
from sendoff.host.embedded import Embedded
from sendoff.redaction import Printed

LATER = "the work goes on with the next sendoff command that starts a host or runs --here"
NOTICES = 30.0  # seconds that those who are to be told of an end have to take it


def here(call: Call, carry_out: Callable[[Call], int]) -> int:
    """Carries a command out in a process that is the host meanwhile, and stays until what it asked has ended."""
    place, environment = call.place, dict(os.environ)
    _keep_to_ourselves()
    place.prepare()
    _log_to(place.log)
    embedded = Embedded(place, environment)
    call.lend(DeskClient(place, environment=environment, way=embedded))
    without, call.options.wait = call.later, True
    call.minute = lambda look: Minute(call.output.note, look)
    call.later = lambda: LATER if embedded.owns else without()
    with _printing_to(place.log), _ended_by_signals():
        try:
            _begin(call, embedded)
            code = carry_out(call)
            embedded.catch_up(NOTICES)
        except Stopped:
            code = exits.GOES_ON
        except HostUnavailable as error:
            if not embedded.stopping:
                raise
            call.output.note(error.message)
            code = exits.GOES_ON
        finally:
            _deaf()
            embedded.close()
    return code


def _begin(call: Call, embedded: Embedded) -> None:
    if embedded.begin():
        call.output.detail(f"this process ({os.getpid()}) does the work of {call.place.state}")
    else:
        call.output.note("a host runs already: it does the work, and this command waits")


def _keep_to_ourselves() -> None:
    """As a host of its own does: nobody else may read what it makes."""
    os.umask(0o077)


def _log_to(path: str) -> None:
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace", delay=True)
    logging.basicConfig(handlers=[handler], level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


@contextmanager
def _printing_to(path: str) -> Iterator[None]:
    """What a plugin prints is neither a result nor a word to whoever asked: it goes where it goes in any host, without secrets."""
    before = sys.stdout, sys.stderr
    with open(path, "a", encoding="utf-8", errors="backslashreplace") as log:
        printed = Printed(log)
        sys.stdout = sys.stderr = printed
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before
            printed.finish()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """TERM ends the block, whatever it is doing; also for process 1, for whom a signal without a handler does not exist."""
    heard = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]  # nohup means it
    before = {number: signal.signal(number, _stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _deaf() -> None:
    """It ends already: a second TERM must not break off the writing down; a second Ctrl-C may."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(signal.Signals(number).name)
