"""What ``put`` says of what it was given, and what it tells a person at a terminal."""

import io
import json
from dataclasses import replace

import pytest
from sendoff.cli.main import run
from sendoff.desk.place import Place
from sendoff.errors import HostUnavailable, SourceMissing


class Terminal(io.StringIO):
    """Somebody looks at what is written here."""

    def isatty(self):
        return True


@pytest.fixture
def told(desk, tmp_path):
    """A command: its exit code, and both its streams. person: the second is a terminal."""

    def tell(*words, person=False):
        results, notes = io.StringIO(), Terminal() if person else io.StringIO()
        place = Place(state=str(tmp_path / "state"), config=str(tmp_path / "sendoff.toml"))
        code = run(["put", *words], results, notes, lambda options: place, lambda place, spawn: desk)
        return code, results.getvalue(), notes.getvalue()

    return tell


def standing(desk, **facts):
    """From its creation on the operation stands so."""
    create = desk.create

    def creating(*given, **more):
        for answer in create(*given, **more):
            desk.views.get(answer.id, {}).update(facts)
            yield answer

    desk.create = creating


# -- what was left out ------------------------------------------------------------------------------------------------


def test_what_the_host_left_out_has_no_id_and_is_counted(desk, told):
    desk.left_out = {"/b": "vanished", "/c": "unchanged", "/d": "unchanged"}
    assert told("/a", "/b", "/c", "/d", "https://h/") == (
        0, "new-0\n", "batch 99 (b-new): 1 operation queued; left out: 2 unchanged files, 1 file that vanished\n",
    )  # fmt: skip
    code, out, _ = told("/a", "/b", "https://h/", "--json")
    first, second = map(json.loads, out.splitlines())
    assert (code, first["source"], first["id"], first["existing"]) == (0, "/a", "new-0", False)
    assert second == {"schema": 1, "id": None, "skipped": "vanished", "source": "/b", "url": "https://h/b"}


def test_what_the_check_of_very_many_leaves_out_is_asked_for_no_second_time(desk, told):
    files = [f"/x/{number}" for number in range(1500)]
    desk.left_out = dict.fromkeys(files[:1499], "unchanged")
    code, out, notes = told(*files, "https://h/")
    assert (code, len(out.split()), desk.calls) == (0, 1, [("dry", 1500, True), ("create", 1, True)])
    assert notes.endswith("operation 0 queued; left out: 1499 unchanged files\n")
    desk.left_out = dict.fromkeys(files, "unchanged")
    assert told(*files, "https://h/") == (0, "", "nothing to put; left out: 1500 unchanged files\n")
    assert len(desk.calls) == 3


def test_a_dry_run_counts_what_would_be_left_out(desk, told):
    desk.left_out = {"/b": "unchanged"}
    assert told("/a", "/b", "https://h/", "--dry-run") == (0, "would put /a to https://h/a\n", "1 upload checked, nothing stored; left out: 1 unchanged file\n")


def test_where_everything_was_left_out_there_is_nothing_to_wait_for(desk, told):
    desk.left_out = {"/a": "unchanged"}
    assert told("/a", "https://h/", "--wait") == (0, "", "nothing to put; left out: 1 unchanged file\n")
    assert told("/a", "https://h/", person=True) == (0, "", "nothing to put; left out: 1 unchanged file\n")


def test_a_warning_is_said_once_however_many_files_it_is_about(desk, told):
    create = desk.create

    def warning(requests, **how):
        return (replace(one, warning="a POST cannot be repeated safely") for one in create(requests, **how))

    desk.create = warning
    assert told("/a", "/b", "/c", "https://h/")[2].count("cannot be repeated") == 1


def test_what_goes_wrong_after_a_part_was_stored_is_said_with_that_part(desk, told):
    files = [f"/x/{number}" for number in range(1001)]
    create = desk.create

    def changing(requests, *, dry_run, together):
        for number, answer in enumerate(create(requests, dry_run=dry_run, together=together)):
            yield SourceMissing("there is no file /x/1000") if not dry_run and number == 1000 else answer

    desk.create = changing
    code, out, notes = told(*files, "https://h/")
    assert (code, len(out.split())) == (2, 1000)
    assert notes.splitlines() == [
        "batch 99 (b-new): 1000 operations queued",
        "sendoff: there is no file /x/1000",
        "  what was stored before it is queued; the same command again puts the rest",
    ]


