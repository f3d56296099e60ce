"""What a watcher counts and prints."""

import io
import json

import pytest
from sendoff.cli.output import Output
from sendoff.cli.text import cells, folded, shortened, span
from sendoff.cli.watch.glance import Glance, in_a_line
from sendoff.cli.watch.motion import Motion
from sendoff.cli.watch.plain import Lines, Objects
from sendoff.cli.watch.tally import Tally, counted, tally_of
from sendoff.model.pace import Pace, left
from sendoff.model.progress import UploadProgress

from tests.core.small_desk import TERMINAL, SmallDesk

MIB = 2**20


def progress(id, sent, total=100 * MIB, confirmed=0, **more):
    return UploadProgress(operation=id, bytes_sent=sent, bytes_confirmed=confirmed, total_bytes=total, attempt=1, **more)


# -- words ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (59.4, "59s"), (80, "1m20s"), (3599, "59m59s"), (3600, "1h00m"), (86399, "23h59m"), (86400, "1d00h"), (273600, "3d04h")]
)
def test_a_length_of_time_is_short(seconds, text):
    assert span(seconds) == text


@pytest.mark.parametrize("text", ["short", "a" * 300, "höhe" * 40, "漢字かな" * 30, "e\u0301" * 100, ""])
@pytest.mark.parametrize("width", [1, 7, 20, 79])
def test_a_shortened_text_fits_and_keeps_its_end(text, width):
    short = shortened(text, width)
    assert cells(short) <= width
    assert short == text or (width < 3 or short.endswith(text[-1]))


@pytest.mark.parametrize("width", [30, 40, 79])
def test_a_folded_text_fits_and_loses_no_word(width):
    text = "  show      everything about an operation: why it waits, and what would help it on"
    lines = folded(text, width, 12)
    assert all(cells(line) <= width for line in lines) and all(line.startswith(" " * 12) for line in lines[1:])
    assert " ".join(lines).split() == text.split() and lines[0].startswith("  show")
    assert folded("", width, 12) == [""]


# -- rates ---------------------------------------------------------------------------------------------------------------


def test_a_rate_is_of_the_last_seconds_and_unknown_at_first():
    pace = Pace(window=5)
    assert [pace.rate(now, 10 * now) for now in (0, 0.25)] == [None, None]
    assert pace.rate(1.0, 10) == pytest.approx(10)
    for now in range(2, 20):
        rate = pace.rate(now, 10 + 100 * (now - 1))
    assert rate == pytest.approx(100)


def test_a_rate_is_unknown_when_nothing_has_moved_lately():
    pace = Pace(window=5)
    pace.note(0, 0)
    pace.note(1, 1000)
    rates = [pace.rate(now, 1000) for now in range(2, 9)]
    assert rates[0] == 500 and rates[-1] is None


def test_nothing_is_said_about_the_time_left_while_only_an_answer_is_awaited():
    assert (left(100, 10), left(100, None), left(0, 10)) == (10, None, None)


def test_what_moves_together_is_added_up_and_never_shrinks_when_one_begins_again():
    motion = Motion(0.0)
    motion.heard(progress("a", 10 * MIB), 0.1)  # was under way before anybody watched
    assert motion.moved == 0
    motion.heard(progress("a", 30 * MIB), 2.0)
    motion.heard(progress("b", 5 * MIB), 2.0)
    assert motion.moved == 25 * MIB
    motion.heard(progress("a", 0), 3.0)
    motion.heard(progress("a", 10 * MIB), 4.0)
    assert motion.moved == 35 * MIB
    motion.ended("b", 100 * MIB)
    motion.ended("small", MIB)
    assert motion.moved == 131 * MIB
    assert list(motion.live(4.1)) == ["a"] and not motion.live(9.0)


# -- counts --------------------------------------------------------------------------------------------------------------


def test_a_tally_says_what_runs_and_what_waits_for_what():
    statuses = {"running": 5, "idle": 12, "completed": 3, "error": 1, "paused_by_application": 2, "paused_recoverable": 2}
    reasons = {"": 8, "unreachable": 2, "queued": 9, "credential_needed": 1, "source_unavailable": 1}
    tally = counted(statuses, reasons)
    assert (tally.total, tally.ended, tally.failed, tally.open, tally.running, tally.person) == (25, 4, 1, 21, 3, 1)
    assert tally.waits == {"unreachable": 2, "queued": 9, "credential_needed": 1, "source_unavailable": 1, "paused": 2, "not started": 3}


def test_a_tally_of_operations_is_that_of_their_counts_and_bytes():
    desk = SmallDesk().add("a", status="completed").add("b", status="idle", reason="queued")
    desk.views["a"]["progress"] |= {"bytes_sent": 10, "bytes_confirmed": 10}
    tally = tally_of(desk.views.values())
    assert (tally.total, tally.ended, tally.bytes, tally.sent, tally.waits) == (2, 1, 20, 10, {"queued": 1})
    assert (tally + tally).waits == {"queued": 2}


