"""Rows 73 and 74: plugins that raise anything, answer nonsense, or hang. Each is a stranger's transport; the host is real."""

import threading
import time
from pathlib import PurePosixPath

import pytest
from sendoff import Bundling, Delivery, Target, Transient, Transport
from sendoff.model.query import Order, Selection

from tests.core.owned import Owned, eventually

HASTY = '[retry]\nconnect_timeout = "0.1s"\nresponse_timeout = "0.1s"\nstall_timeout = "0.1s"\nbackoff = ["0.02s", "0.1s"]\n'
SILENCE = 0.6  # seconds without a call after which it is taken to hang, with these
ONCE = HASTY + 'patience = "0s"\nattempts = 2\n'
NONSENSE = [None, "fine", 7, (), Delivery(url=None, size=5), Delivery(url="x", size="5"), Delivery(url="x", size=5, digests={"sha256": b"1"})]  # type: ignore[arg-type]


class Anything(BaseException):
    """No ``Exception``."""


ERRORS = [ValueError("boom"), SystemExit(3), Anything("boom"), KeyboardInterrupt(), RecursionError(), GeneratorExit(), StopIteration()]


class Stranger(Transport):
    """As its ``act`` says."""

    schemes = ("strange",)
    Settings = dict
    act = None

    def target(self, name):
        return Target(f"{self.destination.url}{name}")

    def send(self, shipment):
        return type(self).act(self, shipment)


class Gang(Stranger, Bundling):
    """As ``act`` says, for a whole run."""

    def send_bundle(self, shipments):
        for shipment in shipments:
            yield shipment, type(self).act(self, shipment)


class Posting(Stranger):
    """Its requests make something new each time."""

    methods = ("POST",)


def took(shipment):
    """What a transport does that works."""
    buffer, offset = bytearray(100), 0
    while offset < shipment.size:
        offset += shipment.readinto(memoryview(buffer), offset)
    return Delivery(url=shipment.target.url, size=offset)


class Hanging:
    """Hangs in the first so many calls, until it is let go; what it does then shows that nobody listens any more."""

    def __init__(self, times=1, after=lambda shipment: None):
        self.times, self.after, self.calls = times, after, 0
        self.free, self.came_back, self.late = threading.Event(), threading.Event(), []

    def __call__(self, _transport, shipment):
        self.calls += 1
        if self.calls > self.times:
            return took(shipment)
        self.after(shipment)
        self.free.wait(60)
        try:
            return took(shipment)
        except BaseException as cause:
            self.late.append(type(cause).__name__)
            raise
        finally:
            self.came_back.set()


@pytest.fixture
def owned(tmp_path):
    """An owner whose ``strange://`` is carried by what a test says."""
    opened = []

    def owned(act, *, config=HASTY, driver=Stranger, **more):
        own = type(driver.__name__, (driver,), {"act": staticmethod(act)})
        one = Owned(tmp_path, config=config, own={("transports", "strange"): (own, dict)}, **more)
        opened.append((one, act))
        return one

    yield owned
    for one, act in opened:
        getattr(act, "free", threading.Event()).set()
        one.close()


def raising(error):
    def act(_transport, _shipment):
        raise error

    return act