# -- a person at a terminal -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({"resumable": False}, "new-0 (10 B) to https://h/new-0: running, cannot resume a broken upload; sendoff watch 1"),
        ({"resumable": True}, "new-0 (10 B) to https://h/new-0: running, resumes a broken upload; sendoff watch 1"),
        ({"status": "idle", "reason": "queued"}, "new-0 (10 B) to https://h/new-0: waits: it waits for its turn; sendoff watch 1"),
        (
            {"status": "paused_no_network", "reason": "offline", "reason_text": "there is no network", "resumable": False},
            "new-0 (10 B) to https://h/new-0: waits: there is no network, cannot resume a broken upload; nothing to do: it goes on when the network is back",
        ),
        (
            {"status": "paused_recoverable", "reason": "credential_needed", "reason_text": "401 from h", "needs": {"command": "sendoff retry 1"}},
            "new-0 (10 B) to https://h/new-0: waits: 401 from h; sendoff retry 1",
        ),
        ({"status": "completed", "resumable": False}, "new-0 (10 B) to https://h/new-0: completed; sendoff receipt 1"),
        ({"status": "error", "error": {"message": "403 from h"}}, "new-0 (10 B) to https://h/new-0: failed, 403 from h; sendoff retry 1"),
    ],
)
def test_one_line_says_where_it_goes_how_it_stands_and_what_helps(facts, line, desk, told):
    standing(desk, **facts)
    assert told("/x/new-0", "https://h/", person=True) == (0, "new-0\n", f"{line}\n")


def test_what_was_left_out_stands_before_the_line(desk, told):
    desk.left_out = {"/b": "unchanged"}
    notes = told("/a", "/b", "https://h/", person=True)[2].splitlines()
    assert len(notes) == 2 and "left out: 1 unchanged file" in notes[0] and notes[1].endswith("sendoff watch 1")


def test_of_a_batch_the_line_counts(desk, told):
    counts = {"statuses": {"running": 2, "idle": 1}, "reasons": {"queued": 1}, "total": 3, "total_bytes": 2048, "number": 99}
    desk.ask = lambda question: counts if (question.what, question.details) == ("batch", {"name": "b-new"}) else None
    notes = told("/a", "/b", "/c", "https://h/in/", person=True)[2].splitlines()
    assert notes == ["batch 99 (b-new): 3 operations queued", "3 files (2.0 KiB) to https://h/in/: 2 running, 1 queued; sendoff watch 99"]


@pytest.mark.parametrize(("number", "said"), [(1, "1 other upload needs you"), (3, "3 other uploads need you"), (60, "more than 50 other uploads need you")])
def test_a_second_line_says_how_many_others_need_somebody_and_what_the_first_one_wants(number, said, desk, told):
    for place in range(number):
        needs = {"what": "credential", "command": "sendoff credentials set media"}
        desk.add(f"old-{place}", status="paused_recoverable", reason="credential_needed", reason_text="401 from h", needs=needs)
    desk.add("lost", status="paused_recoverable", reason="source_unavailable")
    notes = told("/x/new-0", "https://h/", person=True)[2].splitlines()
    assert notes[-1] == f"{said}; 1 old-0: 401 from h; sendoff credentials set media"


def test_a_very_large_batch_is_not_counted_while_somebody_waits_for_the_prompt(desk, told):
    files = [f"/x/{number}" for number in range(1001)]
    assert told(*files, "https://h/", person=True)[2].splitlines()[-1] == "1001 files to https://h/; sendoff watch 99"


@pytest.mark.parametrize("words", [["-q"], ["--json"]])
def test_who_asked_for_no_notes_gets_no_line(words, told):
    assert told("/a", "https://h/", *words, person=True)[2] == ""


def test_a_host_that_is_gone_after_the_put_makes_it_no_failure(desk, told):
    def gone(*given, **more):
        raise HostUnavailable("gone")

    desk.page = desk.ask = gone
    assert told("/a", "https://h/", person=True) == (0, "new-0\n", "operation 0 queued\n")
