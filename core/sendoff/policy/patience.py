"""How long an operation may go without one newly confirmed byte."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sendoff.model.limits import RetryRules
from sendoff.model.moment import Moment, moment
from sendoff.model.operation import Spec, Tally

LEAST_RESENT = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What one try used up. Moments are steady.

    sent: body bytes handed over. confirmed: the server's last word, in all. session: a session stands, so nothing was sent in vain.
    down_since: since when its destination cannot be reached, as another's try found out. protocol, resumable: how it was carried.
    blind: nobody knows how far it had come. answers: that the server gave, and that were kept.
    """

    began: Moment
    ended: Moment
    sent: int = 0
    confirmed: int = 0
    session: bool = False
    down_since: Moment | None = None
    protocol: str | None = None
    resumable: bool | None = None
    blind: bool = False
    answers: int = 0


def settled(tally: Tally, one: Try, **more: Any) -> Tally:
    """The tally after a try whose end is known."""
    return replace(
        tally, sent=tally.sent + one.sent, unsettled=0, pause=0, blind=one.blind, protocol=one.protocol or tally.protocol,
        resumable=tally.resumable if one.resumable is None else one.resumable, answers=tally.answers + one.answers, **more,
    )  # fmt: skip


def after_failure(tally: Tally, one: Try) -> Tally:
    """The tally after a try that failed in a way that waiting may cure.

    The clock starts at the first failed try after the last newly confirmed byte; the tries and the planned pauses between them count,
    the time in between in which trying was not allowed does not. What was sent without a session was sent in vain.
    """
    moved = settled(tally, one, confirmed=one.confirmed, restarted=not one.session)
    if one.confirmed > tally.best:
        return replace(moved, best=one.confirmed, requests=1, spent=0, resent=0, lost=0)
    spent = tally.spent + tally.pause + (one.ended - one.began) if tally.requests else 0
    if one.down_since is not None:
        spent = max(spent, one.ended - one.down_since)
    return replace(moved, requests=tally.requests + 1, spent=spent, resent=tally.resent + (0 if one.session else one.sent))


def allowance(spec: Spec, rules: RetryRules) -> Moment:
    """The patience of an operation: its own, else the configured one."""
    return spec.patience if spec.patience is not None else moment(rules.patience)


def exhausted(tally: Tally, spec: Spec, rules: RetryRules) -> bool:
    """Whether it has been tried for long enough; with patience 0 the literal rule counts requests, four unless told otherwise."""
    patience = allowance(spec, rules)
    if patience == 0:
        return tally.requests >= (spec.attempts or rules.attempts)
    return tally.spent >= patience


def needs_consent(tally: Tally, size: int, rules: RetryRules) -> bool:
    """Whether so much was sent in vain that a person should say go on."""
    return bool(rules.resend) and tally.resent > rules.resend * size and tally.resent > LEAST_RESENT
