"""What a receiver's answer means for a notice."""

from __future__ import annotations

from sendoff import Permanent, SendoffError, ServerBusy

_LATER = frozenset({408, 421, 423, 425, 429})
_WORDS = {
    401: ("does not know us", "check credential = of the sink"),
    403: ("does not allow it", "check credential = of the sink"),
    404: ("knows no such address", "correct url = of the sink"),
    405: ("does not take a POST", "correct url = of the sink"),
    410: ("wants no more notices", "take the sink out of the configuration"),
    413: ("does not take a notice of this size", None),
}


def verdict(status: int, where: str, wait: float | None) -> SendoffError | None:
    """None = accepted; else ``ServerBusy``, later, or ``Permanent``, never. wait: seconds that it asked for."""
    if status // 100 == 2:
        return None
    if status in _LATER or status // 100 not in (3, 4):
        return ServerBusy(f"{where} did not take the notice now (status {status})", http_status=status, retry_after=wait)
    if status // 100 == 3:
        return Permanent(f"{where} points elsewhere (status {status}), which is not followed", hint="put the address it names into url =", http_status=status)
    text, hint = _WORDS.get(status, ("refused the notice", None))
    return Permanent(f"{where} {text} (status {status})", hint=hint, http_status=status)
