"""The tries under way: whoever is to stop is stopped, however early its word comes, and nobody else."""

from sendoff.runtime.underway import Underway


class Trying:
    """A try that remembers why it was stopped."""

    about = ("id", "batch")

    def __init__(self):
        self.stopped = []

    def interrupt(self, why, *, spare=False):
        self.stopped.append((why, spare))

    def progress(self):
        raise AssertionError("nobody asks")


def test_a_try_that_runs_is_stopped_at_once():
    underway, one = Underway(), Trying()
    underway.expect(1)
    underway.enter(1, one)
    underway.interrupt(1, "ordered", spare=True)
    assert one.stopped == [("ordered", True)]


def test_a_word_that_comes_before_its_try_has_begun_waits_for_it():
    underway, one = Underway(), Trying()
    underway.expect(1)
    underway.interrupt(1, "ordered")
    underway.enter(1, one)
    assert one.stopped == [("ordered", False)]


def test_a_word_that_comes_after_its_end_does_not_stop_the_next():
    underway, one, another = Underway(), Trying(), Trying()
    underway.expect(1)
    underway.enter(1, one)
    underway.leave(1)
    underway.interrupt(1, "ordered")
    underway.expect(1)
    underway.enter(1, another)
    assert (one.stopped, another.stopped) == ([], [])


def test_a_word_for_a_try_that_did_not_come_about_does_not_stop_the_next():
    underway, one = Underway(), Trying()
    underway.expect(1)
    underway.interrupt(1, "ordered")
    underway.leave(1)
    underway.expect(1)
    underway.enter(1, one)
    assert one.stopped == []
