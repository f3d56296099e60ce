"""The timetables of rclone's --bwlimit: what they mean at which time, and what is said of those that mean nothing."""

import time
from datetime import datetime

import pytest
from sendoff.errors import InvalidArgument
from sendoff.policy.bandwidth import timetable

KIB, MIB = 1024.0, 1024.0**2


@pytest.fixture(autouse=True)
def clock_of(monkeypatch):
    """The local clock is that of this place; Berlin where nobody says otherwise."""

    def moved(place):
        monkeypatch.setenv("TZ", place)
        time.tzset()

    moved("Europe/Berlin")
    yield moved
    monkeypatch.undo()
    time.tzset()


def at(text, fold=0):
    """The moment at which a local clock shows this."""
    return round(datetime.fromisoformat(text).replace(fold=fold).timestamp()) * 1_000_000


def shown(moment):
    return datetime.fromtimestamp(moment // 1_000_000).isoformat(" ")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10M", 10 * MIB), ("512", 512 * KIB), ("512k", 512 * KIB), ("512K", 512 * KIB), ("100b", 100.0), ("100B", 100.0), ("1.5M", 1.5 * MIB),
        ("1G", 1024 * MIB), ("1T", 1024**2 * MIB), ("1P", 1024**3 * MIB), ("1Mi", MIB), ("1MiB", MIB), ("10M:100k", 10 * MIB), ("off:1M", None),
        ("1M:off", MIB), ("off", None), ("OFF", None), ("0", None), (" 10M ", 10 * MIB),
    ],
)  # fmt: skip
def test_a_rate_is_a_second_and_of_1024_bytes_where_no_unit_is_named(text, rate):
    found = timetable(text)
    assert found.rate(at("2026-03-02 12:00")) == rate and found.limits is (rate is not None) and found.until(at("2026-03-02 12:00")) is None


WORK = "08:00,512k 12:00,10M:100k 13:00,512k 18:00,30M 23:00,off"


@pytest.mark.parametrize(
    ("clock", "rate"),
    [
        ("07:59", None), ("08:00", 512 * KIB), ("11:59", 512 * KIB), ("12:00", 10 * MIB), ("12:59", 10 * MIB), ("13:00", 512 * KIB), ("18:30", 30 * MIB),
        ("23:00", None), ("00:00", None),
    ],
)  # fmt: skip
def test_each_day_goes_by_its_times_and_the_night_by_the_last_of_the_day_before(clock, rate):
    assert timetable(WORK).rate(at(f"2026-03-04 {clock}")) == rate
    assert timetable(WORK.replace(" ", ";")).rate(at(f"2026-03-04 {clock}")) == rate


WEEK = "Mon-00:00,512 Fri-23:59,10M Sat-10:00,1M Sun-20:00,off"


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        ("2026-03-02 00:00", 512 * KIB), ("2026-03-06 23:58", 512 * KIB), ("2026-03-06 23:59", 10 * MIB), ("2026-03-07 09:59", 10 * MIB),
        ("2026-03-07 10:00", MIB), ("2026-03-08 19:59", None), ("2026-03-08 20:00", None), ("2026-03-08 23:59", None),
    ],
)  # fmt: skip
def test_days_of_the_week_begin_with_sunday_as_those_of_rclone_do(day, rate):
    """rclone's week begins on Sunday: before its first entry the last that is written holds, here ``Sun-20:00,off``."""
    assert timetable(WEEK).rate(at(day)) == rate


def test_days_have_their_long_names_too_in_any_case():
    assert timetable("monday-08:00,1M TUESDAY-08:00,2M").rate(at("2026-03-03 09:00")) == 2 * MIB


@pytest.mark.parametrize(
    ("clock", "until"),
    [("2026-03-04 07:00", "2026-03-04 08:00:00"), ("2026-03-04 08:00", "2026-03-04 12:00:00"), ("2026-03-04 23:30", "2026-03-05 08:00:00")],
)
def test_it_says_until_when_a_rate_holds(clock, until):
    assert shown(timetable(WORK).until(at(clock))) == until
    assert shown(timetable("Mon-08:00,1M Wed-08:00,1M Thu-09:00,2M").until(at("2026-03-02 10:00"))) == "2026-03-05 09:00:00"


def test_where_an_hour_is_left_out_what_would_begin_in_it_begins_with_the_next(clock_of):
    night = timetable("02:30,1M 04:00,off")
    before = at("2026-03-29 01:59:59")
    assert night.rate(before) is None and shown(night.until(before)) == "2026-03-29 03:00:00"
    assert night.rate(night.until(before)) == MIB


def test_an_hour_that_comes_twice_goes_by_the_clock_both_times(clock_of):
    night = timetable("02:30,1M 04:00,off")
    first = at("2026-10-25 02:30")
    assert night.until(at("2026-10-25 01:00")) == first and night.rate(first) == MIB
    again = night.until(first)  # the clocks go back to 02:00
    assert (shown(again), again - first, night.rate(again)) == ("2026-10-25 02:00:00", 1800 * 1_000_000, None)
    assert night.until(again) == at("2026-10-25 02:30", fold=1)


def test_it_goes_by_the_clock_of_the_place(clock_of):
    noon = at("2026-03-04 12:00")
    clock_of("America/New_York")
    assert timetable(WORK).rate(noon) is None  # 06:00 there


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"), ("fast", "'fast' is no rate"), ("10X", "'10X' is no rate"), ("-1", "'-1' is no rate"),
        ("10M:", "'10M:' has a rate that is none, ''"),
        ("10M:x", "has a rate that is none, 'x'"), ("08:00,512k 12:00", "the entry '12:00' is not TIME,RATE"),
        ("08:00,512k,1M", "the entry '08:00,512k,1M' is not TIME,RATE"), ("8:00,1M", "no time of day '8:00'"), ("24:00,1M", "no time of day '24:00'"),
        ("08:60,1M", "no time of day '08:60'"), ("Foo-08:00,1M", "no day 'Foo'"), ("Mon-Tue-08:00,1M", "no day 'Mon-Tue'"),
        ("9" * 300, "is more than any network carries"), ("9" * 400 + "b", "is more than any network"), ("9000E", "is more than any network carries"),
        ("0.5b", "'0.5b' is less than one byte a second"), ("0.0001", "is less than one byte"), (f"0.{'0' * 400}1b", "is less than one byte a second"),
        ("08:00,1M 09:00,0.1b", "'09:00,0.1b' is less than one byte a second"), ("08:00,", "has a rate that is none, ''"),
        ("08:00,fast 12:00,off", "the entry '08:00,fast' has a rate that is none, 'fast'"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_in_one_sentence_that_names_the_entry(text, said):
    with pytest.raises(InvalidArgument) as refused:
        timetable(text)
    assert said in refused.value.message and "\n" not in refused.value.message
