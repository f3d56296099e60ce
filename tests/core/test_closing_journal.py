"""Whatever was handed over before the journal closed its door is answered, however close that was."""

import logging
import threading

import pytest
from sendoff.errors import HostUnavailable
from sendoff.model.change import SaveNote
from sendoff.runtime.journal import GroupJournal
from sendoff.testing.memory_store import MemoryStore

NOTE = [SaveNote(kind="a", key="b", value=1)]


class Slow:
    """A queue at which whoever hands something over is held up."""

    def __init__(self, queue):
        self._queue, self.at_it, self.go = queue, threading.Event(), threading.Event()

    def put(self, job):
        if job is not None:
            self.at_it.set()
            assert self.go.wait(30)
        self._queue.put(job)

    def __getattr__(self, name):
        return getattr(self._queue, name)


def test_who_is_about_to_hand_something_over_when_it_closes_is_answered_all_the_same():
    journal, answers = GroupJournal(MemoryStore(), log=logging.getLogger("x")), []
    journal._jobs = slow = Slow(journal._jobs)
    handing = threading.Thread(target=lambda: answers.append(journal.commit(NOTE)), daemon=True)
    closing = threading.Thread(target=journal.close, daemon=True)
    handing.start()
    assert slow.at_it.wait(30)
    closing.start()
    closing.join(0.3)  # without a door it would be through by now, and the writer gone

    slow.go.set()
    for thread in (handing, closing):
        thread.join(10)

    assert not handing.is_alive() and not closing.is_alive()
    assert [said.refused for said in answers[0]] == [None]
    with pytest.raises(HostUnavailable):
        journal.commit(NOTE)
