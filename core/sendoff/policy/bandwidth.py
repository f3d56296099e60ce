"""How fast, and when: the timetables of rclone's ``--bwlimit``, word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sendoff.errors import InvalidArgument
from sendoff.model.moment import SECOND, Moment

OFF = "off"
_SHOWN = 60  # characters of an entry that are repeated
_MOST = 2**63  # bytes a second: rclone's numbers end there
_DAY = 1440  # minutes
_WEEK_AND_A_DAY = 8  # days in which every entry comes round, whatever the clocks do
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_SIZE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:([kmgtpe])(?:ib?|b)?|(b))?", re.IGNORECASE | re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_EXAMPLE = 'write 10M, off, or a timetable such as "08:00,512k 19:00,10M 23:00,off"'


@dataclass(frozen=True, slots=True)
class Turn:
    """From a time of the week on. at: minutes since Sunday, midnight. rate: bytes a second; None = as fast as it goes."""

    at: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class Timetable:
    """How fast at which time of the week, by the local clock. text: as it was written. turns: in the order of the text; never none."""

    text: str
    turns: tuple[Turn, ...]

    @property
    def limits(self) -> bool:
        """Whether there is a time at which it slows anything down."""
        return any(turn.rate is not None for turn in self.turns)

    def rate(self, now: Moment) -> float | None:
        """Bytes a second at this moment: of the latest entry that has come this week, else of the last that is written. None = as fast as it goes."""
        minute = _minute(now)
        found = self.turns[-1]
        latest = -1
        for turn in self.turns:
            if latest <= turn.at <= minute:
                found, latest = turn, turn.at
        return found.rate

    def until(self, now: Moment) -> Moment | None:
        """When that changes; None = never."""
        rate = self.rate(now)
        return next((moment for moment in sorted(set(self._turning(now))) if moment > now and self.rate(moment) != rate), None)

    def _turning(self, now: Moment) -> Iterator[Moment]:
        """Every moment of the next days at which another entry may begin to count: its time, and when the clocks are changed."""
        midnight = _local(now).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        for number in range(_WEEK_AND_A_DAY + 1):
            day = midnight + timedelta(days=number)
            yield from _clocks_changed(day)
            for turn in self.turns:
                if turn.at // _DAY == day.isoweekday() % 7:
                    time = day + timedelta(minutes=turn.at % _DAY)
                    yield from (_moment(time.replace(fold=0)), _moment(time.replace(fold=1)))


def timetable(text: str) -> Timetable:
    """Reads what rclone's ``--bwlimit`` takes. Errors: ``InvalidArgument`` names the entry and says why.

    text: ``10M``; ``off``; ``08:00,512k 12:00,10M:100k 23:00,off``; ``Mon-00:00,512 Fri-23:59,10M``. Sizes are a second, of 1024 bytes where no unit is named,
    b k M G T P; of ``upload:download`` the first counts. Entries stand apart by spaces or semicolons.
    """
    written = text.strip()
    if not written:
        raise InvalidArgument(f"bandwidth: it is empty; {_EXAMPLE}")
    if not any(mark in written for mark in " ,;"):
        return Timetable(written, (Turn(0, _rate(written, written)),))
    entries = re.split(r"[\s;]+", written)
    return Timetable(written, tuple(turn for entry in entries if entry for turn in _turns(entry)))


def _turns(entry: str) -> Iterator[Turn]:
    """One entry: on its day, or on every day."""
    parts = entry.split(",")
    if len(parts) != 2:
        raise InvalidArgument(f"bandwidth: the entry {entry!r} is not TIME,RATE; {_EXAMPLE}")
    day, dash, time = parts[0].rpartition("-")
    found = _TIME.fullmatch(time)
    if found is None:
        raise InvalidArgument(f"bandwidth: the entry {entry!r} has no time of day {time!r}; write it as 08:00, between 00:00 and 23:59")
    minute, rate = int(found[1]) * 60 + int(found[2]), _rate(parts[1], entry)
    for number in [_weekday(day, entry)] if dash else range(7):
        yield Turn(number * _DAY + minute, rate)


def _weekday(word: str, entry: str) -> int:
    known = {name: number for number, day in enumerate(_DAYS) for name in (day, day[:3])}
    if word.lower() not in known:
        raise InvalidArgument(f"bandwidth: the entry {entry!r} has no day {word!r}; write Mon, Tue, Wed, Thu, Fri, Sat or Sun")
    return known[word.lower()]


def _rate(text: str, entry: str) -> float | None:
    """The upload side of a rate; the other must make sense too. 0 is no limit, as ``off`` is."""
    up, colon, down = text.partition(":")
    rates = [_size(one, entry) for one in ((up, down) if colon else (up,))]
    return rates[0] or None


def _size(text: str, entry: str) -> float:
    if text.lower() == OFF:
        return 0.0
    found = _SIZE.fullmatch(text)
    if found is None:
        what = f"{text!r} is no rate" if text == entry else f"the entry {entry!r} has a rate that is none, {text!r}"
        raise InvalidArgument(f"bandwidth: {what}; write 512k, 10M, 10M:1M (upload:download) or off")
    unit = "b" if found[3] else (found[2] or "k").lower()
    rate = float(found[1]) * 1024.0 ** "bkmgtpe".index(unit)
    if rate < 1 and found[1].strip("0."):
        raise InvalidArgument(f"bandwidth: {entry[:_SHOWN]!r} is less than one byte a second; write 1b at least, or pause the uploads")
    if rate >= _MOST:
        raise InvalidArgument(f"bandwidth: {entry[:_SHOWN]!r} is more than any network carries; write off for as fast as it goes")
    return rate


# -- the local clock ---------------------------------------------------------------------------------------------------


def _local(now: Moment) -> datetime:
    return datetime.fromtimestamp(now // SECOND)


def _moment(local: datetime) -> Moment:
    return round(local.timestamp()) * SECOND


def _minute(now: Moment) -> int:
    """Minutes since Sunday, midnight, as the clock on the wall shows it."""
    local = _local(now)
    return local.isoweekday() % 7 * _DAY + local.hour * 60 + local.minute


def _clocks_changed(day: datetime) -> Iterator[Moment]:
    """The second at which the clocks are put forward or back on this day, where they are."""
    low, high = round(day.timestamp()), round((day + timedelta(days=1)).timestamp())
    before = _offset(low)
    if before == _offset(high):
        return
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle) == before else (low, middle)
    yield high * SECOND


def _offset(seconds: int) -> timedelta | None:
    return datetime.fromtimestamp(seconds).astimezone().utcoffset()
