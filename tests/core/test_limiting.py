"""Limits that are changed while the work runs: at once, for what runs too, and until the file says otherwise."""

import os
import sys
import time
import tomllib
from datetime import datetime
from threading import Event, Thread

import pytest
from sendoff.cli.clock import local
from sendoff.cli.limit.file import save
from sendoff.errors import InvalidArgument
from sendoff.model.configuration import Configuration
from sendoff.model.limits import Limits
from sendoff.model.moment import moment, moment_text
from sendoff.model.query import Applied, Order, Query, Question, Selection
from sendoff.policy.waits import Full
from sendoff.runtime.limiting import Limiting
from sendoff.testing.fake_clock import FakeClock
from sendoff.testing.receiver import Receiver

from tests.core.coming import occupied
from tests.core.owned import QUICK, Owned, eventually
from tests.core.small_desk import SmallDesk
from tests.core.test_conductor import Stand

KIB, MIB = 2**10, 2**20
FILED = f'{QUICK}[limits]\nbandwidth = "2M"\nconcurrency = 8\n[destinations.slow]\nurl = "plain://slow/"\nbandwidth = "100k"\n'


@pytest.fixture
def filed(tmp_path):
    with Owned(tmp_path, config=FILED) as made:
        yield made


def limit(owned, **details):
    owned.owner.order(Order(verb="limit", details=details), Selection())
    return limits_of(owned)


def limits_of(owned):
    return owned.owner.ask(Question(what="limits"))


def test_what_is_in_force_is_told_with_what_it_means_now(filed):
    found = limits_of(filed)
    assert (found["bandwidth"], found["rate"], found["until"], found["then"]) == ("2M", 2 * MIB, None, None)
    assert (found["concurrency"], found["per_destination"], found["fed"], found["running"], found["unsaved"]) == (8, 4, 512, 0, [])
    assert found["destinations"] == {
        "slow": {"bandwidth": "100k", "rate": 100 * KIB, "until": None, "then": None, "concurrency": None, "fed": 25},
    }
    assert filed.owner.ask(Question(what="status"))["limits"] == found


def test_a_timetable_is_told_with_when_it_changes_and_to_what(filed):
    hour = (datetime.now().hour + 2) % 24
    found = limit(filed, bandwidth=f"{hour:02}:00,1M {(hour + 5) % 24:02}:00,off")
    assert found["rate"] is None and found["then"] == MIB
    assert datetime.fromisoformat(found["until"].replace("Z", "+00:00")).astimezone().hour == hour


def test_each_limit_is_changed_by_itself(filed):
    limit(filed, bandwidth="1M")
    limit(filed, concurrency=2)
    limit(filed, concurrency=1, destination="slow")
    found = limit(filed, bandwidth="off", destination="slow:")
    assert (found["bandwidth"], found["concurrency"]) == ("1M", 2)
    assert (found["destinations"]["slow"]["bandwidth"], found["destinations"]["slow"]["concurrency"]) == ("off", 1)
    assert found["unsaved"] == ["limits.bandwidth", "limits.concurrency", "destinations.slow.bandwidth", "destinations.slow.concurrency"]


def test_what_the_file_says_anew_takes_the_place_of_what_was_asked_for_and_leaves_the_rest(filed):
    limit(filed, bandwidth="1M")
    limit(filed, concurrency=2)
    filed.config.write_text(FILED.replace('"2M"', '"3M"'))
    filed.owner.reconfigure()
    found = limits_of(filed)
    assert (found["bandwidth"], found["concurrency"], found["unsaved"]) == ("3M", 2, ["limits.concurrency"])


def test_a_limit_that_is_asked_for_while_the_file_is_read_anew_is_in_force_afterwards():
    begun, go_on, taken = Event(), Event(), []

    def take(configuration):
        if not begun.is_set():
            begun.set()
            go_on.wait(0.3)  # so long as nobody else puts anything in force
        taken.append(configuration.limits)
        go_on.set()

    limiting = Limiting(FakeClock(), take, lambda: None)
    reading = Thread(target=limiting.refile, args=(Configuration(limits=Limits(concurrency=8)),))
    reading.start()
    begun.wait(5)
    limiting.order({"bandwidth": "1M"})
    reading.join(5)
    assert (taken[-1].concurrency, taken[-1].bandwidth) == (8, "1M")


