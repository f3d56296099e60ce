"""Somebody who watches a network."""

import queue
from contextlib import contextmanager

SOON = 20.0


class Seen:
    """What a network said whenever it told that something may be otherwise."""

    def __init__(self, network):
        self._network, self._changes = network, queue.Queue()

    def told(self):
        self._changes.put(None)

    def until(self, true):
        """Look each time it tells, until this is so; what was found."""
        while True:
            self._changes.get(timeout=SOON)
            found = self._network.look()
            if true(found):
                return found


@contextmanager
def watched(network):
    """Watches from when it has told the first time."""
    seen = Seen(network)
    with network.watch(seen.told):
        seen.until(lambda _: True)
        yield seen
