"""How a wait ends, as an error, and what Windows calls it."""

import sendoff
from sendoff.api.failure import failure_of
from sendoff.errors import from_json, to_json

VIEW = {"id": "op-1", "url": "https://h.example/a", "status": "running", "reason": None, "reason_text": None, "needs": None, "error": None}
REFUSED = {
    "code": "rejected", "web_error_status": 404, "http_status": 404, "message": "h.example has no such place (status 404)", "side": "server",
    "retryable": False, "hint": "look at the address",
}  # fmt: skip


def test_a_failed_upload_says_why_and_what_to_do():
    error = failure_of({**VIEW, "status": "error", "error": REFUSED})

    assert type(error) is sendoff.UploadFailed
    assert str(error) == "the upload to https://h.example/a failed: h.example has no such place (status 404)"
    assert (error.hint, error.http_status, error.side, error.web_error, error.retryable) == ("look at the address", 404, "server", 404, False)
    assert (error.facts["operation"], error.facts["cause"]) == ("op-1", "rejected")


def test_a_canceled_upload_is_an_error_to_who_waits():
    error = failure_of({**VIEW, "status": "canceled"})

    assert (type(error), str(error)) == (sendoff.UploadCanceled, "the upload to https://h.example/a was canceled")


def test_what_only_a_person_can_help_on_is_an_error_unless_one_is_patient():
    needs = {"what": "credential", "command": "sendoff credentials set file:token"}
    view = {**VIEW, "status": "paused_recoverable", "reason": "credential_needed", "reason_text": "the server wants a password", "needs": needs}

    error = failure_of(view)

    assert (type(error), str(error)) == (sendoff.NeedsAttention, "the upload to https://h.example/a needs a person: the server wants a password")
    assert (error.hint, error.facts["what"]) == ("sendoff credentials set file:token", "credential")
    assert failure_of(view, patient=True) is None


def test_what_goes_on_is_no_error():
    assert failure_of(VIEW) is None
    assert failure_of({**VIEW, "status": "completed"}) is None


def test_an_error_that_travelled_as_json_knows_what_it_knew():
    error = sendoff.Unreachable("gone", web_error=15)

    again = from_json(to_json(error))

    assert (type(again), again.web_error, again.retryable) == (sendoff.Unreachable, 15, True)
