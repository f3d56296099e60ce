"""The order of what waits, and moving in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sendoff.errors import InvalidArgument, InvalidState
from sendoff.model.change import Update
from sendoff.model.operation import Record
from sendoff.model.query import Applied, Order, Query, Selection
from sendoff.runtime.signals import Queued

from tests.core.test_sweeping import Ground


class Line(Ground):
    """Five that wait in one line, called by their numbers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.order("cancel", all=True)
        self.numbers = self.create(*"abcde")

    def move(self, *numbers: int, where: str, before: int | None = None) -> Applied:
        details = {"where": where, **({"before": str(before)} if before is not None else {})}
        return self.process.app.order(Order(verb="move", details=details), Selection(ids=tuple(map(str, numbers))))

    def waiting(self) -> list[int]:
        """In the order in which they will start."""
        found: list[Record] = []
        for lane in self.store.lanes(self.clock.now).items:
            found += self.store.due(lane.key, self.clock.now, 1000)
        return [record.number for record in found]


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def test_several_go_first_in_the_order_in_which_they_were_named(line: Line) -> None:
    a, b, c, d, e = line.numbers

    assert line.move(d, b, where="first").count == 2

    assert line.waiting() == [d, b, a, c, e]


def test_several_go_last_and_what_comes_later_goes_after_them(line: Line) -> None:
    a, b, c, d, e = line.numbers

    line.move(c, a, where="last")
    (f,) = line.create("f")

    assert line.waiting() == [b, d, e, c, a, f]


def test_several_go_before_another_one(line: Line) -> None:
    a, b, c, d, e = line.numbers

    line.move(e, b, where="before", before=c)

    assert line.waiting() == [a, e, b, c, d]


def test_before_the_first_one_is_first(line: Line) -> None:
    a, b, c, d, e = line.numbers

    line.move(e, where="before", before=a)

    assert line.waiting() == [e, a, b, c, d]


def test_a_batch_moves_as_it_stands(line: Line) -> None:
    first = line.waiting()
    more = line.create("x", "y")

    line.process.app.order(Order(verb="move", details={"where": "first"}), Selection(ids=(line.record(more[0]).batch,)))

    assert line.waiting() == [*more, *first]


def test_it_is_told(line: Line) -> None:
    line.move(line.numbers[4], where="before", before=line.numbers[0])

    (event,) = line.store.events(0, 1000, query=Query(types=("changed",)))
    assert (event.operation, event.data["moved"], event.data["before"]) == (line.record(line.numbers[4]).id, "before", line.record(line.numbers[0]).id)


def test_it_survives_the_process(line: Line) -> None:
    e = line.numbers[-1]
    line.move(e, where="first")

    line.boot()

    assert line.process.conductor.step([Queued()], line.clock.now).starts[0].record.number == e


@pytest.mark.parametrize("beside", [1, -1])
def test_where_no_number_is_left_between_two_their_neighbours_make_room(line: Line, beside: int) -> None:
    """Always into the same gap: after some fifty times a float has no value left there."""
    a, b, c, d, e = line.numbers
    rest = [c, e] if beside == 1 else [e, c]
    last = line.waiting()
    for _ in range(200):
        line.move(rest[0], where="before", before=d)
        line.move(rest[1], where="before", before=rest[0] if beside == -1 else d)
        rest.reverse()
        last = line.waiting()
        assert sorted(last) == line.numbers and last[:2] == [a, b] and last[4] == d
    (f,) = line.create("f")
    assert line.waiting() == [*last, f]


def test_among_very_many_room_is_made_without_changing_anybody_elses_place(line: Line) -> None:
    many = line.create(*(f"m{number}" for number in range(300)))
    one, other, anchor = many[10], many[20], many[150]
    expected = [number for number in line.waiting() if number not in (one, other)]
    place = expected.index(anchor)

    for turn in range(60):
        first, second = (one, other) if turn % 2 else (other, one)
        line.move(first, where="before", before=anchor)
        line.move(second, where="before", before=anchor)
        assert line.waiting() == [*expected[:place], first, second, *expected[place:]]


