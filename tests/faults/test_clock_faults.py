"""The clock on the wall jumps: what waits is neither hurried nor forgotten."""

import pytest
from sendoff.testing.receiver import Answer, Rule

from tests.end_to_end.handle import Handle
from tests.end_to_end.stage import Stage

pytestmark = [pytest.mark.fault(23), pytest.mark.timeout(60)]
YEAR = 365 * 86400 * 1_000_000


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.environment["STAGE_CLOCK"] = str(tmp_path / "clock")
        yield made


@pytest.fixture
def clock(tmp_path):
    """Sets how wrong the clock on the wall is from now on, in microseconds; in one step, for it is read all the time."""

    def set_wrong(wrong):
        written = tmp_path / "clock.new"
        written.write_text(str(wrong))
        written.rename(tmp_path / "clock")

    set_wrong(0)
    return set_wrong


@pytest.fixture
def owner(stage):
    """Starts a process that owns the journal; it is gone at the end."""
    made = []

    def started():
        made.append(Handle(stage))
        return made[-1]

    yield started
    for one in made:
        one.end()


@pytest.mark.parametrize("jump", [YEAR, -YEAR], ids=["forward", "back"])
def test_a_jump_while_an_upload_waits_changes_nothing_about_when_it_goes_on(stage, receiver, clock, owner, jump):
    receiver.script.add(Rule(do=Answer(503, (("Retry-After", "1"),))))
    one = owner()
    id = one.put(source=stage.file(1000)[0], destination=receiver.url)
    receiver.wait_for(over=True)

    clock(jump)

    assert one.end_of(id) == "completed"
    first, second = receiver.requests
    assert 1.0 <= second.began_at - first.answered_at < 3.0


def test_a_wait_made_by_a_clock_that_was_a_year_ahead_does_not_last_a_year(stage, receiver, clock, owner):
    receiver.script.add(Rule(do=Answer(503, (("Retry-After", "3600"),))))
    clock(YEAR)
    first = owner()
    id = first.put(source=stage.file(1000)[0], destination=receiver.url)
    first.event_of(id, "attempt_failed")
    first.leave()

    clock(0)
    second = owner()

    assert second.end_of(id) == "completed"
    assert len(receiver.requests) == 2


def test_waits_that_are_all_over_at_once_start_no_storm(stage, receiver, clock, owner):
    receiver.script.add(Rule(do=Answer(503, (("Retry-After", "3600"),)), times=12))
    first = owner()
    ids = [first.put(source=stage.file(1000, f"{n}.bin")[0], destination=receiver.url) for n in range(12)]
    for id in ids:
        first.event_of(id, "attempt_failed")
    first.leave()

    clock(YEAR)
    second = owner()

    assert [second.end_of(id) for id in ids] == ["completed"] * 12
    assert len(receiver.requests) == 24
