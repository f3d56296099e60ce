"""Which lane gets the next slot, and who of a serialized group may start: tables."""

from __future__ import annotations

import pytest
from sendoff.model.lane import Lane
from sendoff.policy.schedule import AGEING, admits, next_lane

HIGH_A, HIGH_B, ONE_A, ONE_B, ONE_C, LOW_A = "0|0|0||a", "0|0|0||b", "1|0|0||a", "1|0|0||b", "1|0|0||c", "2|0|0||a"
ALL = (HIGH_A, HIGH_B, ONE_A, ONE_B, ONE_C, LOW_A)
HIGH, OTHER = True, False


@pytest.mark.parametrize(
    ("full", "last", "expected"),
    [
        ((), {}, HIGH_A),
        ((), {0: HIGH_A}, HIGH_B),
        ((), {0: HIGH_B}, HIGH_A),
        ((HIGH_A, HIGH_B), {0: HIGH_A}, ONE_A),
        ((HIGH_A, HIGH_B), {0: HIGH_A, 1: ONE_A}, ONE_B),
        ((HIGH_A, HIGH_B), {0: HIGH_A, 1: ONE_C}, ONE_A),
        ((HIGH_A, HIGH_B, ONE_A), {1: ONE_C}, ONE_B),
        ((HIGH_A, HIGH_B, ONE_A, ONE_B, ONE_C), {1: ONE_B}, LOW_A),
        (ALL, {}, None),
    ],
)
def test_lanes_of_the_highest_priority_take_turns_and_each_priority_remembers_its_own(
    full: tuple[str, ...], last: dict[int, str], expected: str | None
) -> None:
    lanes = [Lane(key=key, since=0) for key in ALL]

    found = next_lane(lanes, has_room=lambda lane: lane.key not in full, last=last, turn=0)

    assert (found.key if found else None) == expected


@pytest.mark.parametrize(("full", "expected"), [((), LOW_A), ((LOW_A,), ONE_C), (ALL, None)])
def test_each_eighth_slot_is_for_whoever_waited_longest(full: tuple[str, ...], expected: str | None) -> None:
    lanes = [Lane(key=key, since=-place) for place, key in enumerate(ALL)]

    found = next_lane(lanes, has_room=lambda lane: lane.key not in full, last={}, turn=AGEING - 1)

    assert (found.key if found else None) == expected


def test_no_more_lanes_are_asked_for_room_than_it_takes() -> None:
    lanes, asked = [Lane(key=f"1|0|0|g{number:05}|a", since=0) for number in range(10_000)], list[str]()

    found = next_lane(lanes, has_room=lambda lane: not asked.append(lane.key), last={1: "1|0|0|g05000|a"}, turn=0)

    assert found is not None and asked == [found.key] == ["1|0|0|g05001|a"]


@pytest.mark.parametrize(
    ("under_way", "high", "beside", "expected"),
    [
        ((), OTHER, False, True),
        ((), HIGH, False, True),
        ((OTHER,), OTHER, False, False),
        ((OTHER,), HIGH, False, False),
        ((HIGH,), OTHER, False, False),
        ((HIGH,), HIGH, False, False),
        ((), OTHER, True, True),
        ((OTHER,), OTHER, True, False),
        ((OTHER,), HIGH, True, True),
        ((HIGH,), OTHER, True, True),
        ((HIGH,), HIGH, True, False),
        ((HIGH, OTHER), HIGH, True, False),
        ((HIGH, OTHER), OTHER, True, False),
    ],
)
@pytest.mark.parity("F71", "F73")
def test_of_a_serialized_group_one_starts_at_a_time_and_one_of_high_priority_beside_it_where_that_is_wanted(
    under_way: tuple[bool, ...], high: bool, beside: bool, expected: bool
) -> None:
    assert admits(under_way, high=high, beside=beside) is expected
