"""A real HTTP receiver on raw sockets that keeps what it is sent and breaks down exactly where a script says."""

from __future__ import annotations

from sendoff.testing.receiver.fault import (
    Answer,
    Close,
    Delay,
    Drip,
    EndlessBody,
    EndlessHeaders,
    Fault,
    HalfClose,
    Interim,
    Lost,
    Raw,
    Reset,
    Rule,
    Stall,
)
from sendoff.testing.receiver.ledger import Received
from sendoff.testing.receiver.server import Receiver

__all__ = [
    "Answer",
    "Close",
    "Delay",
    "Drip",
    "EndlessBody",
    "EndlessHeaders",
    "Fault",
    "HalfClose",
    "Interim",
    "Lost",
    "Raw",
    "Received",
    "Receiver",
    "Reset",
    "Rule",
    "Stall",
]
