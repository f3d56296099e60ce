"""How lists, histories and details read on a terminal of eighty columns, and in a pipe."""

import io
from types import SimpleNamespace

import pytest
from sendoff.cli.main import run
from sendoff.desk.place import Place
from sendoff.model.event import Event
from sendoff.model.status import Reason

METHOD = {
    "code": "rejected", "side": "configuration", "http_status": 405, "web_error_status": 18, "retryable": False, "hint": "choose another one",
    "message": "https://h/a does not know this method here (status 405)",
}  # fmt: skip
ANSWER = {"status": 405, "headers": [["Allow", "GET"], ["ETag", '"7"']], "url": "https://h/a", "body": 0, "truncated": False}
RECEIPT = {"url": "https://h/a", "size": 2048, "digests": {"sha256": "aa"}, "verified": "size", "bytes_resent": 0, "attempts": 1, "road": "stock"}
PLUGIN = {"kind": "transports", "distribution": "sendoff-http", "version": "0.1.0", "schemes": ["https", "http"], "state": "ok", "reason": None}


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True


@pytest.fixture
def told(desk, tmp_path, monkeypatch):
    def tell(*words, columns=None):
        results, notes = io.StringIO() if columns is None else Screen(), io.StringIO()
        monkeypatch.setenv("COLUMNS", str(columns or ""))
        place = Place(state=str(tmp_path / "state"), config=str(tmp_path / "sendoff.toml"))
        code = run(words, results, notes, lambda options: place, lambda place, spawn: desk)
        return SimpleNamespace(code=code, lines=results.getvalue().splitlines(), err=notes.getvalue())

    return tell


# -- list -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("--failed",), ("--status", "error")])
def test_a_list_of_what_failed_says_why(words, desk, told):
    desk.add("a", status="error", error=METHOD)
    heading, row = told("list", *words).lines
    assert heading.split()[-1] == "WHY" and row.endswith("  does not know this method here (status 405)")
    assert told("list").lines[0].split()[-1] == "URL"


def test_a_list_of_what_failed_fits_a_terminal(desk, told):
    desk.add("a", status="error", error=METHOD, url=f"https://h/{'folder/' * 20}end.bin").add("b", status="error")
    heading, row, _ = told("list", "--failed", columns=80).lines
    assert heading.split() == ["NUMBER", "STATUS", "URL", "WHY"]
    assert len(row) == 80 and "end.bin  https://h/a does not know" in row and row.endswith("…")


def test_a_reason_that_there_is_not_is_refused_with_the_list_of_those_there_are(desk, told):
    answer = told("list", "--reason", "bar")
    assert (answer.code, answer.lines) == (2, [])
    assert "--reason bar: there is no such reason" in answer.err and all(reason in answer.err for reason in Reason)
    assert told("list", "--reason", "backoff").code == 0


# -- set --------------------------------------------------------------------------------------------------------------


def test_what_waits_for_a_person_is_said_to_wait_on_after_a_change(desk, told, monkeypatch):
    desk.add("a", status="paused_recoverable", needs={"what": "credential", "command": "sendoff resume 1"}).add("b")
    assert told("set", "a", "b", "--credential", "env:TOKEN").err == "changed 2 operations\n1 waits until you say: sendoff resume 1\n"
    assert told("set", "b", "--label", "x").err == "changed 1 operation\n"
    assert told("set", "a", "--label", "x", "-q").err == ""


# -- events -----------------------------------------------------------------------------------------------------------


def happened(desk, type, **data):
    desk.history.append(Event(id="e", time=0, type=type, operation="a", data=data, seq=len(desk.history) + 1))


