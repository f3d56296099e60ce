"""What is offered to somebody whose upload waits or failed: never what cannot help."""

import pytest

CHANGED = {"code": "source_changed", "side": "source", "message": "/x/a was changed after it was queued", "hint": "put it again"}
GONE = {"code": "source_missing", "side": "source", "message": "there is no file /x/a"}
CLOSED = {"code": "source_unreadable", "side": "source", "message": "/x/a cannot be read", "hint": "make it readable"}
DRIVE = {"code": "transient", "side": "source", "message": "/x/a cannot be read", "retryable": True}
METHOD = {"code": "rejected", "side": "configuration", "http_status": 405, "message": "https://h/a does not know this method", "hint": "choose another one"}
SECTION = {"code": "configuration_error", "side": "configuration", "message": "'x' is no longer there", "hint": "put its section back"}
LOGIN = {"code": "rejected", "side": "credential", "http_status": 403, "message": "https://h/a does not allow it", "hint": "check the credential"}
BUSY = {"code": "server_busy", "side": "server", "http_status": 503, "retryable": True, "message": "https://h/a is busy"}
SEALS = {"code": "credential_needed", "side": "credential", "message": "they were damaged", "hint": "cancel it and put the file again"}
NEEDS = {"what": "credential", "command": "sendoff resume 1"}
ASKED = {"status": "paused_recoverable", "reason": "credential_needed", "needs": NEEDS}


def rows(text):
    """What ``show`` says, by its first words."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition("  ")
        found[name] = value.strip()
    return found


@pytest.mark.parametrize(
    ("facts", "help"),
    [
        ({"status": "error", "error": CLOSED}, "make it readable, then: sendoff retry 1"),
        ({"status": "error", "error": DRIVE}, "sendoff retry 1"),
        ({"status": "error", "error": SECTION}, "put its section back, then: sendoff retry 1"),
        ({"status": "error", "error": LOGIN}, "check the credential, then: sendoff retry 1"),
        ({"status": "error", "error": BUSY}, "sendoff retry 1"),
        ({"status": "error"}, "sendoff retry 1"),
        ({"status": "canceled", "error": LOGIN}, "sendoff retry 1"),
        ({"status": "paused_by_application"}, "sendoff resume 1"),
        ({**ASKED, "error": LOGIN}, "check the credential, then: sendoff resume 1"),
        ({**ASKED, "error": SEALS}, "cancel it and put the file again"),
        ({"status": "paused_recoverable", "reason": "source_unavailable", "error": {**CLOSED, "hint": "mount /x"}}, "mount /x"),
    ],
)
def test_it_says_what_to_do_and_the_command_by_the_short_number(facts, help, desk, told):
    shown = rows(told("show", desk.add("a", **facts).views["a"]["id"]).out)
    assert shown["helped by"] == help and "given up by" not in shown


@pytest.mark.parametrize(("error", "help"), [(CHANGED, "put it again"), (GONE, "put the file again"), (METHOD, "choose another one")])
def test_where_the_same_thing_would_fail_again_no_retry_is_offered(error, help, desk, told):
    desk.add("a", status="error", error=error)
    shown = told("show", "a").out
    assert rows(shown)["helped by"] == help
    assert rows(shown)["given up by"] == "sendoff cancel 1; it then leaves the list" and "retry 1" not in shown


def test_a_copy_that_is_gone_is_not_tried_again(desk, told):
    source = {"kind": "spool", "path": "/x", "size": 10}
    desk.add("a", status="canceled", source=source).add("b", status="error", source=source)
    assert rows(told("show", "a").out)["helped by"] == "put the file again"
    assert rows(told("show", "b").out)["helped by"] == "sendoff retry 2"


def test_what_a_newer_file_took_the_place_of_needs_no_help(desk, told):
    desk.add("a", status="canceled", reason="replaced")
    assert "helped by" not in rows(told("show", "a").out)


# -- waited for -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        ({"status": "error", "error": METHOD}, ["failed  1  https://h/a  does not know this method", "  choose another one"]),
        ({"status": "error", "error": CHANGED}, ["failed  1  https://h/a  /x/a was changed after it was queued", "  put it again"]),
        ({"status": "error", "error": LOGIN}, ["failed  1  https://h/a  does not allow it", "  check the credential, then: sendoff retry 1"]),
        ({"status": "canceled"}, ["canceled  1  https://h/a"]),
        ({"status": "completed", "receipt": {"verified": "size"}}, ["completed  1  https://h/a  10 B, size"]),
    ],
)
def test_the_line_about_an_end_says_each_thing_once_and_what_to_do_below(facts, lines, desk, told):
    desk.add("a", **facts)
    assert told("wait", "a", "-q").out.splitlines() == lines


def test_put_wait_says_the_reason_and_what_to_do_where_nothing_else_is_said(desk, told):
    desk.turns = [lambda: desk.become("new-0", "error", error={**METHOD, "message": "https://h/new-0 does not know this method"})]
    answer = told("put", "/a", "https://h/", "--wait", "-q")
    assert (answer.code, answer.out) == (1, "new-0\n")
    assert answer.err == "failed  1  https://h/new-0  does not know this method\n  choose another one\n"


def test_who_waits_for_what_needs_a_person_hears_what_to_do_and_the_command(desk, told):
    desk.add("a", **ASKED, error=LOGIN, reason_text="the server wants a credential")
    answer = told("wait", "a")
    assert (answer.code, answer.err) == (6, "1 needs you: the server wants a credential; check the credential, then: sendoff resume 1\n")
