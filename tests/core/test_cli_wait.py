"""Until operations have ended: what a wait tells, and what ends it."""

import io
import signal
import threading

import pytest
from sendoff.model.query import Page


@pytest.mark.parametrize(("ends", "code"), [(["completed", "completed"], 0), (["completed", "error"], 1), (["canceled", "completed"], 1)])
def test_wait_says_by_its_exit_code_how_they_ended(ends, code, desk, told):
    desk.add("a").add("b")
    desk.turns = [lambda: desk.become("a", ends[0]), lambda: desk.become("b", ends[1])]
    answer = told("wait", "a", "b")
    assert (answer.code, [line.split()[0] for line in answer.out.splitlines() if line[0] != " "]) == (
        code,
        ["failed" if end == "error" else end for end in ends],
    )


def test_what_ends_between_the_look_and_the_following_is_not_missed(desk, told):
    desk.add("a")
    page = desk.page

    def ending(query, **options):
        found = page(query, **options)
        found = Page(items=[dict(view) for view in found.items], next=found.next)
        if desk.views["a"]["status"] == "running":
            desk.become("a", "completed")
        return found

    desk.page = ending
    assert told("wait", "a").code == 0


def test_what_has_ended_already_counts_as_it_ended(desk, told):
    desk.add("a", status="error", error={"message": "no \x1b[2J"})
    answer = told("wait", "a")
    assert (answer.code, answer.out) == (1, "failed  1  https://h/a  no \\x1b[2J\n  sendoff retry 1\n")


def test_what_only_a_person_can_help_ends_the_wait_unless_one_is_patient(desk, told):
    desk.add("a").add("b")
    needs = {"what": "credential", "command": "sendoff retry a"}
    desk.turns = [lambda: desk.become("a", "paused_recoverable", needs=needs), lambda: desk.become("b", "completed")]
    answer = told("wait", "a", "b")
    assert answer.code == 6
    assert "1 needs you" in answer.err and "sendoff retry a" in answer.err
    desk.turns = [lambda: desk.become("a", "completed", needs=None)]
    assert told("wait", "a", "--patient").code == 0


@pytest.mark.parametrize("timeout", ["0", "0.2"])
def test_a_wait_that_times_out_is_exit_code_3_and_says_that_the_work_goes_on(timeout, desk, told):
    desk.add("a")
    answer = told("wait", "a", "--timeout", timeout)
    assert (answer.code, answer.out) == (3, "")
    assert "goes on without this command" in answer.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 3), (signal.SIGINT, 130)])
def test_a_signal_ends_the_wait_and_not_the_work(number, code, desk, told):
    desk.add("a")
    desk.turns = [lambda: signal.raise_signal(number)]
    answer = told("wait", "a")
    assert answer.code == code
    assert "goes on without this command" in answer.err
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_wait_reads_ids_from_standard_input(desk, told, monkeypatch):
    desk.add("a", status="completed").add("b", status="completed")
    monkeypatch.setattr("sys.stdin", io.StringIO("a\nb\na\n"))
    assert [one["id"] for one in told("wait", "-", "--json").objects] == ["a", "b"]


def test_wait_all_waits_for_what_has_not_ended(desk, told):
    desk.add("old", status="error").add("a").add("b")
    desk.turns = [lambda: desk.become("b", "completed"), lambda: desk.become("a", "completed")]
    assert [one["id"] for one in told("wait", "--all", "--json").objects] == ["b", "a"]


def test_a_heartbeat_is_a_dot_when_nothing_happens(desk, told):
    desk.add("a")
    desk.turns = [lambda: None, lambda: None, lambda: desk.become("a", "completed")]
    assert told("wait", "a", "--heartbeat").err == ".."


def test_a_wait_in_a_process_of_many_threads_is_still_ended_by_its_timeout(desk, told):
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        desk.add("a")
        assert told("wait", "a", "--timeout", "0.1").code == 3
    finally:
        stop.set()
        other.join()


NEEDS = {"what": "host_key", "command": "sendoff trust lab SHA256:x"}


def quiet(times):
    return [lambda: None] * times


def test_what_another_upload_asks_a_person_for_ends_the_wait_too(desk, told):
    """Only one of them has an event of its own; the others are looked at while nothing happens."""
    desk.add("a").add("b")
    desk.turns = [lambda: desk.become("a", "paused_recoverable", needs=NEEDS), lambda: desk.views["b"].update(needs=NEEDS)]

    answer = told("wait", "a", "b")

    assert (answer.code, answer.err.count("sendoff trust lab")) == (6, 2)


def test_a_person_who_has_helped_one_has_helped_those_for_which_it_asked(desk, told):
    desk.add("a").add("b").add("c")

    def helped():
        desk.views["b"].update(needs=None)
        desk.become("a", "completed", needs=None)
        desk.become("c", "completed")

    asked = [lambda: desk.become("a", "paused_recoverable", needs=NEEDS), lambda: desk.views["b"].update(needs=NEEDS)]
    desk.turns = [*asked, *quiet(4), helped, *quiet(4), lambda: desk.become("b", "completed")]

    assert told("wait", "a", "b", "c").code == 0


def test_while_nothing_happens_to_many_one_of_them_is_looked_at(desk, told):
    for number in range(500):
        desk.add(f"many-{number}")
    looked, page = [], desk.page

    def counted(query, **options):
        looked.append(len(query.ids))
        return page(query, **options)

    def ended():
        for id in desk.views:
            desk.become(id, "completed")

    desk.page = counted
    desk.turns = [looked.clear, *quiet(9), lambda: looked.append("quiet until here"), ended]

    assert told("wait", "--all").code == 0
    assert set(looked[: looked.index("quiet until here")]) == {1}
