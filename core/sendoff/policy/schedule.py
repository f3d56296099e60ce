"""Which lane gets the next free slot."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from sendoff.model.lane import Lane

AGEING = 8  # each 8th slot goes to whoever has waited longest, whatever its priority


def next_lane(lanes: Sequence[Lane], *, has_room: Callable[[Lane], bool], last: str, turn: int) -> Lane | None:
    """The lane to serve: highest priority first, round-robin inside one, each 8th turn the longest waiting; None when none has room.

    lanes: sorted by key. has_room: whether its destination has a free slot. last: the key of the lane served before. turn: slots given so far.
    """
    open_lanes = [lane for lane in lanes if has_room(lane)]
    if not open_lanes:
        return None
    if turn % AGEING == AGEING - 1:
        return min(open_lanes, key=lambda lane: lane.since)
    first = min(lane.order for lane in open_lanes)
    same = [lane for lane in open_lanes if lane.order == first]
    return same[bisect_right([lane.key for lane in same], last) % len(same)]
