"""What the screen of ``watch`` shows and what its keys do, without a terminal."""

from pathlib import Path

import pytest
from sendoff.cli.text import cells
from sendoff.cli.watch.board import Board
from sendoff.cli.watch.console import Console
from sendoff.cli.watch.errand import Answer
from sendoff.cli.watch.glance import Glance
from sendoff.cli.watch.keys import KEYS
from sendoff.cli.watch.kind import Kind, kind_of
from sendoff.cli.watch.line import bar, columns, fitted, plain
from sendoff.cli.watch.rows import ended_row, row
from sendoff.cli.watch.sheet import Size
from sendoff.cli.watch.tally import Tally
from sendoff.errors import InvalidState
from sendoff.model.event import Event
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Applied, Query

from tests.core.small_desk import TERMINAL, SmallDesk

MIB = 2**20
NEEDS = {"status": "paused_recoverable", "reason": "credential_needed", "needs": {"what": "credential", "command": "sendoff credentials set media"}}
SIZES = [(1, 1), (5, 2), (20, 6), (40, 10), (79, 24), (80, 24), (120, 30), (250, 60)]


def progress(id, sent, total=100 * MIB, confirmed=0, **more):
    return UploadProgress(operation=id, bytes_sent=sent, bytes_confirmed=confirmed, total_bytes=total, attempt=1, **more)


class Counted(SmallDesk):
    """Remembers how many operations it was asked for."""

    asked = 0

    def page(self, query, *, after=None, limit=100):
        found = super().page(query, after=after, limit=limit)
        self.asked += len(found.items)
        return found


class Seat:
    """Somebody before a screen."""

    def __init__(self, desk, query=None):
        self.now, self.desk = 100.0, desk
        self.board = Board(desk, query or Query(open=True))
        self.console = Console(self.board, lambda: self.now)

    def sees(self, width=80, height=24, live=(), ascii=False, rate=None):
        """The screen, once the watching has caught up with where he looks."""
        glance = Glance(tally=self.tally(), live={one.operation: one for one in live}, rate=rate)
        for _ in range(3):
            self.board.show(glance)
            lines = self.console.lines(Size(width, height, ascii))
        return [plain(line) for line in lines]

    def tally(self):
        open = [view for view in self.desk.views.values() if view["status"] not in TERMINAL]
        return Tally(total=len(open), running=sum(view["status"] == "running" for view in open), bytes=10 * len(open))

    def presses(self, *actions, **more):
        for action in actions:
            self.console.press(action)
        return self.sees(**more)


@pytest.fixture
def desk():
    return Counted()


@pytest.fixture
def seat(desk):
    return Seat(desk)


def crowd(desk):
    """One of each kind, with names that are long or evil."""
    desk.add("r0", label="film number 0 with a long name 漢字.bin").add("r1").add("w0", **NEEDS, label="evil\x1b[2J\rname")
    desk.add("w1", status="running", reason="unreachable", reason_text="no way " * 40, retry_at="2099-01-01T00:00:00.000000Z")
    desk.add("w2", status="paused_by_application", label="漢字" * 60).add("q", status="idle", reason="queued").add("n", status="idle")
    return [progress("r0", 62 * MIB, rate=35.1 * MIB, eta=80.0), progress("r1", 100 * MIB, rate=9.0)]


# -- the screen ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("page", ["list", "help", "details"])
@pytest.mark.parametrize("ascii", [True, False], ids=["ascii", "any"])
def test_the_screen_is_never_larger_than_the_terminal(size, page, ascii, desk, seat):
    live = crowd(desk)
    lines = seat.presses(*[] if page == "list" else [page], width=size[0], height=size[1], live=live, ascii=ascii)
    assert len(lines) <= size[1] and all(cells(line) <= size[0] for line in lines)
    assert not ascii or not any(char in line for line in lines for char in "━╸─")


def test_who_needs_somebody_stands_first_then_what_runs_then_what_waits(desk, seat):
    lines = seat.sees(live=crowd(desk))
    order = [line.split()[1 if line.startswith(">") else 0] for line in lines[3:10]]
    assert order == ["3", "1", "2", "4", "5", "6", "7"]
    assert lines[3].startswith(">     3 evil") and "needs you: sendoff credentials set media" in lines[3]
    assert "unreachable, again in" in lines[6] and "paused" in lines[7] and "queued" in lines[8] and "not started" in lines[9]


