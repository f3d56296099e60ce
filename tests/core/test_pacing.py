"""The bandwidth of a timetable: when it is another."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sendoff.model.limits import Limits
from sendoff.model.moment import moment
from sendoff.runtime.pacing import Pacing
from sendoff.testing.fake_clock import FakeClock

from tests.core.records import NOW
from tests.core.test_conductor import Stand


@pytest.fixture(autouse=True)
def universal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The local clock is the universal one."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def hours(clock: FakeClock, pacing: Pacing) -> float | None:
    """Until the next turn."""
    turn = pacing.turn()
    return None if turn is None else (turn - clock.steady()) / moment(3600.0)


def test_the_soonest_turn_of_all_timetables_is_told_also_after_it_has_passed_and_after_a_sleep() -> None:
    clock, limits = FakeClock(), [Limits(bandwidth="08:00,512k 19:00,10M")]  # it is midnight
    pacing = Pacing(clock, lambda: limits[0])
    assert hours(clock, pacing) == 8.0

    clock.advance("8h")
    assert hours(clock, pacing) == 11.0

    clock.sleep("1h")
    assert hours(clock, pacing) == 10.0

    limits[0] = Limits(bandwidth="09:30,1M 20:00,2M")
    pacing.changed()
    assert hours(clock, pacing) == 0.5


def test_what_is_always_the_same_has_no_turn() -> None:
    assert [Pacing(FakeClock(), lambda text=text: Limits(bandwidth=text)).turn() for text in ("10M", "off")] == [None, None]  # type: ignore[misc]


def test_when_the_timetable_feeds_more_the_others_begin_at_once() -> None:
    turns = NOW + moment(7.0)
    stand = Stand(fed=lambda _: 1 if stand.now < turns else None, turn=lambda: turns if stand.now < turns else None)
    for place in "abc":
        stand.put(place)

    orders = stand.step()
    assert (len(orders.starts), orders.wake) == (1, turns)
    stand.now = turns

    assert len(stand.started()) == 2
