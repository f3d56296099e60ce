"""Whether two operations were asked for in the same words."""

from __future__ import annotations

from hashlib import blake2b

from sendoff.errors import IdConflict, SendoffError
from sendoff.model.operation import Record
from sendoff.runtime.secrets import Secrets

_WORDS = (
    "transport", "destination", "credential", "cost_policy", "demand", "retry_unsafe", "patience", "attempts", "if_changed", "options",
)  # fmt: skip


def fingerprint(record: Record) -> str:
    """What two creates of the same id must have in common."""
    spec, source = record.spec, record.spec.source
    headers = [(name, value if value != spec.idempotency_key else None) for name, value in spec.headers]
    asked = (spec.url, spec.method, source.kind == "file" and source.path, source.size, headers, spec.label, dict(spec.metadata), record.group)
    return blake2b(repr(asked).encode(errors="surrogatepass"), digest_size=12).hexdigest()


def alike(one: Record, other: Record, secrets: Secrets) -> bool:
    """Whether one upload of the source does for both: what is sent, how, with which secrets, and how soon is the same."""
    same = fingerprint(one) == fingerprint(other) and one.priority == other.priority
    return same and all(getattr(one.spec, word) == getattr(other.spec, word) for word in _WORDS) and _same_secrets(one, other, secrets)


def conflict(there: Record, record: Record) -> IdConflict:
    """Both are shown; where what is shown is the same, what differs is named."""
    old, new = _shown(there), _shown(record)
    if old != new:
        return IdConflict(f"--id {record.id} is taken: it is {old}, not {new}")
    pairs = {
        "headers": (there.spec.headers, record.spec.headers),
        "label": (there.spec.label, record.spec.label),
        "data": (dict(there.spec.metadata), dict(record.spec.metadata)),
        "group": (there.group, record.group),
    }
    other = " and ".join(name for name, (one, another) in pairs.items() if one != another)
    return IdConflict(f"--id {record.id} is taken: it is {old} with other {other}")


def _same_secrets(one: Record, other: Record, secrets: Secrets) -> bool:
    if one.sealed is None or other.sealed is None:
        return one.sealed is other.sealed
    try:
        return secrets.open(one) == secrets.open(other)
    except SendoffError:  # nobody can tell
        return False


def _shown(record: Record) -> str:
    spec = record.spec
    path = "a stream" if spec.source.kind == "spool" else spec.source.path
    return f"{spec.method or 'an upload'} of {path} ({spec.source.size} bytes) to {spec.url}"