def test_names_that_would_move_the_cursor_are_shown_as_what_they_are(desk, seat):
    crowd(desk)
    for shown in (seat.sees(), seat.presses("details"), seat.presses("back", "cancel")):
        text = "\n".join(shown)
        assert "\x1b" not in text and "\r" not in text
    assert "\\x1b[2J" in "\n".join(shown)


def test_a_screen_of_forty_columns_still_says_the_name_and_how_far_it_is(desk, seat):
    lines = seat.sees(40, 10, live=crowd(desk))
    assert any("字.bin" in line and "62% sent" in line for line in lines)


def test_what_went_out_is_called_sent_and_what_lacks_only_the_answer_confirming(desk):
    view = desk.add("r0").views["r0"]
    assert " 62% sent " in plain(row(view, progress("r0", 62 * MIB), 80))
    done = plain(row(view, progress("r0", 100 * MIB, rate=9.0), 80)).rstrip()
    assert "100% sent " in done and done.endswith("confirming")
    assert "sent" not in plain(row(view, progress("r0", 62 * MIB, confirmed=62 * MIB), 80))
    assert "100% " in plain(row(view, progress("r0", 0, total=0), 80))


def test_a_bar_is_as_long_as_it_should_be_and_of_ascii_where_only_that_is():
    assert [plain(bar(share, 4, ascii=False)) for share in (0.0, 0.25, 0.4, 1.0, 7.0)] == ["────", "━───", "━╸──", "━━━━", "━━━━"]
    assert plain(bar(0.5, 4, ascii=True)) == "##--"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_line_about_what_has_ended_fits(width, desk):
    crowd(desk)
    for view in desk.views.values():
        for status in TERMINAL:
            assert columns(ended_row(view | {"status": status}, width)) <= width
    assert columns(fitted([("", "漢字" * 20)], 7)) <= 7


def test_of_the_selected_one_it_is_said_where_it_goes_why_it_waits_and_what_helps(desk, seat):
    desk.add("a", status="paused_by_application", url="https://h/in/a.bin")
    where, why, help = seat.sees()[-4:-1]
    assert where == "1 a  https://h/in/a.bin" and "somebody paused it" in why and "sendoff resume 1" in help


def test_what_has_ended_stays_in_the_list_and_what_failed_stands_above(desk, seat):
    crowd(desk)
    seat.sees()
    desk.become("r0", "completed", receipt={"verified": "size"})
    desk.become("q", "error", error={"message": "no room", "hint": None, "side": "server", "retryable": False, "code": "no"})
    seat.board.ended([desk.views["r0"], desk.views["q"]])
    lines = seat.sees()
    assert "failed: no room" in lines[4] and any("done, 10 B, size" in line for line in lines[5:])


def test_that_the_host_is_gone_is_said_until_the_next_one_answers(desk, seat):
    desk.add("a")
    seat.sees()
    seat.board.lost()
    assert "the host is gone" in plain(seat.console.lines(Size(80, 24))[1])
    lines = seat.sees()
    assert "gone" not in lines[1] and lines[-1] == "the host was gone; the next one carries on"


# -- many ----------------------------------------------------------------------------------------------------------------


def test_of_ten_thousand_only_what_can_be_seen_is_asked_for(desk, seat):
    for number in range(10_000):
        desk.add(f"q{number}", status="idle", reason="queued")
    lines = seat.sees()
    assert "1 of 10000" in lines[2] and desk.asked < 500
    before = desk.asked
    seat.presses("page_down", "page_down")
    assert desk.asked - before < 500
    for _ in range(10):
        lines = seat.presses("last")
    assert "10000 of 10000" in lines[2] and any("q9999" in line for line in lines)
    assert "1 of 10000" in seat.presses("first")[2]


def test_who_waits_is_listed_though_very_many_before_him_have_ended(desk, seat):
    for number in range(500):
        desk.add(f"q{number}", status="idle", reason="queued")
    seat.sees()
    for number in range(400):
        desk.become(f"q{number}", "completed", receipt={"verified": "size"})
    seat.board.ended([view for view in desk.views.values() if view["status"] == "completed"])
    assert [line.split()[-1] for line in seat.sees()[3:6]] == ["queued"] * 3


