"""What the conductor is told, and what it orders."""

from __future__ import annotations

from dataclasses import dataclass

from sendoff.model.conditions import Conditions
from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.runtime.ticket import Outcome, Ticket


@dataclass(frozen=True, slots=True)
class Queued:
    """Something may have become due. lanes: in these; none = it is not known where."""

    lanes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """A try is to be stopped, by an order."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Amended:
    """Something else was set, perhaps while a try is under way. record: as it is now."""

    record: Record


@dataclass(frozen=True, slots=True)
class Reached:
    """A try has read its first byte: its destination answered."""

    number: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A try is over."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Changed:
    """The network or the machine is another. sure: a try has broken, too."""

    conditions: Conditions
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Slept:
    """The machine has slept: no connection is what it was."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Nothing more starts, and what can stop stops."""


Signal = Queued | Stop | Amended | Reached | Ended | Changed | Slept | Leave


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to be done now. starts: tickets. stops: ``(number, why)``. wake: step again then at the latest; None = only when something happens.

    trouble: why nothing starts, though something might.
    """

    starts: tuple[Ticket, ...] = ()
    stops: tuple[tuple[int, str], ...] = ()
    wake: Moment | None = None
    trouble: Exception | None = None