def test_an_event_says_in_words_what_went_wrong_and_when_it_is_tried_again(desk, told):
    desk.add("a")
    happened(desk, "attempt_failed", error={"code": "server_busy", "message": "h is busy (status 503)"}, retry_in=2_402_007)
    happened(desk, "attempt_failed", error={"code": "session_lost", "message": "h has forgotten it"}, retry_in=0)
    happened(desk, "waiting", reason="credential_needed", needs={"what": "credential", "command": "sendoff resume 1"})
    happened(desk, "canceled", reason=None)
    ends = [line.split("  ", 4)[-1].strip() for line in told("events").lines]
    assert ends[0].endswith("h is busy (status 503); retry in 2s") and ends[1].endswith("h has forgotten it; retry at once")
    assert ends[2].endswith("reason=credential_needed needs you: sendoff resume 1") and ends[3].endswith("canceled")


def test_events_on_a_terminal_are_folded_between_words(desk, told):
    desk.add("a")
    happened(desk, "failed", error={"message": "the server at the other end " * 8})
    happened(desk, "completed")
    first, *below, last = told("events", "a", columns=80).lines
    assert all(len(line) <= 80 for line in (first, *below)) and len(below) > 1
    assert first.startswith("     1  1970-01-01T00:00:00.000000Z  failed  the server") and all(line.startswith(" " * 8) for line in below)
    assert "".join(" " + line.strip() for line in (first, *below)).count("the server at the other end") == 8
    assert last == "     2  1970-01-01T00:00:00.000000Z  completed"
    assert told("events", columns=80).lines[-1].endswith("completed  a")


# -- plugins ----------------------------------------------------------------------------------------------------------


def test_plugins_on_a_narrow_terminal_have_below_them_what_has_no_room(desk, told):
    plugins = [{**PLUGIN, "name": "http", "capabilities": ["Probing", "Resuming", "Verifying", "Removing"]}, {**PLUGIN, "name": "x", "capabilities": []}]
    desk.ask = lambda question: {"drivers": plugins, "listeners": []}
    assert len(told("plugins").lines) == 3
    lines = told("plugins", columns=80).lines
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].split() == ["KIND", "NAME", "DISTRIBUTION", "VERSION", "STATE"]
    assert lines[2:4] == ["    schemes: https http", "    capabilities: Probing Resuming Verifying Removing"]
    assert told("plugins", columns=200).lines == told("plugins").lines


# -- show -------------------------------------------------------------------------------------------------------------


def test_show_has_a_line_for_each_header_and_none_for_what_says_nothing(desk, told):
    desk.add("a", status="error", error=METHOD, response=ANSWER)
    lines = told("show", "a").lines
    start = next(place for place, line in enumerate(lines) if line.startswith("response"))
    assert [line.rsplit("  ", 1)[-1] for line in lines[start : start + 4]] == ["405", "Allow: GET", 'ETag: "7"', METHOD["message"]]
    assert not any(word in line for line in lines for word in ("truncated", "response body", "response url", "web error"))
    assert any(line.startswith("error web error status") for line in told("-v", "show", "a").lines)


def test_show_says_how_to_see_what_the_server_said(desk, told):
    desk.add("a", response={**ANSWER, "body": 2048, "truncated": True, "url": "https://elsewhere/a"})
    lines = told("show", "a").lines
    assert any(line.startswith("response body") and line.endswith("2.0 KiB, of more; sendoff response 1 prints it") for line in lines)
    assert any(line.startswith("response url") for line in lines)


def test_show_and_receipt_tell_the_proof_in_plain_words(desk, told):
    desk.add("a", status="completed", receipt=RECEIPT)
    shown, proof = "\n".join(told("show", "a").lines), "\n".join(told("receipt", "a").lines)
    assert "2.0 KiB (2048 bytes)" in shown and "bytes resent" not in shown and "receipt verified" in shown and "digests sha256" in proof
    assert "road" not in shown + proof and shown.count("https://h/a") == 1


def test_show_is_folded_beside_its_names(desk, told):
    desk.add("a", status="error", error={**METHOD, "message": "the server at the other end " * 8})
    lines = told("show", "a", columns=80).lines
    place = next(place for place, line in enumerate(lines) if line.startswith("error "))
    value = lines[place].index("the server")
    assert all(len(line) <= 80 for line in lines) and lines[place + 1].startswith(" " * value + lines[place + 1].strip()[0])
