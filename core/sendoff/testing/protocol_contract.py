"""What every HTTP protocol promises, spoken by the HTTP transport. Subclass one of these; give it a ``world``."""

from __future__ import annotations

from sendoff.testing.aborting_contract import AbortingContract
from sendoff.testing.resuming_contract import ResumingContract
from sendoff.testing.transport_contract import TransportContract


class ProtocolContract(TransportContract):
    """Every promise of a transport, by the word of ``protocol =``; ``sendoff_http.HttpTransport`` makes the ``Exchange`` and is in the world.

    Example: ``ReceiverWorld(speaking("plain"), tmp_path / "in")`` is the world of a protocol that our own receiver understands.
    """


class SessionProtocolContract(ResumingContract, AbortingContract, ProtocolContract):
    """A protocol whose server keeps half-done uploads: it goes on after a break, and lets go of what it began.

    Example: ``ReceiverWorld(speaking("tus"), tmp_path / "in", tus=True)`` is the world of tus.
    """
