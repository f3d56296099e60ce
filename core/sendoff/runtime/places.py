"""What is known of each destination: whether it can be reached, and how many slots it gets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from sendoff.model.limits import RetryRules
from sendoff.model.moment import Moment
from sendoff.policy.retry import pause_before_next


@dataclass(frozen=True, slots=True)
class Place:
    """One destination. reached: since the start or its last failure. until: nobody asks before. since: it has been down. failures: in a row.

    asks: the operation that waits for a person on behalf of all that go there.
    """

    reached: bool = False
    until: Moment = 0
    since: Moment | None = None
    failures: int = 0
    busy: int = 0
    asks: int | None = None


@dataclass(slots=True)
class Places:
    """All destinations in use. One that was not reached gets one slot: a black hole holds one thread, not all."""

    random: Random
    _known: dict[str, Place] = field(default_factory=dict)

    def room(self, name: str, now: Moment, per_destination: int, *, at_once: bool = False) -> int:
        """How many more may start there. at_once: somebody asks before it is time."""
        place = self._known.get(name, Place())
        if (now < place.until or place.asks is not None) and not at_once:
            return 0
        return (per_destination if place.reached else 1) - place.busy

    def down_since(self, name: str) -> Moment | None:
        """Since when it cannot be reached; None = it can, as far as is known."""
        return self._known.get(name, Place()).since

    def use(self, name: str) -> tuple[int, bool]:
        """How many slots there are taken, and whether it was reached."""
        place = self._known.get(name, Place())
        return place.busy, place.reached

    def asks(self, name: str) -> int | None:
        """The operation that waits for a person on behalf of all that go there; None = nobody does."""
        return self._known.get(name, Place()).asks

    def ask(self, name: str, number: int) -> None:
        """Only a person can help on what goes there; this one asks, the others wait behind it."""
        self._known[name] = replace(self._known.get(name, Place()), reached=False, asks=number)

    def asking(self) -> list[tuple[str, int]]:
        """Every destination where one asks, and who."""
        return [(name, place.asks) for name, place in self._known.items() if place.asks is not None]

    def answered(self, name: str) -> None:
        """A person has helped, or who asked asks no more: one may try."""
        self._known[name] = replace(self._known.get(name, Place()), asks=None)

    def taken(self, name: str) -> None:
        """A slot there was given."""
        place = self._known.get(name, Place())
        self._known[name] = replace(place, busy=place.busy + 1)

    def freed(self, name: str, now: Moment, rules: RetryRules, *, unreachable: bool, answered: bool, slot: bool = True) -> None:
        """A slot there came back; one who could not reach it has asked for all that wait. slot: False while others of its run are still in it."""
        place = self._known.get(name, Place())
        place = replace(place, busy=max(place.busy - slot, 0))
        if unreachable and place.until <= now:
            failures = place.failures + 1
            until = now + pause_before_next(failures, rules, self.random)
            place = replace(place, reached=False, until=until, since=place.since or now, failures=failures)
        elif answered:
            place = replace(place, reached=True, until=0, since=None, failures=0)
        self._known[name] = place
        if place.busy == 0 and place.reached and len(self._known) > 10_000:
            del self._known[name]

    def reached(self, name: str) -> bool:
        """A byte went out there; whether that is news."""
        place = self._known.get(name, Place())
        if place.reached:
            return False
        self._known[name] = replace(place, reached=True, until=0, since=None, failures=0)
        return True

    def wake(self, now: Moment) -> Moment | None:
        """The first moment after ``now`` at which one may be asked again."""
        return min((place.until for place in self._known.values() if place.until > now), default=None)

    def forgive(self) -> None:
        """The network is another: whatever was down may be asked at once, and its clock starts anew."""
        self._known = {name: replace(place, until=0, since=None, failures=0) for name, place in self._known.items()}
