"""Who may send how much now, where bandwidth is limited: fairly by weight, in pieces so small that nobody waits long for the next.

Start-time fair queueing (Goyal, Vin, Cheng 1996) over one bucket for all and one for each destination that has a limit of its own, each with a virtual time
of its own: who is first of a destination is settled there, and among those who are first, by the bucket for all. What somebody does not ask for goes to the
others. Time is handed in, in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendoff.model.status import TransferPriority

WEIGHTS = {TransferPriority.HIGH: 4, TransferPriority.DEFAULT: 2, TransferPriority.LOW: 1}
ROUND = 2.0  # seconds in which everybody gets something, so that no server takes a connection for dead
PIECES = 32  # a second at least: what goes out at once is a small part of what may
SLACK = 0.1  # seconds for which a bucket makes up that nobody came in time; so much more may go out in any one second
LEAST = 4096  # bytes a second of one connection: below that, fewer run at a time


@dataclass(slots=True)
class Bucket:
    """Bandwidth of one kind. rate: bytes a second. free: when the next piece may go out."""

    rate: float
    free: float = 0.0

    def take(self, count: int, now: float) -> None:
        """So much goes out now."""
        self.free = max(self.free, now - SLACK) + count / self.rate

    def turn(self, rate: float, now: float) -> None:
        """It is another rate from now on; what the old one has lent is forgotten."""
        if rate != self.rate:
            self.rate, self.free = rate, min(self.free, now)


@dataclass(slots=True, eq=False)
class Wish:
    """One connection that wants to send.

    flow: of the operation whose it is. place: its destination, where that has a name. since: when it came, in the virtual time of each bucket. granted: 0 = not
    yet.
    """

    flow: int
    place: str | None
    weight: int
    count: int
    since: dict[str | None, float] = field(default_factory=dict)
    granted: int = 0


@dataclass(slots=True)
class Queue:
    """Whose turn it is at one bucket. virtual: how far it has come. ends: of each flow, where in virtual time what it was granted ends."""

    virtual: float = 0.0
    ends: dict[int, float] = field(default_factory=dict)

    def forgive(self) -> None:
        """Nobody is behind for what they had before."""
        self.ends = {flow: min(end, self.virtual) for flow, end in self.ends.items()}

    def tag(self, flow: int, since: float) -> float:
        """Where in virtual time it begins: behind what its operation has had, and not before it came."""
        return max(since, self.ends.get(flow, 0.0))

    def give(self, flow: int, tag: float, length: float) -> None:
        """It was its turn, and so long it has taken."""
        self.virtual = max(self.virtual, tag)
        self.ends[flow] = tag + length


@dataclass(slots=True)
class Sharing:
    """The buckets, and who wants what. No lock inside: whoever calls has one."""

    wishes: list[Wish] = field(default_factory=list)
    _buckets: dict[str | None, Bucket] = field(default_factory=dict)
    _queues: dict[str | None, Queue] = field(default_factory=lambda: {None: Queue()})  # None: of all, whether they have a limit or not
    _weights: dict[int, tuple[str | None, int]] = field(default_factory=dict)

    def set(self, rates: Mapping[str | None, float], now: float) -> None:
        """The limits in force: of each place, and of None for all together. Where they are others than before, what the old ones have lent is forgotten."""
        if rates != {place: bucket.rate for place, bucket in self._buckets.items()}:
            self._queues |= {place: Queue() for place in rates.keys() - self._queues.keys()}
            for queue in self._queues.values():
                queue.forgive()
        for place, rate in rates.items():
            self._buckets.setdefault(place, Bucket(rate)).turn(rate, now)
        for place in self._buckets.keys() - rates.keys():
            del self._buckets[place]

    def ask(self, wish: Wish) -> None:
        """Somebody wants to send."""
        wish.since = {key: self._queues[key].virtual for key in {None, self._where(wish)}}
        self._weights[wish.flow] = wish.place, wish.weight
        self.wishes.append(wish)

    def drop(self, wish: Wish) -> None:
        """It is granted, or nobody wants it any more."""
        self.wishes.remove(wish)

    def forget(self, flow: int) -> None:
        """An operation has ended."""
        for queue in self._queues.values():
            queue.ends.pop(flow, None)
        self._weights.pop(flow, None)

    def grant(self, now: float) -> list[Wish]:
        """Whoever may send now, each with how much."""
        granted: list[Wish] = []
        while (wish := self._next(now)) is not None:
            self._give(wish, now)
            granted.append(wish)
        return granted

    def wake(self) -> float:
        """When the next may send; infinity where nobody waits."""
        return min((self._free(place) for place in {wish.place for wish in self.wishes if not wish.granted}), default=float("inf"))

    def _next(self, now: float) -> Wish | None:
        """Of each destination whose buckets are free the one that is first there; of those the one that is first of all."""
        waiting: dict[str | None, list[Wish]] = {}
        for wish in self.wishes:
            if not wish.granted:
                waiting.setdefault(wish.place, []).append(wish)
        first = [min(those, key=lambda wish: self._tag(wish, self._where(wish))) for place, those in waiting.items() if self._free(place) <= now]
        return min(first, key=lambda wish: self._tag(wish, None), default=None)

    def _give(self, wish: Wish, now: float) -> None:
        buckets = self._of(wish.place)
        wish.granted = min([wish.count, *(self._piece(bucket, place) for place, bucket in buckets.items())])
        for bucket in buckets.values():
            bucket.take(wish.granted, now)
        for key in {None, self._where(wish)}:
            self._queues[key].give(wish.flow, self._tag(wish, key), wish.granted / wish.weight)

    def _free(self, place: str | None) -> float:
        return max((bucket.free for bucket in self._of(place).values()), default=0.0)

    def _of(self, place: str | None) -> dict[str | None, Bucket]:
        return {key: self._buckets[key] for key in {None, place} if key in self._buckets}

    def _where(self, wish: Wish) -> str | None:
        """At whose queue it stands first."""
        return wish.place if wish.place in self._buckets else None

    def _tag(self, wish: Wish, key: str | None) -> float:
        """Where it stands in the queue of its destination, or in that of all."""
        return self._queues[key].tag(wish.flow, wish.since.get(key, 0.0))

    def _piece(self, bucket: Bucket, place: str | None) -> int:
        """So much at once that all who share a bucket get something in a round, the lightest too."""
        weights = sum(weight for where, weight in self._weights.values() if place in (None, where))
        waiting = sum(wish.weight for wish in self.wishes if place in (None, wish.place))
        return max(int(min(bucket.rate / PIECES, bucket.rate * ROUND / max(weights, waiting, 1))), 1)


def most_at_once(rate: float | None) -> int | None:
    """How many connections a rate feeds so that each stays alive, one at least; None = any number."""
    return None if rate is None else max(int(rate // LEAST), 1)
