"""A sink's own position and pauses, on a clock that moves when the test says so."""

from random import Random

import pytest
from sendoff.errors import Permanent, ServerBusy, Transient, Unreachable
from sendoff.model.change import Append, SaveNote
from sendoff.model.configuration import SinkSection
from sendoff.model.event import Event
from sendoff.model.limits import RetryRules
from sendoff.model.notice import Notice
from sendoff.runtime.courier import NOTE, Courier
from sendoff.runtime.journal import Journal
from sendoff.runtime.late import kind_of
from sendoff.testing.fake_clock import FakeClock
from sendoff.testing.memory_store import MemoryStore

SECTION = SinkSection(name="ops", use="ops", on=("completed", "failed"))


class Receiver:
    """Takes notices; ``says`` is asked first and may raise."""

    def __init__(self):
        self.taken, self.asked = [], []
        self.says = lambda notice: None

    def deliver(self, notice):
        self.asked.append(notice.id)
        self.says(notice)
        self.taken.append(notice.id)

    def close(self):
        pass


class Desk:
    """A journal whose events the courier tells."""

    def __init__(self):
        self.clock, self.store, self.receiver = FakeClock(), MemoryStore(), Receiver()
        self.store.open()
        self.journal = Journal(self.store)
        self.journal.commit([SaveNote(kind=NOTE, key="ops", value={"position": 0})])
        self.courier = self.make()

    def make(self):
        def wanted(section, event):
            return Notice(id=event.id, type=event.type, time=event.time) if event.type in section.on else None

        return Courier(
            SECTION, self.journal, wanted=wanted, make=lambda: self.receiver, clock=self.clock, random=Random(1), rules=lambda: RetryRules(longest_pause=600.0)
        )

    def happens(self, operation, type="completed", round=1):
        id = f"{operation}.{type}" if round == 1 else f"{operation}.{round}.{type}"
        self.journal.commit([Append(Event(id=id, time=self.clock.wall(), type=type, operation=operation))])
        return id

    def works(self):
        """Until there is nothing to do at once."""
        while self.courier.work():
            pass

    def lives(self, hours):
        """So much time passes, with a look at each pause."""
        end = self.clock.steady() + round(hours * 3_600_000_000)
        while self.clock.steady() < end:
            self.works()
            self.clock.advance(self.courier.pause(60.0))
        self.works()

    def told(self):
        return [event.data for event in self.store.events(0, 10_000) if event.type == "notice_failed"]

    def late(self):
        return self.store.todos(2**62, kind=kind_of("ops"), limit=10_000)


@pytest.fixture
def desk():
    return Desk()


def test_a_sink_that_is_down_for_a_day_loses_nothing_and_is_not_hammered(desk):
    def down(notice):
        raise Unreachable("nobody answers")

    desk.receiver.says = down
    ids = []
    for hour in range(24):
        ids += [desk.happens(f"{hour:02}-{number}") for number in range(50)]
        desk.lives(1)
    assert desk.receiver.taken == []
    assert len(desk.receiver.asked) < 400, "one try a pause, not one for each notice"
    assert len(desk.late()) < 300, "most wait behind the position"

    desk.receiver.says = lambda notice: None
    desk.lives(0.5)
    assert sorted(desk.receiver.taken) == sorted(ids)
    assert desk.late() == []


def test_what_happened_to_one_operation_is_told_in_its_order(desk):
    first, second, third = desk.happens("a", "failed"), desk.happens("a"), desk.happens("b")
    refusals = [Transient("not now")]
    desk.receiver.says = lambda notice: (_ for _ in ()).throw(refusals.pop()) if notice.id == first and refusals else None
    desk.works()
    assert desk.receiver.taken == [third], "another operation does not wait"
    assert {todo.payload["event"]["id"] for todo in desk.late()} == {first, second}
    desk.lives(0.01)
    assert desk.receiver.taken == [third, first, second]


def test_the_order_is_kept_by_the_next_owner_too(desk):
    first, second = desk.happens("a", "failed"), desk.happens("a")
    desk.receiver.says = lambda notice: (_ for _ in ()).throw(Transient("not now"))
    desk.works()
    desk.courier, desk.receiver.says = desk.make(), lambda notice: None
    third = desk.happens("a", "failed", round=2)
    desk.lives(0.01)
    assert desk.receiver.taken == [first, second, third]


