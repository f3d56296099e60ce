"""How limited bandwidth is shared: fairly by priority, evenly in time, and so that nobody waits long for the next piece. Time is simulated."""

import heapq
from itertools import count, pairwise

import pytest
from sendoff.model.status import TransferPriority
from sendoff.policy.sharing import LEAST, ROUND, SLACK, WEIGHTS, Sharing, Wish, most_at_once

HIGH, DEFAULT, LOW = (WEIGHTS[one] for one in (TransferPriority.HIGH, TransferPriority.DEFAULT, TransferPriority.LOW))
BLOCK = 2**20


class Line:
    """Operations that send as fast as they may; a slow network takes so many seconds a byte."""

    def __init__(self, rates):
        self.sharing, self.now = Sharing(), 0.0
        self.sharing.set(rates, 0.0)
        self._wishes, self._order, self._back = {}, count(), []
        self.sent = {}  # of each, (when, how much)

    def add(self, flow, weight=DEFAULT, place=None, *, slowness=0.0, block=BLOCK):
        wish = Wish(flow, place, weight, block)
        self._wishes[id(wish)] = (wish, slowness)
        self.sent.setdefault(flow, [])
        self.sharing.ask(wish)

    def run(self, seconds):
        end = self.now + seconds
        while self.now < end:
            for wish in self.sharing.grant(self.now):
                self.sent[wish.flow].append((self.now, wish.granted))
                _, slowness = self._wishes[id(wish)]
                self.sharing.drop(wish)
                heapq.heappush(self._back, (self.now + slowness * wish.granted, next(self._order), wish))
            times = [self.sharing.wake(), *(one[0] for one in self._back[:1])]
            self.now = min(max(min(times), self.now + 1e-6), end)
            while self._back and self._back[0][0] <= self.now:
                wish = heapq.heappop(self._back)[2]
                wish.granted = 0
                self.sharing.ask(wish)
        return self

    def total(self, flow=None):
        return sum(size for one, sent in self.sent.items() if flow in (None, one) for _, size in sent)

    def total_since(self, begin):
        return sum(size for sent in self.sent.values() for when, size in sent if when >= begin)

    def longest_wait(self, flow, begin=0.0):
        times = [begin, *(when for when, _ in self.sent[flow] if when >= begin), self.now]
        return max(later - earlier for earlier, later in pairwise(times))

    def most_in(self, window):
        every = sorted(one for sent in self.sent.values() for one in sent)
        return max(sum(size for when, size in every if begin <= when < begin + window) for begin, _ in every)


@pytest.mark.parametrize("rate", [100.0, 8_192.0, 524_288.0, 10.0 * 2**20, 2.0**30])
@pytest.mark.parametrize("number", [1, 16])
def test_over_ten_seconds_it_is_within_five_percent(rate, number):
    line = Line({None: rate})
    for flow in range(number):
        line.add(flow)
    assert line.run(10).total() == pytest.approx(rate * 10, rel=0.05)


@pytest.mark.fault(72)
@pytest.mark.parametrize("number", [1, 16, 64])
def test_in_no_second_goes_out_noticeably_more_than_may(number):
    rate = 512 * 1024
    line = Line({None: rate})
    for flow in range(number):
        line.add(flow, slowness=1e-7)
    line.run(5)
    assert line.most_in(1.0) <= rate * (1.05 + SLACK)


@pytest.mark.fault(72)
def test_those_who_want_all_they_can_get_share_by_priority():
    line = Line({None: 2.0**20})
    for flow, weight in enumerate((HIGH, DEFAULT, DEFAULT, LOW)):
        line.add(flow, weight)
    line.run(10)
    whole = line.total()
    assert [line.total(flow) / whole for flow in range(4)] == pytest.approx([4 / 9, 2 / 9, 2 / 9, 1 / 9], rel=0.05)


def test_what_a_slow_one_does_not_use_goes_to_the_others():
    line = Line({None: 2.0**20})
    line.add(0, HIGH, slowness=1 / (100 * 1024))  # its network takes 100 KiB a second
    line.add(1, LOW)
    line.run(10)
    assert line.total(0) == pytest.approx(100 * 1024 * 10, rel=0.1)
    assert line.total() == pytest.approx(10 * 2**20, rel=0.05)


def test_who_comes_late_has_no_claim_to_what_was_sent_before():
    line = Line({None: 2.0**20})
    line.add(0)
    line.run(10)
    before = line.total(0)
    line.add(1)
    line.run(4)
    assert line.total(0) - before == pytest.approx(line.total(1), rel=0.1)


def test_connections_of_one_operation_have_one_share_together():
    line = Line({None: 2.0**20})
    for _ in range(4):
        line.add(0)
    line.add(1)
    line.run(10)
    assert line.total(0) == pytest.approx(line.total(1), rel=0.05)