def test_a_limit_of_a_destination_that_is_no_longer_there_is_none(filed):
    limit(filed, concurrency=3, destination="slow")
    limit(filed, concurrency=2)
    filed.config.write_text(FILED.partition("[destinations.slow]")[0])
    filed.owner.reconfigure()
    found = limits_of(filed)
    assert (found["destinations"], found["unsaved"]) == ({}, ["limits.concurrency"])


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({}, "a limit of what"), ({"bandwidth": "fast"}, "'fast' is no rate"), ({"bandwidth": 3}, "written as a text"), ({"concurrency": 0}, "1 or more"),
        ({"concurrency": True}, "1 or more"), ({"bandwidth": "1M", "destination": "slo"}, "there is no [destinations.slo]; did you mean 'slow'?"),
        ({"speed": "1M"}, "a limit has no speed"), ({"concurrency": 10**23}, "65536 at most"), ({"bandwidth": "9" * 300}, "more than any network carries"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_sentence_and_changes_nothing(details, said, filed):
    before = limits_of(filed)
    with pytest.raises(InvalidArgument) as refused:
        limit(filed, **details)
    assert said in refused.value.message and limits_of(filed) == before


def test_what_runs_slows_down_and_speeds_up_at_once(tmp_path):
    with Receiver() as receiver, Owned(tmp_path) as owned:
        limit(owned, bandwidth="64k")
        id = owned.put(owned.file("big", os.urandom(4 * MIB)), f"{receiver.url}a")
        receiver.wait_for(bytes=16 * KIB)
        assert not receiver.requests[0].complete
        began = time.monotonic()
        limit(owned, bandwidth="off")
        owned.done(id)
        assert time.monotonic() - began < 10.0  # at 64k it would take a minute
        assert len(receiver.requests) == 1


def test_one_that_waits_for_bandwidth_is_stopped_at_once(tmp_path):
    with Receiver() as receiver, Owned(tmp_path, config=f'{QUICK}[limits]\nbandwidth = "10b"\n') as owned:
        id = owned.put(owned.file("big", os.urandom(MIB)), f"{receiver.url}a")
        eventually(lambda: owned.view(id)["status"] == "running" and receiver.requests)
        began = time.monotonic()
        owned.order("pause", id)
        owned.until(id, "paused_by_application")
        assert time.monotonic() - began < 5.0


def test_more_begin_at_once_when_more_may(tmp_path):
    with Owned(tmp_path, config=f"{QUICK}[limits]\nconcurrency = 1\n") as owned, occupied(owned):
        ids = [owned.put(owned.file(), f"plain://other-{number}/a") for number in range(2)]
        assert {owned.view(id)["status"] for id in ids} == {"idle"}
        limit(owned, concurrency=4)
        for id in ids:
            owned.done(id)


# -- the command --------------------------------------------------------------------------------------------------------


class LimitDesk(SmallDesk):
    """One that knows limits. orders: their details."""

    def __init__(self):
        super().__init__()
        self.orders = []
        self.limits = {
            "concurrency": 16, "per_destination": 4, "bandwidth": "off", "rate": None, "until": None, "then": None, "fed": None, "running": 3,
            "destinations": {}, "unsaved": [],
        }  # fmt: skip

    def order(self, order, which):
        self.orders.append(dict(order.details))
        return Applied()

    def ask(self, question):
        assert question.what == "limits"
        return self.limits


@pytest.fixture
def desk():
    return LimitDesk()


@pytest.fixture
def limits(desk):
    return desk.limits


def test_it_says_what_is_in_force(limits, told):
    assert told("limit").out.splitlines() == [
        "bandwidth    as fast as it goes", "concurrency  16 uploads at once, 4 to one destination; 3 now",
    ]  # fmt: skip


def test_it_says_until_when_by_the_local_clock_and_how_few_live_on_it(limits, told):
    until = "2026-01-02T03:04:05.000000Z"
    limits |= {"bandwidth": "08:00,8k 12:00,10M", "rate": 8192.0, "until": until, "then": 10.0 * MIB, "fed": 2}
    limits["destinations"] = {"lab": {"bandwidth": "1M", "rate": MIB, "until": None, "then": None, "concurrency": 2, "fed": 256}}
    assert told("limit").out.splitlines() == [
        f"bandwidth    8.0 KiB/s until {local(until)}, then 10.0 MiB/s (08:00,8k 12:00,10M)",
        "concurrency  16 uploads at once, 4 to one destination, 2 at this bandwidth; 3 now",
        "to lab       1.0 MiB/s; 2 at once",
    ]


@pytest.mark.parametrize(
    ("words", "details"),
    [
        (["bandwidth", "10M"], {"bandwidth": "10M"}), (["bandwidth", "08:00,1M 12:00,off"], {"bandwidth": "08:00,1M 12:00,off"}),
        (["bandwidth", "08:00,1M", "12:00,off", "concurrency", "3"], {"bandwidth": "08:00,1M 12:00,off", "concurrency": 3}),
        (["concurrency", "2", "--destination", "lab"], {"concurrency": 2, "destination": "lab"}),
    ],
)  # fmt: skip
def test_what_stands_on_the_line_is_ordered(words, details, limits, desk, told):
    assert told("limit", *words).code == 0
    assert desk.orders == [details]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["speed", "1M"], "knows no 'speed'"), (["bandwidth"], "bandwidth what?"), (["concurrency", "many"], "1 or more"), (["concurrency", "0"], "1 or more"),
        (["concurrency", "9" * 23], "65536 at most"), (["concurrency", "9" * 5000], "65536 at most"),
        (["--destination", "lab"], "a limit of what?"), (["10M"], "knows no '10M'"),
    ],
)  # fmt: skip
def test_a_line_that_makes_no_sense_is_refused(words, said, limits, told):
    answer = told("limit", *words)
    assert answer.code == 2 and said in answer.err


