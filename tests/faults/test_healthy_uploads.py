"""Row 74, its other side: what takes its time, and is no transport's hanging; and what was given up on, and must not go on beside what took its place."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from sendoff import Delivery, Session, Transient
from sendoff.model.delivery import Demand
from sendoff.runtime.origin import Origin
from sendoff.runtime.reader import FileReader, Reader

from tests.core.owned import Owned, eventually
from tests.faults.test_plugin_faults import HASTY, Gang, Stranger, took

LONG = 1.5  # seconds; more than HASTY lets a transport be silent, and come back
FEW = HASTY + "[limits]\nper_destination = 1\n"


@pytest.fixture
def owned(tmp_path):
    """An owner whose ``strange://`` is carried by what a test says."""
    opened = []

    def owned(act, *, config=HASTY, driver=Stranger, **more):
        own = type(driver.__name__, (driver,), {"act": staticmethod(act)})
        opened.append(Owned(tmp_path, config=config, own={("transports", "strange"): (own, dict)}, **more))
        return opened[-1]

    yield owned
    for one in opened:
        one.close()


def takes_long(seconds=LONG):
    threading.Event().wait(seconds)


def tried_once(one, id):
    """It was never given up on."""
    view = one.done(id)
    return view["progress"]["attempt"] == 1 and one.events(id, "attempt_failed") == []


@pytest.mark.fault(74)
def test_a_claim_that_waits_for_the_journal_is_nobodys_silence(owned, monkeypatch):
    one, slow = owned(lambda _, shipment: took(shipment)), []
    real = one.store.commit

    def commit(units, *, synced):
        units = [list(unit) for unit in units]
        if not slow and any("owner" in getattr(change, "fields", {}) for unit in units for change in unit):
            slow.append(True)
            takes_long()
        return real(units, synced=synced)

    monkeypatch.setattr(one.store, "commit", commit)
    id = one.put(one.file(), "strange://h/a")

    assert tried_once(one, id)
    assert slow == [True]


@pytest.mark.fault(74)
def test_a_source_that_is_compared_for_long_is_not_taken_for_a_transport_that_hangs(owned, monkeypatch):
    real, compared = Reader.begins_with, []

    def begins_with(self, prefix):
        compared.append(prefix[0])
        takes_long()
        return real(self, prefix)

    monkeypatch.setattr(Reader, "begins_with", begins_with)

    def act(_transport, shipment):
        if shipment.session is None:
            shipment.record(Session(kind="x/1", data={"id": "1"}))
            shipment.readinto(memoryview(bytearray(500)), 0)
            shipment.confirm(500)
            raise Transient("cut", retry_after=0.5)
        return took(shipment)

    one = owned(act)
    file = one.file()
    id = one.put(file, "strange://h/a")
    eventually(lambda: one.events(id, "attempt_failed"))
    shutil.copy2(file, f"{file}.new")
    os.replace(f"{file}.new", file)

    assert one.done(id)["progress"]["attempt"] == 2
    assert compared == [500]


@pytest.mark.fault(74)
def test_one_of_a_run_that_is_made_ready_for_long_costs_the_others_nothing(owned, monkeypatch):
    real, slow, sent = Origin._begin, [], Counter()

    def begin(self, record, reader, compares):
        if record.spec.name.endswith("2") and not slow:
            slow.append(True)
            takes_long()
        return real(self, record, reader, compares)

    def act(_transport, shipment):
        sent[shipment.name.name] += 1
        return took(shipment)

    monkeypatch.setattr(Origin, "_begin", begin)
    one = owned(act, driver=Gang, config=FEW)
    ids = [one.put(one.file(str(number)), f"strange://h/{number}") for number in range(4)]

    assert all(tried_once(one, id) for id in ids)
    assert set(sent.values()) == {1}


