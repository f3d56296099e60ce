"""Whether two operations were asked for in the same words."""

from __future__ import annotations

from hashlib import blake2b

from sendoff.errors import IdConflict, SendoffError
from sendoff.model.operation import Record
from sendoff.model.source import Form
from sendoff.runtime.secrets import Secrets

_WORDS = (
    "transport", "destination", "credential", "cost_policy", "demand", "retry_unsafe", "patience", "attempts", "if_changed", "recoverable_errors",
    "options", "then",
)  # fmt: skip


def fingerprint(record: Record) -> str:
    """What two creates of the same id must have in common."""
    spec, source = record.spec, record.spec.source
    headers = [(name, value if value != spec.idempotency_key else None) for name, value in _shown_headers(record)]
    sent = (source.file or False, source.offset) if source.form is None else _parts(source.form)
    asked = (spec.url, spec.method, sent, source.size, headers, spec.label, dict(spec.metadata), record.group, spec.then)
    return blake2b(repr(asked).encode(errors="surrogatepass"), digest_size=12).hexdigest()


def _parts(form: Form) -> list[object]:
    """A form without its boundary, which is another each time. What is sealed is told by its length alone, as a secret header is by its name."""
    return [form.subtype, *((part.headers, part.kind, part.content, part.path, part.size) for part in form.parts)]


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
        "headers": (_shown_headers(there), _shown_headers(record)),
        "parts": (_parts(there.spec.source.form or Form()), _parts(record.spec.source.form or Form())),
        "label": (there.spec.label, record.spec.label),
        "data": (dict(there.spec.metadata), dict(record.spec.metadata)),
        "group": (there.group, record.group),
        "offset": (there.spec.source.offset, record.spec.source.offset),
        "--then": (there.spec.then, record.spec.then),
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


def _shown_headers(record: Record) -> list[tuple[str, str]]:
    """Without what says the boundary of a form."""
    spec = record.spec
    return [one for one in spec.headers if spec.source.form is None or one[0] != "Content-Type"]


def _shown(record: Record) -> str:
    spec = record.spec
    path = spec.source.file or {"spool": "a stream", "form": "a form"}[spec.source.kind]
    return f"{spec.method or 'an upload'} of {path} ({spec.source.size} bytes) to {spec.url}"