def test_what_runs_or_has_ended_is_not_moved(line: Line) -> None:
    a, b, *_ = line.numbers
    line.order("cancel", ids=(str(a),))

    with pytest.raises(InvalidState, match=f"operation {a} is canceled; only what waits"):
        line.move(a, where="first")
    with pytest.raises(InvalidState, match=f"operation {a} is canceled"):
        line.move(b, where="before", before=a)
    (ticket,) = line.process.conductor.step([Queued()], line.clock.now).starts
    (claimed,) = line.process.attempts._claim([ticket.record])
    assert claimed is not None
    with pytest.raises(InvalidState, match="is running; only what waits"):
        line.move(claimed.number, where="last")


def test_of_several_those_that_cannot_are_told_and_the_others_move(line: Line) -> None:
    a, b, c, d, e = line.numbers
    line.order("cancel", ids=(str(a),))

    applied = line.move(a, e, where="first")

    assert (applied.count, [id for id, _ in applied.skipped], line.waiting()) == (1, [line.record(a).id], [e, b, c, d])


def test_two_lines_are_named(line: Line) -> None:
    (other,) = line.create("elsewhere")
    record = line.record(other)
    line.store.commit([[Update(record.number, record.version, {"lane": "0|0|1|night|plain://10.0.0.9"})]], synced=True)

    with pytest.raises(InvalidState, match=r"wait in different lines: .*plain://10\.0\.0\.1, priority default.*plain://10\.0\.0\.9"):
        line.move(line.numbers[0], where="before", before=other)


def test_nothing_goes_before_itself_or_nowhere(line: Line) -> None:
    a = line.numbers[0]

    with pytest.raises(InvalidArgument, match="before itself"):
        line.move(a, where="before", before=a)
    with pytest.raises(InvalidArgument, match="none of first, last, before"):
        line.move(a, where="up")
    with pytest.raises(InvalidArgument, match="before which operation"):
        line.move(a, where="before")


def test_a_paused_one_keeps_the_place_it_was_moved_to(line: Line) -> None:
    a, b, c, d, e = line.numbers
    line.order("pause", ids=(str(e),))
    line.move(e, where="before", before=b)

    line.order("resume", ids=(str(e),))

    assert line.waiting() == [a, e, b, c, d]


@pytest.mark.parity("F59")
@pytest.mark.parametrize(
    ("current", "expected"), [(0, "abcdefg"), (1, "bcdefga"), (2, "cdefgab"), (5, "fgabcde"), (6, "gabcdef")], ids=["first", "b", "c", "f", "last"]
)
def test_one_of_a_group_goes_next_with_its_followers_and_those_before_it_after_them(line: Line, current: int, expected: str) -> None:
    numbers = line.create(*"tuvwxyz", group="g")
    named = dict(zip(numbers, "abcdefg", strict=True))

    applied = line.move(numbers[current], where="current")

    assert applied.count == 1
    assert "".join(named[number] for number in line.waiting() if number in named) == expected
    assert [number for number in line.waiting() if number not in named] == line.numbers, "others were moved, too"
    (later,) = line.create("later", group="g")
    assert [number for number in line.waiting() if number not in line.numbers][-1] == later


@pytest.mark.parity("F59")
def test_a_paused_one_of_the_group_turns_round_with_the_others(line: Line) -> None:
    numbers = line.create(*"vwxyz", group="g")
    line.order("pause", ids=(str(numbers[0]),))
    line.move(numbers[3], where="current")

    line.order("resume", ids=(str(numbers[0]),))

    assert [number for number in line.waiting() if number in numbers] == [numbers[place] for place in (3, 4, 0, 1, 2)]


def test_one_is_made_current_and_not_several(line: Line) -> None:
    with pytest.raises(InvalidArgument, match="one operation is made the current one"):
        line.move(*line.numbers[:2], where="current")
