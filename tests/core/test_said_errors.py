"""What an error says is put on record without the secrets that a stranger quoted in it: in the row, the events, the notices and for listeners."""

import json
import re
from base64 import b64encode

import pytest
from sendoff.errors import CredentialNeeded, Permanent, Postpone, Rejected, SendoffError, Transient, from_json, to_json
from sendoff.hookspecs import hookimpl
from sendoff.model.query import Query
from sendoff.runtime.statement import cleaned

from tests.core.owned import QUICK, Owned, eventually
from tests.core.test_outbox import Letterbox

SECRET = 'canary"with\\quotes&%\u00fc'
QUOTED = (SECRET, repr(SECRET), repr(f"{SECRET!r}"), repr(SECRET.encode("latin-1")), b64encode(f"me:{SECRET}".encode()).decode())
CONFIG = QUICK + '[[sinks]]\nuse = "box"\non = ["attempt_failed", "waiting", "failed", "notice_failed"]\n'


class Ear:
    """A listener that keeps what it is told of errors."""

    def __init__(self):
        self.heard = []

    @hookimpl
    def sendoff_attempt_failed(self, error):
        self.heard.append(repr(error))

    @hookimpl
    def sendoff_failed(self, error):
        self.heard.append(repr(error))


@pytest.fixture
def box():
    return Letterbox()


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def owned(tmp_path, box, ear):
    with Owned(tmp_path, config=CONFIG, own={("sinks", "box"): (box.sink(), dict)}, listeners={"ear": ear}) as made:
        yield made


def sent(owned, raised):
    """An upload whose driver, while it is under way, quotes what it was given in what it raises."""

    def point(_name, _operation):
        raise raised

    owned.server.point = point
    return owned.put(owned.file(), "plain://10.0.0.1/x", secret_headers=(("X-Mine", SECRET),), patience=0)


def recorded(owned, box, ear):
    """Everything that is on record or was told, as text."""
    views = [json.dumps(view) for view in owned.owner.page(Query()).items]
    return "\n".join([*map(repr, owned.records()), *views, *map(repr, owned.events()), *(notice.json() for notice in box.notices), *ear.heard])


@pytest.mark.fault(91)
@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize(
    ("kind", "places"),
    [(Transient, 5), (Permanent, 5), (CredentialNeeded, 4), (Postpone, 2), (ValueError, 5)],
)
def test_a_secret_that_a_driver_quotes_is_on_record_as_three_stars(owned, box, ear, kind, places, quoted):
    """places: how often at least what it said was found."""
    hint = {"hint": f"hinted {quoted}"} if issubclass(kind, SendoffError) else {}
    sent(owned, kind(f"it said {quoted} to me", **hint))

    eventually(lambda: recorded(owned, box, ear).count("it said") >= places)

    found = recorded(owned, box, ear)
    assert "canary" not in found and not any(form in found for form in QUOTED)
    assert re.search(r"it said \S*\*\*\*\S* to me", found)


def test_what_is_said_in_plain_words_is_left_as_it_is(owned, box, ear):
    message, hint = (
        "http://h/x: header Authorization: its value ends with a blank; X-API-Key: its value, too",
        "write [NAME] with secret = in it, token: and password = too",
    )

    id = sent(owned, Permanent(message, hint=hint))

    error = owned.until(id, "error")["error"]
    assert (error["message"], error["hint"]) == (message, hint)


@pytest.mark.fault(91)
@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize("kind", [Permanent, ValueError])
def test_a_secret_that_a_sink_quotes_is_in_the_history_as_three_stars(owned, box, ear, kind, quoted):
    owned.put(owned.file(), "plain://10.0.0.1/x", start=False, secret_headers=(("X-Mine", SECRET),))

    def fails(_notice):
        raise kind(f"it said {quoted} to me")

    box.fails = fails
    sent(owned, Permanent("no"))

    (event,) = eventually(lambda: owned.events(type="notice_failed"))
    assert re.search(r"it said \S*\*\*\*\S* to me", event.data["message"])
    assert "canary" not in recorded(owned, box, ear)


def test_an_error_that_was_cleaned_is_the_same_but_for_what_it_says():
    error = Rejected("it said canary", hint="see canary", http_status=403, seen=["canary", {"x": "canary", "n": 1}], retry_after=2.5)

    same = cleaned(error, lambda text: text.replace("canary", "***"))

    assert same is error and str(error) == "it said ***" and error.args == ("it said ***",)
    assert (error.http_status, error.retry_after, error.facts["seen"]) == (403, 2.5, ["***", {"x": "***", "n": 1}])
    assert to_json(from_json(to_json(error))) == to_json(error) and error.hint == "see ***"
