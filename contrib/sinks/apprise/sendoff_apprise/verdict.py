"""What the words of a service mean for a notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sendoff import Permanent, SendoffError, ServerBusy, Transient

_LATER = frozenset({408, 421, 423, 425, 429})  # of HTTP


def verdict(said: Mapping[str, Any]) -> SendoffError | None:
    """None = it took the message. said: as ``messenger.answer`` says it."""
    if said["taken"]:
        return None
    if not said["understood"]:  # somebody may yet set it right
        return Transient(
            f"apprise does not understand {_ordinal(said['number'])} of the sink's urls, or lacks a library for it",
            hint="correct it, or install what that service needs; the documentation of apprise says how an address is written",
        )
    return _refusal(f"{said['service']} ({_ordinal(said['number'])} of urls)", said)


def unheard(number: int, why: str) -> SendoffError:
    """Nothing was heard of this address."""
    return Transient(f"{_ordinal(number)} of the sink's urls {why}")


def _refusal(who: str, said: Mapping[str, Any]) -> SendoffError:
    codes = [*said["http"], *said["smtp"]]
    later = [code for code in said["http"] if code in _LATER or code >= 500] + [code for code in said["smtp"] if code < 500]
    if said["unproven"]:
        return Transient(f"{who} could not prove who it is; nothing was sent", hint="name the issuer's certificate with ca_file =")
    if later:
        return ServerBusy(f"{who} did not take the notice now (it said {later[0]})")
    if codes:
        return Permanent(f"{who} refused the notice (it said {codes[0]})", hint="check its address among the sink's urls")
    return Transient(f"{who} could not be reached, or did not take the notice without saying why")


def _ordinal(number: int) -> str:
    """Which one, counted from one."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"the {number}{ending}"
