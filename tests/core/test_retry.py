"""How long to wait before the next try."""

from __future__ import annotations

from random import Random

import pytest
from sendoff.model.limits import RetryRules
from sendoff.policy.retry import pause_before_next

RULES = RetryRules(first_pause=2.0, longest_pause=600.0)


@pytest.mark.parametrize(("failures", "longest"), [(1, 2), (2, 4), (5, 32), (9, 512), (10, 600), (400, 600), (10**9, 600)])
def test_the_pause_doubles_with_jitter_over_its_upper_half_up_to_the_longest(failures: int, longest: float) -> None:
    pauses = [pause_before_next(failures, RULES, Random(seed)) / 1e6 for seed in range(200)]

    assert longest / 2 <= min(pauses) < longest * 0.55 and longest * 0.95 < max(pauses) <= longest


@pytest.mark.parametrize(("asked", "held"), [(30.0, 30.0), (0.0, 1.0), (-5.0, 1.0), (1e9, 3600.0)])
def test_what_the_server_asks_for_wins_within_a_second_and_an_hour(asked: float, held: float) -> None:
    pauses = [pause_before_next(7, RULES, Random(seed), asked) / 1e6 for seed in range(100)]

    assert held <= min(pauses) and max(pauses) <= held * 1.1 and len(set(pauses)) > 50
