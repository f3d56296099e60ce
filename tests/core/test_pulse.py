"""A try's signs of life: what its driver waits for in our hands is ours, and whoever looks meanwhile is not misled."""

import pytest
from sendoff.errors import Superseded
from sendoff.runtime.pulse import Pulse


class Watched(Pulse):
    """Tells what somebody saw who looked at the moment at which its clock was asked."""

    def __init__(self):
        self.now, self.seen = 0.0, []
        super().__init__(self.clock)

    def clock(self):
        self.seen.append((self.now, getattr(self, "inside", False)))
        return self.now


def test_a_call_that_ends_is_heard_before_it_is_out():
    """Somebody who looks in between would take a long call of ours for the driver's own silence."""
    pulse = Watched()
    with pulse.inside_call():
        pulse.now = 100.0
    assert pulse.seen[-1] == (100.0, True)
    assert (pulse.heard, pulse.inside) == (100.0, False)


def test_a_call_within_a_call_does_not_end_it():
    pulse = Watched()
    with pulse.inside_call():
        with pulse.inside_call():
            assert pulse.inside
        assert pulse.inside
    assert not pulse.inside


def test_what_breaks_a_call_off_ends_it():
    pulse = Watched()
    with pytest.raises(ValueError, match="boom"), pulse.inside_call():
        raise ValueError("boom")
    assert not pulse.inside


def test_whoever_was_given_up_on_begins_no_call():
    pulse = Watched()
    pulse.forsake()
    with pytest.raises(Superseded), pulse.inside_call():
        raise AssertionError("it was let in")
    assert not pulse.inside
