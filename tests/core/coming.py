"""What comes to an owner, and an owner that is too busy to begin with it."""

import threading
from contextlib import contextmanager
from dataclasses import replace

from sendoff.errors import SendoffError
from sendoff.model.limits import Retention
from sendoff.model.operation import Request
from sendoff.runtime.forgetting import Forgetting

HOST = "plain://10.0.0.1/"
X = f"{HOST}x"
DAY = 86400 * 10**6


@contextmanager
def occupied(owned):
    """An upload holds the only slot: whatever comes is queued and does not begin before the test says so."""
    entered, go = threading.Event(), threading.Event()

    def seen(name, _operation):
        if name == "connect" and not entered.is_set():
            entered.set()
            go.wait(20)

    owned.server.point = seen
    owned.put(owned.file("blocker"), f"{HOST}blocker")
    assert entered.wait(20)
    yield go.set
    go.set()


def request(owned, destination=X, **more):
    """The request for an unchanged file."""
    return Request(source=str(owned.file()), destination=destination, **more)


def put(owned, destination=X, *, source=None, **more):
    """The answer to one request of an unchanged file."""
    (answer,) = owned.create(Request(source=str(source or owned.file()), destination=destination, **more))
    assert not isinstance(answer, SendoffError), answer
    return answer


def many(owned, *names, **more):
    return owned.create(*(Request(source=str(owned.file()), destination=f"{HOST}{name}") for name in names), **more)


def seen(path):
    """What a caller sees of a file without opening it."""
    found = path.stat()
    return (found.st_size, found.st_mtime_ns)


class Later:
    """The owner's clock, so much later."""

    def __init__(self, clock, by):
        self._clock, self.by, self.ticks = clock, by, 0.0

    def wall(self):
        return self._clock.wall() + self.by

    def monotonic(self):
        return self.ticks

    steady = wall


def forgetting(owned, by, **keep):
    return Forgetting(owned.owner._journal, Later(owned.owner._given.clock, by), lambda: replace(Retention(), **keep))