@pytest.mark.fault(73)
@pytest.mark.parametrize(
    ("driver", "error"),
    [*((Stranger, error) for error in ERRORS), *((Gang, error) for error in ERRORS[-2:])],  # those two are what generators end with
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_whatever_a_transport_raises_fails_its_upload_by_name_and_the_next_goes_on(owned, error, driver):
    one = owned(lambda _, shipment: raising(error)(_, shipment) if shipment.name == PurePosixPath("bad") else took(shipment), driver=driver)

    bad, good = (one.put(one.file(name), f"strange://h/{name}") for name in ("bad", "good"))

    failed = one.until(bad, "error")["error"]
    assert "the transport strange failed" in failed["message"]
    assert type(error).__name__ in failed["message"] or "RuntimeError" in failed["message"]
    one.done(good)


@pytest.mark.fault(73)
@pytest.mark.parametrize("answer", NONSENSE, ids=repr)
def test_an_answer_of_a_transport_that_is_none_fails_its_upload_by_name(owned, answer):
    one = owned(lambda _, shipment: answer if shipment.name == PurePosixPath("bad") else took(shipment))

    bad, good = one.put(one.file("bad", b"12345"), "strange://h/bad"), one.put(one.file(), "strange://h/good")

    assert "the transport strange answered nonsense" in one.until(bad, "error")["error"]["message"]
    one.done(good)


@pytest.mark.fault(73)
def test_an_error_that_nobody_can_write_down_fails_its_upload_by_name(owned):
    error = Transient("busy", retry_after="soon")
    one = owned(lambda _, shipment: raising(error)(_, shipment) if shipment.name == PurePosixPath("bad") else took(shipment))

    bad, good = (one.put(one.file(name), f"strange://h/{name}") for name in ("bad", "good"))

    assert "the transport strange answered nonsense" in one.until(bad, "error")["error"]["message"]
    one.done(good)


@pytest.mark.fault(74)
def test_a_transport_that_hangs_loses_its_slot_and_its_upload_is_marked_and_tried_again(owned):
    hanging = Hanging()
    one = owned(hanging, config=HASTY + "[limits]\nconcurrency = 1\n")

    hung = one.put(one.file(), "strange://h/a")
    one.done(hung)

    (failed,) = one.events(hung, "attempt_failed")
    assert "the transport strange hangs: it has given no sign of life for" in failed.data["error"]["message"]
    assert not hanging.came_back.is_set(), "its thread is still in there"


@pytest.mark.fault(74)
def test_what_a_transport_brings_back_late_is_void(owned):
    hanging = Hanging(times=1)
    one = owned(hanging)
    hung = one.put(one.file(), "strange://h/a")
    view = one.done(hung)

    hanging.free.set()
    assert hanging.came_back.wait(60)

    assert hanging.late == ["Superseded"]
    assert one.view(hung) == view
    assert one.types(hung).count("completed") == 1


@pytest.mark.fault(74)
def test_an_upload_whose_transport_hangs_each_time_fails_and_says_so(owned):
    one = owned(Hanging(times=99), config=ONCE)

    hung = one.put(one.file(), "strange://h/a")

    assert "the transport strange hangs" in one.until(hung, "error")["error"]["message"]


@pytest.mark.fault(74)
def test_no_more_threads_are_lost_to_a_transport_that_hangs_than_a_few(owned, monkeypatch):
    monkeypatch.setattr("sendoff.runtime.attempts.MOST_HANGING", 1)
    hanging = Hanging(times=1)
    one = owned(hanging)
    other = one.put(one.file("b.bin"), "plain://h/b")
    hung = one.put(one.file(), "strange://h/a")

    eventually(lambda: one.view(hung)["reason_text"] == "the transport strange hangs: 1 tries of it did not come back")
    one.done(other)
    hanging.free.set()

    one.done(hung)
    assert len(one.events(hung, "attempt_failed")) == 1, "it waited, which is no failure"


@pytest.mark.fault(74)
@pytest.mark.parametrize(("verb", "status"), [("cancel", "canceled"), ("pause", "paused_by_application")])
def test_an_order_is_carried_out_though_the_transport_does_not_stop(owned, verb, status):
    begun = threading.Event()
    one = owned(Hanging(after=lambda shipment: begun.set()))
    hung = one.put(one.file(), "strange://h/a")
    assert begun.wait(60)

    one.owner.order(Order(verb=verb), Selection(ids=(hung,)))

    one.until(hung, status)


@pytest.mark.fault(74)
def test_what_must_not_be_repeated_is_not_when_its_transport_hangs_past_the_point_of_no_return(owned):
    def post(shipment):
        took(shipment)
        shipment.commit_point()

    hanging = Hanging(after=post)
    one = owned(hanging, driver=Posting)
    hung = one.put(one.file(), "strange://h/a", method="POST")

    assert one.until(hung, "error")["error"]["code"] == "outcome_unknown"
    assert hanging.calls == 1


@pytest.mark.fault(74)
def test_a_run_that_hangs_gives_back_whoever_has_not_begun(owned):
    hanging = Hanging(times=1, after=lambda shipment: shipment.readinto(memoryview(bytearray(10)), 0))
    one = owned(hanging, driver=Gang, config=HASTY + "[limits]\nper_destination = 1\n")

    first = one.put(one.file("0"), "strange://h/0")
    others = [one.put(one.file(str(number)), f"strange://h/{number}") for number in range(1, 4)]

    for id in (first, *others):
        one.done(id)


@pytest.mark.fault(74)
def test_a_transport_that_works_on_for_long_is_not_taken_to_hang(owned):
    """Each call is a sign of life."""

    def slow(_transport, shipment):
        pause = threading.Event()
        for offset in range(0, shipment.size, 100):
            shipment.readinto(memoryview(bytearray(100)), offset)
            pause.wait(0.1)
        return Delivery(url=shipment.target.url, size=shipment.size)

    one = owned(slow)

    done = one.put(one.file("a.bin", b"x" * 1000), "strange://h/a")

    one.done(done)
    assert one.events(done, "attempt_failed") == []


@pytest.mark.fault(74)
def test_a_transport_whose_bytes_wait_for_bandwidth_is_not_taken_to_hang(owned):
    """It is we who let it wait, for longer than it may be silent."""
    waited = []

    def patient(_transport, shipment):
        offset = 0
        while offset < shipment.size:
            begun = time.monotonic()
            offset += shipment.readinto(memoryview(bytearray(100)), offset)
            waited.append(time.monotonic() - begun)
        return Delivery(url=shipment.target.url, size=offset)

    one = owned(patient, config=HASTY + '[limits]\nbandwidth = "1b"\n')

    done = one.put(one.file("a.bin", b"xyz"), "strange://h/a")

    one.done(done)
    assert one.events(done, "attempt_failed") == []
    assert max(waited) > SILENCE
