"""Calls that may hang: given up on in time, not begun anew while one hangs, and heard of when they end after all."""

import threading
import time

import pytest
from sendoff.deadline import Attendant, Deadlines, Overdue


@pytest.fixture
def held():
    """Holds whoever calls it until it is let go; ``held.go`` lets go."""
    go = threading.Event()

    def held():
        assert go.wait(30)
        return "after all"

    held.go = go
    yield held
    go.set()


def test_what_is_given_or_raised_in_time_is_given_or_raised():
    deadlines = Deadlines(lambda: 30.0)

    assert deadlines.call("a", lambda: 1) == 1
    with pytest.raises(ZeroDivisionError):
        deadlines.call("a", lambda: 1 / 0)


def test_one_that_hangs_is_given_up_on_and_nobody_else_waits_for_it(held):
    seconds = [0.05]
    deadlines = Deadlines(lambda: seconds[0])
    with pytest.raises(Overdue) as first:
        deadlines.call("a", held)
    began = []
    with pytest.raises(Overdue) as second:
        deadlines.call("a", lambda: began.append(1))
    seconds[0] = 30.0

    assert (first.value.since_before, second.value.since_before, began) == (False, True, [])
    assert deadlines.call("b", lambda: "others are asked") == "others are asked"


def fails(held):
    held()
    raise KeyError


@pytest.mark.parametrize("ends", [lambda held: held(), fails], ids=["answered", "failed"])
def test_when_it_has_ended_after_all_everybody_it_held_up_is_told_and_may_ask_again(held, ends):
    told, both = [], threading.Event()

    def late(about):
        told.append(about)
        if len(told) == 2:
            both.set()

    seconds = [0.05]
    deadlines = Deadlines(lambda: seconds[0], late)
    for about, ask in (("one", lambda: ends(held)), ("turned away", lambda: "never begun"), (None, lambda: "of no interest")):
        with pytest.raises(Overdue):
            deadlines.call("a", ask, about=about)

    held.go.set()

    assert both.wait(30)
    assert sorted(told) == ["one", "turned away"]
    assert deadlines.call("a", lambda: "again") == "again"


def test_one_that_is_slower_than_most_is_given_as_long_as_it_took_the_next_time(held):
    told = threading.Event()
    deadlines = Deadlines(lambda: 0.2, lambda _: told.set())
    pause = threading.Event()

    def slow():
        pause.wait(0.6)
        return "at last"

    with pytest.raises(Overdue):
        deadlines.call("a", slow, about="a")
    assert told.wait(30)

    assert deadlines.call("a", slow, about="a") == "at last"
    with pytest.raises(Overdue):  # it has answered, and has no more time than others
        deadlines.call("a", slow, about="a")


def test_who_says_how_long_it_needs_is_given_that():
    pause = threading.Event()

    assert Deadlines(lambda: 0.1).call("a", lambda: pause.wait(0.5) or "slowly", patience=30.0) == "slowly"


def test_nobody_left_to_tell_is_no_fault(held, caplog):
    heard = threading.Event()

    def late(_about):
        heard.set()
        raise RuntimeError("closed")

    deadlines = Deadlines(lambda: 0.05, late)
    with pytest.raises(Overdue):
        deadlines.call("a", held, about="a")
    held.go.set()
    assert heard.wait(30)
    while any(thread.name == "sendoff-asks-a" for thread in threading.enumerate()):
        pass

    assert deadlines.call("a", lambda: "again") == "again"


def test_whoever_waits_behind_another_call_waits_no_longer_than_it_said(held):
    attendant = Attendant("a")
    begun = threading.Event()
    first = threading.Thread(target=lambda: attendant.call(lambda: (begun.set(), held()), 60.0))
    first.start()
    assert begun.wait(30)
    began = time.monotonic()

    with pytest.raises(Overdue) as caught:
        attendant.call(lambda: None, 0.1)

    assert time.monotonic() - began < 20
    assert caught.value.since_before
    held.go.set()
    first.join(30)
    assert attendant.call(lambda: "and then it is told again", 30.0) == "and then it is told again"
