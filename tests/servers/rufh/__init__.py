"""A server for Resumable Uploads for HTTP, written from the draft, that breaks down exactly where a script says.

It speaks the working group's text of July 2026 (interop version 9, draft -12) and draft -05 (interop version 6); ``dialect`` says where they differ.
"""

from __future__ import annotations

from tests.servers.rufh.fault import Close, Corrupt, Delay, Expire, Fault, First, Forget, HalfClose, Instead, Lie, Lost, Move, Reset, Rule, Stall
from tests.servers.rufh.ledger import Seen
from tests.servers.rufh.limit import Limits
from tests.servers.rufh.server import RufhServer

__all__ = [
    "Close",
    "Corrupt",
    "Delay",
    "Expire",
    "Fault",
    "First",
    "Forget",
    "HalfClose",
    "Instead",
    "Lie",
    "Limits",
    "Lost",
    "Move",
    "Reset",
    "RufhServer",
    "Rule",
    "Seen",
    "Stall",
]
