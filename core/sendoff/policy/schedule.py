"""Which lane gets the next free slot, and who may go along in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from sendoff.model.lane import Lane
from sendoff.model.operation import Record

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


SMALL = 256 * 1024  # bytes; above that the bytes take longer than the round trips which a run saves
MOST_TOGETHER = 32  # in one run: by then one connection is full of requests, and a slot comes back about as soon as from one larger file
MOST_BYTES = 4 * 2**20  # in one run, which is held in memory


def may_go_along(record: Record) -> bool:
    """Whether it may share a try with others: small, in the ordinary way, and never one that failed or died of something; that one is tried alone."""
    tally = record.tally
    return record.spec.source.size <= SMALL and record.want is None and not tally.requests and not tally.unsettled
