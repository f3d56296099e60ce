"""How a batch stands, for the words of each of its notices."""

from collections import Counter

import pytest
from sendoff.runtime.looks import Looks, Seen
from sendoff.testing.fake_clock import FakeClock


class Batch:
    """One that is looked at; a look takes a while."""

    def __init__(self):
        self.clock, self.ended, self.looked, self.takes = FakeClock(), 0, 0, 0.01
        self.looks = Looks(self.look, lambda _: self.ended < 1000, self.clock)

    def look(self, _):
        self.looked += 1
        self.clock.advance(self.takes)
        return Seen(Counter(completed=self.ended, running=1000 - self.ended), 0, frozenset(), None)

    def finished(self):
        return self.looks.at("batch").counts["completed"]


@pytest.fixture
def batch():
    return Batch()


def test_a_notice_of_each_of_many_looks_at_all_of_them_a_few_times_only(batch):
    told = []
    for _ in range(1000):
        batch.ended += 1
        batch.clock.advance(0.001)
        told.append(batch.finished())
    assert batch.looked < 20
    assert told == sorted(told)


def test_the_last_of_a_batch_is_told_as_it_is(batch):
    batch.ended = 999
    assert batch.finished() == 999
    batch.ended = 1000
    assert batch.finished() == 1000
    batch.ended = 999  # one of them is tried again
    assert batch.finished() == 999


def test_where_a_look_costs_nothing_each_notice_has_its_own(batch):
    batch.takes = 0.0
    for batch.ended in range(1, 100):
        assert batch.finished() == batch.ended