def test_what_comes_later_is_listed_too(desk, seat):
    desk.add("a")
    seat.sees()
    desk.add("late")
    seat.board.happened(Event(id="e", time=0, type="created", operation="late"))
    assert any("late" in line for line in seat.sees())


def test_what_stands_elsewhere_now_is_asked_for_again(desk, seat):
    desk.add("a").add("b")
    seat.sees()
    desk.become("b", "paused_recoverable", reason="credential_needed", needs={"what": "credential", "command": "sendoff resume 2"})
    seat.board.happened(Event(id="e", time=0, type="waiting", operation="b"))
    assert "needs you: sendoff resume 2" in seat.sees()[3]


def test_the_selected_one_stays_selected_when_others_come_and_go_above_it(desk, seat):
    desk.add("a").add("b").add("c")
    seat.sees()
    assert seat.presses("down")[4].startswith(">     2 b")
    desk.become("c", "paused_recoverable", reason="consent", needs={"what": "consent", "command": "sendoff resume 3"})
    seat.board.happened(Event(id="e", time=0, type="waiting", operation="c"))
    assert seat.sees()[5].startswith(">     2 b")


def test_each_kind_can_be_seen_alone(desk, seat):
    crowd(desk)
    seat.sees()
    seen = []
    for _ in range(5):
        lines = seat.presses("next_kind")
        seen.append((lines[2].split("  ")[-1].strip().partition(":")[0], sum(line[:8].strip(" >*").isdigit() for line in lines[3:20])))
    assert seen == [("what needs you", 1), ("what runs", 2), ("what waits", 4), ("what failed", 0), ("everything", 7)]
    assert "there is none" in "\n".join(seat.presses(*["next_kind"] * 4))


# -- orders --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "verb"), [("pause", "pause"), ("resume", "resume"), ("resume_now", "resume"), ("retry", "retry")])
def test_an_order_is_for_the_selected_one(action, verb, desk, seat):
    desk.add("a").add("b")
    seat.sees()
    last = seat.presses("down", action)[-1]
    assert [(verb, which.ids) for verb, which in desk.calls] == [(verb, ("b",))] and last.endswith(" 2 b")


def test_marked_ones_are_meant_together_and_are_not_marked_afterwards(desk, seat):
    desk.add("a").add("b").add("c")
    seat.sees()
    lines = seat.presses("mark", "mark")
    assert lines[3].startswith(" *") and lines[5].startswith("> ") and "2 marked" in lines[-1]
    assert seat.presses("pause")[-1] == "paused 2 uploads"
    assert desk.calls[0][1].ids == ("a", "b") and not any("*" in line[:2] for line in seat.sees())


@pytest.mark.parametrize("key", [key.action for key in KEYS if key.action not in ("yes", "leave", "interrupt", "suspend", "redraw")] + ["other"])
def test_to_cancel_is_asked_for_once_and_any_key_but_yes_means_no(key, desk, seat):
    desk.add("a")
    seat.sees()
    assert seat.presses("cancel")[-1] == "cancel 1 a for good? y: yes, any other key: no"
    seat.presses(key)
    assert desk.calls == []
    seat.presses("yes")
    assert desk.calls == []
    seat.presses("cancel", "yes")
    assert [verb for verb, _ in desk.calls] == ["cancel"]


def test_a_refusal_is_one_line_and_goes_after_a_while(desk, seat):
    def refuses(order, which):
        raise InvalidState("it is completed", hint="put it again")

    desk.add("a")
    seat.sees()
    desk.order = refuses
    assert seat.presses("pause")[-1] == "1 a: it is completed; put it again"
    seat.now += 60
    assert seat.sees()[-1].startswith("? keys")


def test_of_many_it_is_said_how_many_obeyed_and_why_one_did_not(desk, seat):
    desk.add("a").add("b").add("c")
    seat.sees()
    desk.order = lambda order, which: Applied(count=1, ids=("a",), skipped=(("b", "it has ended"), ("c", "it has ended")))
    assert seat.presses("mark", "mark", "mark", "pause")[-1] == "paused 1 upload; 2 b: it has ended, and 1 more"


def test_an_order_from_the_page_about_one_is_for_that_one(desk, seat):
    desk.add("a").add("b")
    seat.sees()
    lines = seat.presses("down", "details", "pause")
    assert [which.ids for _, which in desk.calls] == [("b",)] and lines[0] == "paused 2 b"


