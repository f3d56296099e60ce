"""Which lane gets the next free slot, who of a group may start, and who may go along."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from operator import attrgetter

from sendoff.model.lane import Lane
from sendoff.model.operation import Record

AGEING = 8  # each 8th slot goes to whoever has waited longest, whatever its priority


def is_aged(turn: int) -> bool:
    """Whether this slot goes to whoever has waited longest; it is out of turn, and the round goes on where it was."""
    return turn % AGEING == AGEING - 1


def next_lane(lanes: Sequence[Lane], *, has_room: Callable[[Lane], bool], last: Mapping[int, str], turn: int) -> Lane | None:
    """The lane to serve: highest priority first, round-robin inside one, each 8th turn the longest waiting; None when none has room.

    lanes: sorted by key, so by priority first; no more of them are asked for room than it takes. has_room: whether an operation of it may start beside
    what runs. last: by priority, the key of the lane served before in its turn. turn: slots given so far.
    """
    if is_aged(turn):
        return next(filter(has_room, sorted(lanes, key=attrgetter("since"))), None)
    start = 0
    while start < len(lanes):
        order = lanes[start].order
        end = bisect_right(lanes, order, lo=start, key=lambda lane: lane.order)
        after = bisect_right(lanes, last.get(order, ""), lo=start, hi=end, key=lambda lane: lane.key)
        found = next((lanes[place] for place in chain(range(after, end), range(start, after)) if has_room(lanes[place])), None)
        if found is not None:
            return found
        start = end
    return None


def admits(under_way: Collection[bool], *, high: bool, beside: bool) -> bool:
    """Whether one more of a serialized group may start: one at a time.

    under_way: of each of the group that runs, whether it has high priority. high: whether the next one has. beside: a high one may run beside one that is not.
    """
    return high not in under_way if beside else not under_way


SMALL = 256 * 1024  # bytes; above that the bytes take longer than the round trips which a run saves
MOST_TOGETHER = 32  # in one run: by then one connection is full of requests, and a slot comes back about as soon as from one larger file
MOST_BYTES = 4 * 2**20  # in one run, which is held in memory


def may_go_along(record: Record) -> bool:
    """Whether it may share a try with others: small, in the ordinary way, and never one that failed or died of something; that one is tried alone."""
    tally = record.tally
    return record.spec.source.size <= SMALL and record.want is None and not tally.requests and not tally.unsettled
