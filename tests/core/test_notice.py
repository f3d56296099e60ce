"""How a set of operations went, once all of it has ended."""

import pytest
from sendoff.policy.notice import Ends


@pytest.mark.parity("F97", "F98", "F104")
@pytest.mark.parametrize(
    ("completed", "failed", "canceled", "outcome"),
    [
        (1, 0, 0, "success"),
        (3, 0, 0, "success"),
        (2, 1, 0, "failure"),
        (0, 1, 0, "failure"),
        (2, 0, 1, "success"),
        (0, 1, 2, "failure"),
        (1, 1, 1, "failure"),
        (0, 0, 2, None),
        (0, 0, 0, None),
    ],
)
def test_one_that_failed_is_a_failure_and_what_was_canceled_counts_for_neither(completed, failed, canceled, outcome):
    ends = Ends(completed=completed, failed=failed, canceled=canceled)

    assert ends.told() == {"total": completed + failed + canceled, "completed": completed, "failed": failed, "canceled": canceled, "outcome": outcome}
