"""Completion handlers when something around them goes wrong: they are called as often as was promised, and nobody waits or pays for them."""

import logging
import os
import resource
import signal
import sys
import threading
from contextlib import contextmanager

import pytest
from sendoff.desk.calling import HandlerProcess
from sendoff.desk.hold import Hold
from sendoff.desk.place import Place
from sendoff.errors import JournalFull
from sendoff.model.completion import Handler
from sendoff.model.query import Question
from sendoff.runtime.batches import HANDLER

from tests.core.owned import QUICK, Owned, eventually

SECRET = "s3same-0pen-abcdefghijklmnopqrst"


class Calls:
    """A handler that ends at once, well; how often it was called."""

    printed = ""

    def __init__(self):
        self.count = 0

    def __call__(self, _handler, _environment, **_asked):
        self.count += 1
        return self

    def wait(self, _seconds):
        return None

    def kill(self):
        pass


class Full:
    """A journal without room for so many commits."""

    def __init__(self, journal, refusals):
        self.store, self._journal, self.refusals, self.refused = journal.store, journal, refusals, 0

    def commit(self, changes):
        if self.refused < self.refusals:
            self.refused += 1
            raise JournalFull("no space left")
        return self._journal.commit(changes)


def due(owned, function="nobody:told", path=()):
    """A group in which nothing is left to do is enabled: its handler is to be called."""
    hold = Hold(Place(state=str(owned.state), config=str(owned.config)))
    hold.take()
    handler = {"function": function, "interpreter": sys.executable, "folder": "/", "path": [*path, *sys.path]}
    owned.owner.ask(Question(what="seal", details={"batch": hold.id, "handler": handler}))
    hold.release()


def seen(owned, type):
    def look():
        owned.owner._bell.ring()  # a pause that is over is noticed at once
        return owned.events(type=type)

    return eventually(look, type)[0]


def test_a_call_whose_end_cannot_be_recorded_is_not_made_again_for_that(owned):
    handlers, calls = owned.owner._handlers, Calls()
    handlers._begun, handlers._journal = calls, Full(owned.owner._journal, 3)
    due(owned)

    assert seen(owned, "handler_completed").data["try"] == 1
    assert (calls.count, handlers._journal.refused) == (1, 3)
    assert not owned.store.todos(2**62, kind=HANDLER)


def test_and_its_record_is_tried_again_after_a_pause_and_no_sooner(tmp_path):
    with Owned(tmp_path, config='[retry]\nbackoff = ["1h", "2h"]\n') as owned:
        handlers, calls = owned.owner._handlers, Calls()
        handlers._begun, handlers._journal = calls, Full(owned.owner._journal, 1)
        due(owned)
        eventually(lambda: handlers._journal.refused and not handlers._under_way)

        for _ in range(5):
            handlers._begin()
            eventually(lambda: not handlers._under_way)

        assert (calls.count, owned.events(type="handler_completed")) == (1, [])


def test_handlers_wait_while_no_threads_can_be_had_and_are_called_afterwards(owned, monkeypatch):
    tried, really, scarce = [], threading.Thread.start, [True]

    def start(thread):
        if thread.name == "sendoff-handler":
            tried.append(thread)
            if scarce[0]:
                raise RuntimeError("can't start new thread")
        really(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    owned.owner._handlers._begun = Calls()
    due(owned)
    eventually(lambda: tried)
    owned.reopen()  # whoever leaves meanwhile leaves properly
    owned.owner._handlers._begun = Calls()

    scarce[0] = False
    assert seen(owned, "handler_completed").data["try"] == 1


def test_no_part_of_a_secret_comes_out_of_a_handler(tmp_path, caplog):
    caplog.set_level(logging.INFO, "sendoff.handlers")
    (tmp_path / "leaky.py").write_text(f"for _ in range(300):\n    print({SECRET!r})\nraise ValueError('x' * 1975 + {SECRET!r} + 'y' * 100)\n")
    with Owned(tmp_path, config=QUICK + "[handlers]\nattempts = 1\n") as owned:
        owned.owner._given.hide(SECRET)
        due(owned, "leaky:told", [str(tmp_path)])
        message = seen(owned, "handler_failed").data["message"]

    assert message.startswith("ValueError: xxx") and len(message) <= 2000 and "printed: ***" in caplog.text
    parts = {SECRET[place : place + 6] for place in range(len(SECRET) - 5)}
    assert not [part for part in parts if part in message or part in caplog.text]


# -- one process ------------------------------------------------------------------------------------------------------


def process_of(folder, code):
    """A process that imports this module, and what it cost here before."""
    (folder / "mine.py").write_text(code + "\ndef told(details): ...\n")
    handler = Handler(function="mine:told", interpreter=sys.executable, folder=str(folder), path=(str(folder), *sys.path))
    return HandlerProcess(handler, {"PYTHONPATH": os.pathsep.join(handler.path)}, check=True)


def costs():
    return len(os.listdir("/proc/self/fd")), sum(one.name == "sendoff-handler-output" for one in threading.enumerate())


def test_a_report_that_cannot_be_read_is_a_failure_like_any_other(tmp_path):
    process = process_of(tmp_path, "import os\nfor one in range(3, 64):\n    try: os.write(one, b'}junk\\n')\n    except OSError: pass")
    assert process.wait(60) == "what it reported at its end cannot be read"


def test_what_a_handler_leaves_behind_costs_nothing_here(tmp_path):
    before = costs()
    process = process_of(tmp_path, "import subprocess\nsubprocess.Popen(['sleep', '600'])")
    try:
        assert process.wait(60) is None
        assert costs() == before
    finally:
        os.killpg(process._process.pid, signal.SIGKILL)


@contextmanager
def so_many_descriptors(count):
    """That many can be had, and no more."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used, limit = {int(one) for one in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{one}")}, 0
    while count:
        count -= limit not in used
        limit += 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_one_that_cannot_be_started_for_want_of_descriptors_leaves_none_open(tmp_path):
    before = costs()
    for count in (1, 3):
        with so_many_descriptors(count), pytest.raises(OSError, match="Too many open files"):
            process_of_nothing(tmp_path)
    assert costs() == before


def process_of_nothing(folder):
    return HandlerProcess(Handler(function="mine:told", interpreter=sys.executable, folder=str(folder)), {}, check=True)
