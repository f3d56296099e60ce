"""How long to wait before the next try."""

from __future__ import annotations

from random import Random

from sendoff.model.limits import RetryRules
from sendoff.model.moment import Moment, moment

LONGEST_RETRY_AFTER = 3600.0


def pause_before_next(failures: int, rules: RetryRules, random: Random, retry_after: float | None = None) -> Moment:
    """The wait after this many failures in a row: doubling, with jitter over its upper half; what the server asks for wins.

    A Retry-After (RFC 9110 section 10.2.3) is held between 1 s and 1 h and gets up to a tenth more, so that many do not come back at once.
    """
    if retry_after is not None:
        asked = min(max(retry_after, 1.0), LONGEST_RETRY_AFTER)
        return moment(asked * random.uniform(1.0, 1.1))
    grown = rules.first_pause * 2.0 ** min(max(failures - 1, 0), 30)
    return moment(min(grown, rules.longest_pause) * random.uniform(0.5, 1.0))