def test_a_change_says_how_long_it_holds(limits, told):
    limits["unsaved"] = ["limits.bandwidth"]
    assert "in force until the host ends; sendoff limit --save" in told("limit", "bandwidth", "1M").err


COMMENTED = """# mine
[limits]
concurrency = 3 # few
# below is the archive
[destinations.archive]
url = "https://h/" # there
[destinations."a-b"]
url = "https://g/"
"""


def test_saving_changes_what_is_to_be_changed_and_keeps_every_comment(limits, told, tmp_path):
    file = tmp_path / "sendoff.toml"
    file.write_text(COMMENTED)
    file.chmod(0o640)
    limits |= {"bandwidth": "1M", "unsaved": ["limits.bandwidth", "limits.concurrency", "destinations.a-b.bandwidth"]}
    limits["destinations"] = {"a-b": {"bandwidth": "2M", "rate": 2.0 * MIB, "until": None, "then": None, "concurrency": None, "fed": None}}
    answer = told("limit", "--save")
    assert (answer.code, answer.err) == (0, f"written into {file}\n")
    assert file.read_text() == COMMENTED.replace("concurrency = 3 # few", 'concurrency = 16 # few\nbandwidth = "1M"') + 'bandwidth = "2M"\n'
    assert file.stat().st_mode & 0o777 == 0o640 and sorted(one.name for one in tmp_path.iterdir()) == ["sendoff.toml"]


@pytest.mark.parametrize(
    "text",
    [
        '[destinations]\narchive = { url = "https://h/" }\n', '[destinations.archive]\nurl = "https://h/"\n[destinations.archive.headers]\nX = "1"\n',
        'destinations.archive.url = "https://h/"\n', '[destinations.archive]\nurl = "https://h/"',
    ],
    ids=["inline", "with a section below", "dotted", "without a line break at the end"],
)  # fmt: skip
def test_saving_finds_a_destination_however_it_is_written(text, limits, told, tmp_path):
    (tmp_path / "sendoff.toml").write_text(text)
    limits["unsaved"] = ["destinations.archive.bandwidth"]
    limits["destinations"] = {"archive": {"bandwidth": "2M", "rate": 2.0 * MIB, "until": None, "then": None, "concurrency": None, "fed": None}}
    assert told("limit", "--save").code == 0
    assert tomllib.loads((tmp_path / "sendoff.toml").read_text())["destinations"]["archive"]["bandwidth"] == "2M"


def test_saving_makes_a_file_where_there_is_none(limits, told, tmp_path):
    limits |= {"bandwidth": "1M", "unsaved": ["limits.bandwidth"]}
    assert told("limit", "--save").code == 0
    assert (tmp_path / "sendoff.toml").read_text() == '[limits]\nbandwidth = "1M"\n'