@pytest.mark.parametrize(("keys", "meant"), [(("last", "pause"), ("q29",)), (("down", "down", "pause"), ("q2",)), (("down", "first", "pause"), ("q0",))])
def test_keys_that_come_faster_than_the_screen_is_drawn_mean_what_they_say(keys, meant, desk, seat):
    for number in range(30):
        desk.add(f"q{number}", status="idle", reason="queued")
    seat.sees()
    seat.presses(*keys)
    assert desk.calls[0][1].ids == meant


def test_of_a_list_that_nobody_has_seen_yet_no_row_is_meant(desk, seat):
    desk.add("a").add("b", **NEEDS)
    seat.sees()
    seat.presses("needs", "pause")
    assert desk.calls == []


def test_nothing_is_ordered_where_there_is_nothing(desk, seat):
    seat.sees()
    for action in ("pause", "cancel", "mark", "details", "down", "last", "first"):
        seat.presses(action)
    assert desk.calls == []


def test_an_answer_is_no_answer_to_a_question(desk, seat):
    desk.add("a")
    seat.sees()
    seat.presses("cancel")
    seat.board.answers.append(Answer("paused 1 a"))
    assert seat.sees()[-1].startswith("cancel 1 a for good?")


def test_every_key_does_something_and_is_explained(seat):
    names = [name for key in KEYS for name in key.names]
    assert len(names) == len(set(names)) and {key.shown for key in KEYS if not key.about} == {"y"}
    assert all(hasattr(seat.console, key.action) for key in KEYS if key.action not in ("leave", "interrupt", "suspend", "redraw"))


@pytest.mark.parametrize(
    ("view", "live", "kind"),
    [
        ({"status": "running", "reason": None}, False, Kind.RUNNING),
        ({"status": "running", "reason": "backoff"}, False, Kind.WAITING),
        ({"status": "running", "reason": "backoff"}, True, Kind.RUNNING),
        ({"status": "paused_recoverable", "reason": "source_unavailable"}, False, Kind.WAITING),
        ({"status": "paused_recoverable", "reason": "consent"}, False, Kind.NEEDS),
        ({"status": "error", "reason": None}, True, Kind.FAILED),
        ({"status": "canceled", "reason": None}, False, Kind.ENDED),
    ],
    ids=["runs", "backs off", "tries again", "no source", "consent", "failed", "canceled"],
)  # fmt: skip
def test_what_an_upload_is_to_who_watches(view, live, kind):
    assert kind_of(view, live=live) is kind


# -- the page ------------------------------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "watch.md"


def evening(desk):
    """Some uploads of an evening."""
    films = {"destination": "archive", "resumable": True}
    desk.add("r0", label="holiday-part-1.mkv", **films).add("r1", label="holiday-part-2.mkv", **films)
    desk.add("n", label="accounts-2026.pdf", destination="office", url="https://office.example/in/accounts-2026.pdf", **NEEDS)
    desk.views["n"] |= {"reason_text": "https://office.example/in/ wants a credential (status 401)"}
    desk.add("u", label="scan-0017.tif", destination="lab", status="running", reason="unreachable", reason_text="lab.example:22 cannot be reached")
    desk.add("p", label="raw-footage.tar", status="paused_by_application", destination="archive")
    for number in range(3, 6):
        desk.add(f"q{number}", label=f"holiday-part-{number}.mkv", status="idle", reason="queued", destination="archive")
    return [progress("r0", 62 * MIB, rate=35.1 * MIB, eta=1.0), progress("r1", 12 * MIB, 800 * MIB, 12 * MIB, rate=21.4 * MIB, eta=37.0)]


def test_the_page_shows_the_screen_as_it_is_and_names_every_key(desk, seat):
    live = evening(desk)
    waits = {"credential_needed": 1, "unreachable": 1, "paused": 1, "queued": 3}
    seat.tally = lambda: Tally(total=12, ended=4, running=2, person=1, waits=waits, bytes=4 * 2**30, sent=2**30)
    text = PAGE.read_text()
    shown = "\n".join(line.rstrip() for line in seat.sees(80, 18, live=live, rate=56.5 * MIB))
    assert f"```text\n{shown}\n```" in text
    assert [key.shown for key in KEYS if f"`{key.shown}`" not in text and key.shown != "y"] == []