def test_between_two_counts_what_ended_and_moved_is_reckoned_on():
    tally = Tally(total=10, ended=3, failed=1, running=2, waits={"queued": 4, "paused": 1}, bytes=1000, sent=300)
    later = tally.moved_on(3, 1, 250)
    assert (later.ended, later.failed, later.running, later.waits, later.sent) == (6, 2, 2, {"queued": 1, "paused": 1}, 550)
    end = tally.moved_on(20, 0, 5000)
    assert (end.ended, end.open, end.running, end.sent, end.waits) == (10, 0, 0, 1000, {"paused": 1})


def glance(running=2, tally=None, **more):
    live = {f"r{number}": progress(f"r{number}", 62 * MIB, rate=35.1 * MIB, eta=80.0) for number in range(running)}
    return Glance(tally=tally or Tally(total=10, running=running, bytes=4 * 2**30, sent=2**30), live=live, **more)


# -- off a terminal ------------------------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def said():
    return io.StringIO()


def test_a_line_a_minute_and_no_more(said):
    clock = Clock()
    lines = Lines(Output(said, io.StringIO()), clock)
    for clock.now in range(0, 150, 5):
        lines.show(glance(1, rate=35.0 * MIB))
    assert len(said.getvalue().splitlines()) == 3
    assert in_a_line(glance(1, tally=Tally(total=10, ended=3, running=2, bytes=4 * 2**30, sent=2**30, waits={"queued": 5}), rate=38.4 * MIB)) == (
        "3 of 10 done, 1.0 GiB of 4.0 GiB, 38.4 MiB/s, 1m20s left; 2 running, 5 queued"
    )


def test_an_object_when_something_moved_at_most_one_a_second_and_one_a_minute_at_least(said):
    clock = Clock()
    objects = Objects(Output(said, io.StringIO(), json=True), clock)
    for step in range(20):
        clock.now = step / 10
        objects.show(glance(1, tally=Tally(total=1, bytes=100, sent=step)))
    assert [json.loads(line)["sent_bytes"] for line in said.getvalue().splitlines()] == [0, 10]
    for clock.now in range(10, 130):
        objects.show(glance(1, tally=Tally(total=1, bytes=100, sent=19)))
    assert len(said.getvalue().splitlines()) == 4


# -- the command over a desk ---------------------------------------------------------------------------------------------


class Counting(SmallDesk):
    """A desk that counts, as a host does."""

    def ask(self, question):
        found = [view for view in self.views.values() if question.what == "open" or view["batch"] == question.details["name"]]
        found = [view for view in found if question.what != "open" or view["status"] not in TERMINAL]
        counts = {"statuses": {}, "reasons": {}, "total_bytes": 10 * len(found), "sent_bytes": 0}
        for view in found:
            counts["statuses"][view["status"]] = counts["statuses"].get(view["status"], 0) + 1
            counts["reasons"][view["reason"] or ""] = counts["reasons"].get(view["reason"] or "", 0) + 1
        return counts


@pytest.fixture
def desk():
    return Counting()


def test_nothing_to_watch_is_said_and_over(told):
    answer = told("watch")
    assert (answer.code, answer.out) == (0, "")
    assert "nothing to watch" in answer.err


@pytest.mark.parametrize("words", [(), ("a", "b"), ("b-1",)])
def test_it_ends_when_everything_has_and_the_exit_code_says_how(words, desk, told):
    desk.add("a").add("b")
    desk.turns = [lambda: desk.become("a", "completed", receipt={"verified": "size"}), lambda: desk.become("b", "error", error={"message": "no room"})]
    answer = told("watch", *words)
    assert answer.code == 1
    assert [line.split("  ")[0] for line in answer.out.splitlines()[1:-1]] == ["completed", "failed", ""]
    assert "no room" in answer.out and "1 of 2 done, 1 failed" in answer.out
    assert [(verb, which.ids) for verb, which in desk.calls] == [("acknowledge", ("a",))]


def test_what_ended_before_counts_as_it_ended(desk, told):
    desk.add("a", status="canceled")
    assert told("watch", "a").code == 1
    desk.add("c", status="completed")
    assert told("watch", "c").code == 0


def test_what_only_a_person_can_help_is_named_with_the_command(desk, told):
    needs = {"what": "credential", "command": "sendoff credentials set media"}
    desk.add("a", status="paused_recoverable", reason="credential_needed", needs=needs)
    answer = told("watch")
    assert answer.code == 6
    assert "sendoff credentials set media" in answer.err


def test_what_comes_while_everything_is_watched_is_watched_too(desk, told):
    def come():
        desk.add("late")
        desk.become("a", "completed")

    desk.add("a")
    desk.turns = [come, lambda: desk.become("late", "completed")]
    answer = told("watch")
    assert (answer.code, answer.out.splitlines()[-1].partition(" ")[2][:11]) == (0, "2 of 2 done")


def test_no_such_operation_is_exit_code_4(told):
    assert told("watch", "nowhere").code == 4
