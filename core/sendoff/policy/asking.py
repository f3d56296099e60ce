"""An upload that waits for a person: what it asks for, and the command that helps."""

from __future__ import annotations

from sendoff.errors import HostKeyUnknown, NeedsPerson
from sendoff.model.operation import Failure, Record, Tally
from sendoff.model.response import Response
from sendoff.model.secret import is_sealed
from sendoff.model.status import Reason, TransferStatus
from sendoff.policy.decision import Decision, waiting
from sendoff.policy.waits import Around, wait


def asking(
    record: Record, reason: Reason, what: str, text: str, failure: Failure, tally: Tally, response: Response | None, command: str | None = None
) -> Decision:
    """It waits for a person; later uploads to the same target pass by."""
    needs = {"what": what, "command": command or f"sendoff resume {record.number}"}
    fields = waiting(TransferStatus.PAUSED_RECOVERABLE, reason, due=None, text=text, error=failure, tally=tally, response=response)
    fields.update({"needs": needs, "holds_target": False})
    already = record.status is TransferStatus.PAUSED_RECOVERABLE
    told = wait(reason, Around(number=record.number, said=text, command=needs["command"], hint=failure.hint, credential=_named(record)))
    return Decision(fields=fields, lines=() if already else (("waiting", {"reason": str(reason), "needs": needs, **told._asdict()}),))


def _named(record: Record) -> str | None:
    """The credential that it names; one that came with it has no name."""
    return None if is_sealed(record.spec.credential) else record.spec.credential


def trust_of(record: Record, error: NeedsPerson) -> str | None:
    """How a host key is accepted; one that is not to be accepted like this is at least shown."""
    if not isinstance(error, HostKeyUnknown):
        return None
    shown = error.facts.get("fingerprint") if error.facts.get("standing") in ("unknown", "certified") else None
    return " ".join(["sendoff trust", record.spec.destination or record.spec.url, *([shown] if shown else [])])