@pytest.mark.fault(74)
@pytest.mark.parametrize("driver", [Stranger, Gang])
def test_what_was_given_up_on_while_it_was_made_ready_sends_nothing_when_it_comes_back(owned, monkeypatch, driver):
    """A source on a share that does not answer: the order to pause is carried out all the same."""
    real, there, back, sent = Origin._begin, threading.Event(), threading.Event(), Counter()
    opened = threading.Event()

    def begin(self, record, reader, compares):
        if not opened.is_set():
            opened.set()
            there.wait(60)
        return real(self, record, reader, compares)

    def act(_transport, shipment):
        sent[shipment.name.name] += 1
        return took(shipment)

    monkeypatch.setattr(Origin, "_begin", begin)
    one = owned(act, driver=driver, config=FEW)
    monkeypatch.setattr(one.owner._vigil._attempts, "_came_back", lambda errand: back.set())
    id = one.put(one.file(), "strange://h/a")
    assert opened.wait(60)
    one.order("pause", id)
    one.until(id, "paused_by_application")

    there.set()
    assert back.wait(60)
    assert (sent, one.owner._underway.all()) == ({}, {})
    one.order("resume", id)
    one.done(id)
    assert sent == {"a": 1}


@pytest.mark.fault(74)
def test_a_transport_that_may_wait_for_longer_by_its_own_settings_is_not_cut_short(owned):
    def act(_transport, shipment):
        takes_long()
        return took(shipment)

    one = owned(act, config=f'{HASTY}[destinations.far]\nurl = "strange://h/"\nresponse_timeout = 30.0\n')
    id = one.put(one.file(), "far:a")

    assert tried_once(one, id)


@pytest.mark.fault(74)
@pytest.mark.parametrize("again", [False, True], ids=["read to its end", "confirmed to its end"])
def test_a_server_that_makes_a_digest_of_something_large_is_waited_for(owned, again):
    tries = []

    def act(_transport, shipment):
        tries.append(shipment.session is not None)
        if shipment.session is None:
            shipment.record(Session(kind="x/1", data={"id": "1"}))
            took(shipment)
            shipment.confirm(shipment.size)
            if again:
                raise Transient("the line was cut")
        takes_long()
        return Delivery(url=shipment.target.url, size=shipment.size, verified="server-digest")

    one = owned(act)
    id = one.put(one.file(content=b"x" * 1_000_000), "strange://h/a", demand=Demand(verify="digest"))

    one.done(id)
    assert tries == ([False, True] if again else [False])


# A process whose transport is silent for a moment, which it tells of; at its end it tells in how many tries it came to one.
STOPPED = """
import sys, threading
from pathlib import Path
from tests.core.owned import Owned
from tests.faults.test_plugin_faults import HASTY, Stranger, took

def act(_transport, shipment):
    print("at it", flush=True)
    sys.stdin.readline()
    return took(shipment)

own = type("Own", (Stranger,), {"act": staticmethod(act)})
with Owned(Path(sys.argv[1]), config=HASTY.replace("0.1s", "0.3s"), own={("transports", "strange"): (own, dict)}) as one:
    id = one.put(one.file(), "strange://h/a")
    print(one.done(id)["progress"]["attempt"], len(one.events(id, "attempt_failed")), flush=True)
"""


@pytest.mark.fault(74)
def test_a_process_that_is_stopped_and_goes_on_gives_nobody_up(tmp_path):
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(tmp_path)], cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "at it\n"
        process.send_signal(signal.SIGSTOP)
        takes_long(4.0)
        process.send_signal(signal.SIGCONT)
        takes_long(0.5)
        process.stdin.write("go on\n")
        process.stdin.flush()
        told = process.stdout.readline()
        process.stdin.close()
    assert told.split() == ["1", "0"]


@pytest.mark.fault(74)
def test_a_source_that_does_not_answer_is_not_held_against_the_transport_that_waits_for_it(owned, monkeypatch):
    monkeypatch.setattr("sendoff.runtime.attempts.MOST_HANGING", 1)
    real, there = FileReader._read, threading.Event()

    def read(self, buffer, offset):
        if "dead" in str(self.path):
            there.wait(60)
        return real(self, buffer, offset)

    monkeypatch.setattr(FileReader, "_read", read)
    one = owned(lambda _, shipment: took(shipment))
    dead = one.put(one.file("dead"), "strange://h/dead")
    eventually(lambda: one.view(dead)["status"] == "running")
    one.order("pause", dead)
    one.until(dead, "paused_by_application")
    good = one.put(one.file("good"), "strange://h/good")
    try:
        assert tried_once(one, good)
    finally:
        there.set()