def test_two_that_are_never_taken_hold_up_nobody_else(desk):
    poison = {desk.happens("a"), desk.happens("b")}
    desk.receiver.says = lambda notice: (_ for _ in ()).throw(ServerBusy("500")) if notice.id in poison else None
    for number in range(100):
        desk.happens(f"good-{number}")
        desk.lives(0.2)
    assert len(desk.receiver.taken) == 100
    assert len(desk.late()) == 2


def test_after_three_days_of_trying_a_notice_is_set_aside_and_the_next_of_its_operation_is_told(desk):
    first, second = desk.happens("a", "failed"), desk.happens("a")
    desk.receiver.says = lambda notice: (_ for _ in ()).throw(Transient("never")) if notice.id == first else None
    desk.lives(80)
    assert desk.receiver.taken == [second]
    assert [(one["event"], one["again"]) for one in desk.told()] == [(first, True), (first, False)]
    assert desk.courier.status()["aside"] == 1
    assert desk.late() == []


def test_days_in_which_no_host_ran_are_no_days_of_trying(desk):
    id = desk.happens("a")
    desk.receiver.says = lambda notice: (_ for _ in ()).throw(Transient("not now"))
    desk.lives(1)
    desk.clock.advance(4 * 86_400.0)
    desk.courier = desk.make()
    desk.lives(1)
    assert [(one["event"], one["again"]) for one in desk.told()] == [(id, True)]
    desk.receiver.says = lambda notice: None
    desk.lives(0.2)
    assert desk.receiver.taken == [id]


def test_the_time_of_trying_goes_on_with_the_next_host(desk):
    id = desk.happens("a")
    desk.receiver.says = lambda notice: (_ for _ in ()).throw(Transient("not now"))
    for _ in range(4):
        desk.lives(20)
        desk.courier = desk.make()
    assert [(one["event"], one["again"]) for one in desk.told()] == [(id, True), (id, False)]


def test_two_that_are_never_taken_delay_no_new_one_by_their_rest(desk):
    poison = {desk.happens("a"), desk.happens("b")}
    desk.receiver.says = lambda notice: (_ for _ in ()).throw(ServerBusy("500")) if notice.id in poison else None
    desk.lives(5)
    assert desk.receiver.asked[-1] in poison
    good = desk.happens("good")
    desk.works()
    assert desk.receiver.taken == [good]


def test_what_a_sink_says_went_wrong_is_kept_no_longer_than_anybody_reads(desk):
    desk.happens("a")
    desk.receiver.says = lambda notice: (_ for _ in ()).throw(Permanent("x" * 1_000_000))
    desk.works()
    assert [len(one["message"]) for one in desk.told()] == [2000]


def test_a_pause_that_a_sink_asks_for_is_kept_for_all_of_its_notices(desk):
    desk.happens("a")
    desk.receiver.says = lambda notice: (_ for _ in ()).throw(ServerBusy("later", retry_after=1800))
    desk.works()
    for number in range(10):
        desk.happens(f"b-{number}")
        desk.works()
    assert desk.receiver.asked == ["a.completed"]
    desk.receiver.says = lambda notice: None
    desk.lives(0.6)
    assert len(desk.receiver.taken) == 11


def test_one_that_is_refused_for_good_is_counted_and_named(desk):
    id = desk.happens("a")
    desk.receiver.says = lambda notice: (_ for _ in ()).throw(Permanent("no such room"))
    desk.works()
    assert desk.told() == [{"sink": "ops", "event": id, "message": "no such room", "again": False}]
    assert desk.make().status()["aside"] == 0, "before it has looked"
    desk.courier = desk.make()
    desk.works()
    assert desk.courier.status()["aside"] == 1


def test_a_day_of_events_that_nobody_wants_costs_no_write_each(desk):
    for number in range(500):
        desk.happens(f"a-{number}", "created")
    desk.works()
    assert desk.courier.position == 500
    assert desk.store.note(NOTE, ["ops"])["ops"].value == {"position": 0}
    desk.courier.left()
    assert desk.store.note(NOTE, ["ops"])["ops"].value == {"position": 500}