def test_a_destination_has_its_own_limit_within_that_of_all():
    line = Line({None: 2.0**20, "archive": 100 * 1024})
    line.add(0, place="archive")
    line.add(1, place="archive")
    line.add(2, place="lab")
    line.run(10)
    assert [line.total(flow) / 10 / 1024 for flow in range(3)] == pytest.approx([50, 50, 924], rel=0.05)


@pytest.mark.parametrize("whole", [{}, {None: 10.0 * 2**20}])
def test_priority_counts_within_a_destination_whatever_goes_elsewhere(whole):
    line = Line({**whole, "archive": 100 * 1024})
    for flow, weight in enumerate((HIGH, DEFAULT, LOW)):
        line.add(flow, weight, place="archive")
    line.add(3, place="lab", slowness=1e-8)
    line.run(10)
    assert [line.total(flow) / 10 / 1024 for flow in range(3)] == pytest.approx([400 / 7, 200 / 7, 100 / 7], rel=0.05)


def test_what_all_may_have_is_shared_by_priority_between_destinations_and_within_them():
    line = Line({None: 2.0**20, "archive": 10.0 * 2**20})
    for flow, weight in enumerate((HIGH, LOW)):
        line.add(flow, weight, place="archive")
    for flow, weight in enumerate((DEFAULT, LOW), 2):
        line.add(flow, weight, place="lab")
    line.run(10)
    whole = line.total()
    assert [line.total(flow) / whole for flow in range(4)] == pytest.approx([4 / 8, 1 / 8, 2 / 8, 1 / 8], rel=0.05)


def test_who_comes_late_at_a_destination_waits_for_nobody_elsewhere():
    line = Line({None: 2.0**20, "archive": 100 * 1024})
    line.add(0, place="lab")
    line.run(10)
    line.add(1, place="archive")
    came = line.now
    line.run(10)
    assert line.longest_wait(1, came) <= ROUND and line.total(1) == pytest.approx(10 * 100 * 1024, rel=0.05)


@pytest.mark.parametrize("rate", [8_192.0, 65_536.0, 512.0 * 1024, 10.0 * 2**20])
def test_nobody_waits_longer_than_a_few_seconds_for_the_next_piece(rate):
    line = Line({None: rate})
    number = min(most_at_once(rate), 100)
    line.add(0, LOW)
    for flow in range(1, number):
        line.add(flow, HIGH)
    line.run(8)
    assert line.longest_wait(0) <= 2 * ROUND


def test_it_changes_at_once():
    line = Line({None: 10.0})
    line.add(0)
    line.run(3)
    line.sharing.set({None: 2.0**20}, line.now)
    before = line.total()
    line.run(5)
    assert line.total() - before == pytest.approx(5 * 2**20, rel=0.05)
    line.sharing.set({}, line.now)
    assert line.sharing.wake() == 0.0 and line.sharing.grant(line.now)[0].granted == BLOCK


@pytest.mark.fault(72)
@pytest.mark.parametrize(
    ("fast", "slow", "weights"),
    [(100.0 * 2**20, 20_480.0, (HIGH, DEFAULT, LOW)), (10.0 * 2**20, 65_536.0, (*[DEFAULT] * 10, LOW)), (None, 20_480.0, (LOW, DEFAULT))],
)  # fmt: skip
def test_a_limit_that_is_lowered_silences_nobody_for_what_it_had_before(fast, slow, weights):
    line = Line({"elsewhere": 10.0} if fast is None else {None: fast})
    for flow, weight in enumerate(weights):
        line.add(flow, weight, slowness=1e-9)
        line.run(0.37)  # each has had something when the next comes
    changed = line.now
    line.sharing.set({None: slow}, changed)
    line.run(30)
    assert max(line.longest_wait(flow, changed) for flow in range(len(weights))) <= 2 * ROUND
    assert line.total_since(changed) == pytest.approx(30 * slow, rel=0.05)


def test_so_few_run_at_once_that_each_gets_enough_to_stay_alive():
    assert [most_at_once(rate) for rate in (None, 1.0, LEAST, 10 * LEAST)] == [None, 1, 1, 10]


def test_what_has_ended_weighs_nothing_any_more():
    sharing = Sharing()
    sharing.set({None: 32_000.0}, 0.0)
    for flow in range(64):
        wish = Wish(flow, None, HIGH, BLOCK)
        sharing.ask(wish)
        sharing.drop(wish)
        sharing.forget(flow)
    wish = Wish(99, None, DEFAULT, BLOCK)
    sharing.ask(wish)
    assert sharing.grant(1.0) == [wish] and wish.granted == 1000
