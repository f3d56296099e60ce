"""A ticket on its way: each of its operations has one end, told by the worker that carries it or by whoever has given that up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sendoff.model.destination import origin_of
from sendoff.model.limits import RetryRules
from sendoff.runtime.loading import Load
from sendoff.runtime.pulse import Pulse
from sendoff.runtime.ticket import Ticket

_SLOWEST = 128 * 1024  # bytes a second of a proof that fetches everything back


@dataclass(slots=True)
class Errand:
    """One ticket, from its claim to its last end. pulse: inside while it is claimed and settled, which no transport has a part in.

    expected: why one that has not begun is to stop. loads: its operations, by number, claimed. late: why it is to stop, where it is its own silence.
    told: since when it is to stop. theirs: it was its driver that did not come back, and no call of ours. hangs: it counts as such. back: it has come back.
    """

    ticket: Ticket
    pulse: Pulse
    expected: Callable[[int], str | None] = lambda _: None
    loads: dict[int, Load] = field(default_factory=dict)
    late: str | None = None
    told: float | None = None
    given_up: bool = False
    theirs: bool = True
    hangs: bool = False
    back: bool = False
    _left: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._left = {record.number for record in self.ticket.records}

    @property
    def transport(self) -> str:
        """The name of who carries it."""
        return self.ticket.record.spec.transport

    @property
    def lane(self) -> tuple[str, str]:
        """Who carries it, and where to: one server that hangs says nothing of the others."""
        spec = self.ticket.record.spec
        return spec.transport, spec.destination or origin_of(spec.url)

    def take(self, number: int) -> bool:
        """Whether the end of this operation is the caller's to tell."""
        with self._lock:
            if number not in self._left:
                return False
            self._left.remove(number)
            return True

    def give_up(self) -> Sequence[int]:
        """All whose end was not told yet are the caller's, and what the worker brings back from now on is void."""
        self.theirs = self.heard() is not None
        with self._lock:
            left, self._left = sorted(self._left), set()
            self.given_up = bool(left)
        for number in left:
            if number in self.loads:
                self.loads[number].pulse.forsake()
        return left

    def heard(self) -> float | None:
        """When its driver last gave a sign of life; None while it is in a call of ours."""
        pulses = [self.pulse, *(load.pulse for load in self._loads())]
        if any(pulse.inside for pulse in pulses):
            return None
        return max(pulse.heard for pulse in pulses)

    def stood_still(self, seconds: float) -> None:
        """All of the process did, and its driver could not have given a sign of life."""
        heard = self.heard()
        if heard is not None:
            self.pulse.heard = heard + seconds
        if self.told is not None:
            self.told += seconds

    def stopping(self) -> str | None:
        """Why somebody else has told all that is left of it to stop; None = something of it may go on, or it is not claimed yet."""
        with self._lock:
            left = set(self._left)
        reasons = [self._told_to_stop(load) for load in self._loads() if load.record.number in left and load.error is None]
        return reasons[0] if reasons and all(reasons) else None

    def interrupt(self, why: str) -> None:
        """Tell all of it to stop."""
        for load in self._loads():
            if load.shipment is not None:
                load.shipment.interrupt(why)

    def patience(self, rules: RetryRules) -> float:
        """Seconds that its driver may wait for one thing and another, and for its proof, without a word to us."""
        loads = self._loads()
        waits = max((waits_of(load.transport.settings, rules) for load in loads if load.transport is not None), default=waits_of(None, rules))
        return 2 * waits + sum(load.shipment.size for load in loads if load.shipment is not None and load.shipment.proves) / _SLOWEST

    def _told_to_stop(self, load: Load) -> str | None:
        return self.expected(load.record.number) if load.shipment is None else load.shipment.stopping

    def _loads(self) -> Sequence[Load]:
        return list(self.loads.values())


def waits_of(settings: object, rules: RetryRules) -> float:
    """Seconds that a driver may spend on waiting, all its waits taken together: by the rules, or by its own settings where they give more."""
    longest = {"connect_timeout": rules.connect_timeout, "response_timeout": rules.response_timeout, "stall_timeout": rules.stall_timeout}
    for name, own in _timeouts(settings).items():
        longest[name] = max(longest.get(name, 0.0), own)
    return sum(longest.values())


def _timeouts(settings: object) -> dict[str, float]:
    """What a driver's settings say of waiting: as a mapping, or in attributes."""
    try:
        said = settings if isinstance(settings, Mapping) else {name: getattr(settings, name, None) for name in dir(settings) if name.endswith("_timeout")}
    except Exception:  # noqa: BLE001 - a stranger's code; the rules hold
        return {}
    return {name: value for name, value in said.items() if str(name).endswith("_timeout") and isinstance(value, int | float)}