def test_saving_keeps_how_lines_end_and_what_else_lies_there_and_writes_where_a_link_leads(limits, told, tmp_path):
    elsewhere, beside = tmp_path / "mine" / "real.toml", tmp_path / "sendoff.toml.new"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(COMMENTED.replace("\n", "\r\n").encode())
    beside.write_text("my own")
    (tmp_path / "sendoff.toml").symlink_to(elsewhere)
    limits |= {"bandwidth": "1M", "unsaved": ["limits.bandwidth"]}
    assert told("limit", "--save").code == 0
    wanted = COMMENTED.replace("= 3 # few\n", '= 3 # few\nbandwidth = "1M"\n').replace("\n", "\r\n")
    assert elsewhere.read_bytes().decode() == wanted and (tmp_path / "sendoff.toml").is_symlink()
    assert beside.read_text() == "my own" and [*elsewhere.parent.iterdir()] == [elsewhere]


def test_a_private_configuration_can_at_no_moment_be_read_by_others(tmp_path):
    file = tmp_path / "sendoff.toml"
    file.write_text(COMMENTED)
    file.chmod(0o600)
    seen = set()

    def look(frame, event, _):
        if event in ("call", "c_call"):
            seen.update(one.stat().st_mode & 0o777 for one in os.scandir(tmp_path))

    umask, profile = os.umask(0o022), sys.getprofile()
    sys.setprofile(look)
    try:
        save(str(file), {"limits.bandwidth": "1M"})
    finally:
        sys.setprofile(profile)
        os.umask(umask)
    assert seen == {0o600} and tomllib.loads(file.read_text())["limits"]["bandwidth"] == "1M"


def test_a_saved_configuration_belongs_to_whom_it_did(tmp_path):
    file = tmp_path / "sendoff.toml"
    file.write_text(COMMENTED)
    whose = (12345, 54321) if os.geteuid() == 0 else (os.geteuid(), os.getegid())  # only root gives files away
    os.chown(file, *whose)
    file.chmod(0o640)
    save(str(file), {"limits.bandwidth": "1M"})
    found = file.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (*whose, 0o640)


def test_a_file_that_cannot_be_read_is_left_as_it_is(limits, told, tmp_path):
    (tmp_path / "sendoff.toml").write_text("[limits\n")
    limits |= {"bandwidth": "1M", "unsaved": ["limits.bandwidth"]}
    answer = told("limit", "--save")
    assert answer.code == 2
    assert "cannot be changed as it stands" in answer.err and (tmp_path / "sendoff.toml").read_text() == "[limits\n"


def test_what_could_not_be_used_afterwards_is_not_written_and_the_file_is_named(limits, told, tmp_path):
    file = tmp_path / "sendoff.toml"
    file.write_text("# nothing yet\n")
    limits["unsaved"] = ["destinations.gone.bandwidth"]
    limits["destinations"] = {"gone": {"bandwidth": "2M", "rate": 2.0 * MIB, "until": None, "then": None, "concurrency": None, "fed": None}}
    answer = told("limit", "--save")
    assert answer.code == 2
    assert f"{file}: [destinations.gone]" in answer.err and [*tmp_path.glob("*.toml*")] == [file] and file.read_text() == "# nothing yet\n"


def test_a_variable_that_is_stronger_than_the_file_is_named(limits, told, monkeypatch):
    monkeypatch.setenv("SENDOFF_LIMITS__BANDWIDTH", "3M")
    limits |= {"bandwidth": "1M", "unsaved": ["limits.bandwidth"]}
    answer = told("limit", "--save")
    assert answer.code == 2 and "SENDOFF_LIMITS__BANDWIDTH is set" in answer.err


def test_moments_are_shown_by_the_local_clock_with_their_day_where_it_is_another():
    text = f"since {moment_text(moment(datetime(2026, 1, 2, 12).timestamp()))}."
    assert local(text, datetime(2026, 1, 2, 23)) == "since 12:00:00."
    assert local(text, datetime(2026, 1, 3)) == "since Fri 02 Jan 12:00."
    assert local("it waits") == "it waits"


def test_no_more_start_than_the_bandwidth_keeps_alive() -> None:
    stand = Stand(concurrency=4, per_destination=4, fed=lambda place: 3 if place is None else 2)
    stand.put("a", 5)
    stand.put("b", 5)

    stand.reach(stand.step())

    assert stand.conductor.running == 3
    assert stand.conductor.full(stand.store.find(Query(), limit=100).items[-1]) == Full("bandwidth", 3)
