"""Credentials: looked up at each use, waited for where they are missing, never waited for without end."""

import threading

import pytest
from sendoff.errors import CredentialNeeded, InvalidArgument
from sendoff.model.conditions import Conditions
from sendoff.model.query import Question
from sendoff.model.secret import Credential, Secret
from sendoff.runtime.health import Health
from sendoff.testing.memory_transport import SessionTransport

from tests.core.box import Box, Content, secret, waits
from tests.core.owned import QUICK, Owned

HURRIED = f'{QUICK}[secrets]\ntimeout = "0.2s"\nseal = "sealed-file"\n'


class Seeing(SessionTransport):
    """Remembers the secret header of each try."""

    def send(self, shipment):
        self.settings["seen"].append(dict(shipment.headers)["X-Token"].reveal())
        return super().send(shipment)


@pytest.fixture
def box():
    return Content()


@pytest.fixture
def owned(tmp_path, box):
    """Destinations at ``seen://``, and credentials in ``box:``."""
    seen = []

    class At(Seeing):
        schemes = ("seen",)

    own = {("credentials", "box"): (Box, lambda _: box), ("transports", "seen"): (At, lambda _: {"server": made.server, "block": 100, "seen": seen})}
    made = Owned(tmp_path, config=HURRIED, own=own, start=False)
    made.seen = seen
    with made:
        made.open()
        yield made
        if box.held is not None:
            box.held.set()


def put(owned, name="lab", **more):
    return owned.put(owned.file(), f"seen://10.0.0.1/{name}", secret_headers=(("X-Token", f"box:{name}"),), **more)


@pytest.mark.fault(89)
def test_one_that_is_missing_is_waited_for_and_goes_on_when_it_is_kept(owned):
    id, other = put(owned), put(owned, "other")
    assert (waits(owned, id), waits(owned, other)) == ("box:lab: there is none", "box:other: there is none")
    assert owned.view(id)["needs"]["what"] == "credential"

    owned.owner.keep("box:lab", secret("t0ken-value"))

    owned.done(id)
    assert (owned.seen, owned.view(other)["status"]) == (["t0ken-value"], "paused_recoverable")


@pytest.mark.fault(89)
def test_one_that_is_changed_while_the_upload_waits_is_used_as_it_is_then(owned, box):
    box.kept["lab"] = secret("the old one")
    id = put(owned, start=False)
    box.kept["lab"] = secret("the new one")

    owned.order("start", id)

    owned.done(id)
    assert owned.seen == ["the new one"]


def test_it_goes_on_at_the_byte_where_it_was_when_one_that_was_refused_in_the_middle_is_corrected(owned, box):
    box.kept["lab"] = secret("it expires soon")
    refusals = iter([CredentialNeeded("the server says 401", hint="correct it")])

    def refuse(point, operation):
        if point == "chunk" and any(upload.acked >= 500 for upload in owned.server.uploads.values()) and (refusal := next(refusals, None)):
            raise refusal

    owned.server.point = refuse
    id = put(owned)
    assert waits(owned, id) == "the server says 401"

    owned.owner.keep("box:lab", secret("a newer one"))

    owned.until(id, "completed")
    assert owned.seen == ["it expires soon", "a newer one"]
    assert (owned.server.made, owned.server.repeated) == (1, 0)


@pytest.mark.fault(88)
def test_a_store_that_hangs_is_given_up_on_others_go_on_and_it_goes_on_when_it_answers(owned, box):
    box.kept, box.held = {"lab": secret("late"), "too": secret("late, too")}, threading.Event()
    id = put(owned)
    assert "did not answer (it is given 0.2 seconds)" in waits(owned, id)
    too = put(owned, "too")
    assert "has not answered yet" in waits(owned, too)
    owned.done(owned.put(owned.file(), "session://10.0.0.1/elsewhere"))
    assert box.asked == ["lab"], "it is not asked anew while it hangs"

    box.held.set()

    owned.until(id, "completed")
    owned.until(too, "completed")
    assert sorted(owned.seen) == ["late", "late, too"]


def test_one_that_comes_while_a_try_is_about_to_end_for_want_of_it_is_not_missed(owned, box):
    """The store has said that there is none, and the end of the try is not on record yet."""
    asked, kept = threading.Event(), threading.Event()

    def told(event):
        asked.set()
        assert kept.wait(30)

    box.before = told
    id = put(owned)
    assert asked.wait(30)
    box.before = None
    box.kept["lab"] = secret("just in time")
    owned.owner.keep("box:lab", secret("just in time"))
    kept.set()

    owned.until(id, "completed")
    assert owned.seen == ["just in time"]


def test_one_that_has_expired_is_not_sent(owned, box):
    box.kept["lab"] = Credential(kind="bearer", secret=Secret("stale"), expires_at=1)
    id = put(owned)

    assert waits(owned, id) == "the credential box:lab has expired"
    assert owned.seen == []


def test_one_can_be_forgotten_and_names_are_listed(owned, box):
    owned.owner.keep("box:a", secret("x"))
    owned.owner.keep("box:b", secret("y"))
    owned.owner.keep("box:a", None)

    assert [name for name in owned.owner.ask(Question(what="credentials"))["names"] if name.startswith("box:")] == ["box:b"]
    with pytest.raises(InvalidArgument, match="there is no credential box:a"):
        owned.owner.keep("box:a", None)
    with pytest.raises(InvalidArgument, match="cannot be written"):
        owned.owner.keep("env:A", secret("x"))


def test_a_store_that_cannot_be_listed_is_named_with_the_reason_and_holds_nobody_up(owned, box):
    box.shut = "it is locked"
    assert owned.owner.ask(Question(what="credentials"))["passed_by"]["box"] == "it is locked"

    box.held, box.hangs = threading.Event(), True
    assert "did not answer" in owned.owner.ask(Question(what="credentials"))["passed_by"]["box"]


def test_a_section_and_its_entry_are_one_credential(owned, box):
    owned.config.write_text(f'{HURRIED}[credentials.lab]\nuse = "box"\nkind = "bearer"\n')
    owned.owner.reconfigure()
    id = owned.put(owned.file(), "seen://10.0.0.1/x", secret_headers=(("X-Token", "box:lab"),), credential="lab")
    waits(owned, id)

    owned.owner.keep("lab", secret("t0ken-value"))

    owned.done(id)
    assert "lab" in owned.owner.ask(Question(what="credentials"))["names"]


@pytest.mark.parametrize(
    ("kind", "username", "value", "fault"),
    [
        ("bearer", "", "s3cret-blank ", "begins or ends with a blank"),
        ("bearer", "", "s3cret\nline", "a line break or another control character"),
        ("basic", "me", "s3cret\0", "a line break or another control character"),
        ("basic", "", "s3cret", "lacks the user name"),
        ("header", "", "s3cret", "lacks the name of the header"),
        ("bearer", "", "", "is empty"),
    ],
)
def test_one_that_cannot_be_sent_is_waited_for_and_not_kept_and_its_value_is_not_told(owned, box, kind, username, value, fault):
    wrong = Credential(kind=kind, username=username, secret=Secret(value))
    box.kept["lab"] = wrong
    id = put(owned)

    assert fault in waits(owned, id)
    assert not value or value.strip() not in repr(owned.view(id))
    with pytest.raises(InvalidArgument, match=fault):
        owned.owner.keep("box:lab", wrong)


def test_a_user_name_that_a_section_wants_is_asked_for_when_it_is_kept(owned, box):
    owned.config.write_text(f'{HURRIED}[credentials.lab]\nuse = "box"\nkind = "basic"\n')
    owned.owner.reconfigure()

    with pytest.raises(InvalidArgument, match="lacks the user name; nothing was kept"):
        owned.owner.keep("lab", secret("x"))
    assert box.kept == {}


def test_a_store_that_breaks_is_waited_for_and_what_it_says_is_not_repeated(owned, box):
    def breaks(_name):
        raise RuntimeError("s3cret in a stranger's words")

    box.before = breaks
    assert "RuntimeError" in waits(owned, id := put(owned))
    assert "s3cret" not in repr(owned.view(id))


class Unmade(Box):
    """Cannot be made here."""

    def __init__(self, settings, toolkit):
        raise OSError("t0ken-value is not for your eyes")


@pytest.mark.fault(73)
def test_a_store_that_cannot_be_made_is_named_and_takes_nobody_elses_health_with_it(tmp_path):
    own = {("credentials", "unmade"): (Unmade, lambda _: Content()), ("credentials", "box"): (Box, lambda _: Content())}
    with Owned(tmp_path, own=own) as owned:
        credentials = owned.owner._credentials
        health = Health(credentials=credentials, configuration=dict, conditions=Conditions, sinks=list)  # a configuration that nobody can read

        told = health.of([{"kind": kind, "name": name, "state": "ok"} for kind, name in (("credentials", "unmade"), ("credentials", "box"), ("stores", "x"))])

        assert [one["health"] for one in told] == [
            "the credential store unmade cannot be made (OSError)", "usable", "it cannot be told: AttributeError",
        ]  # fmt: skip
        assert "unmade" in credentials.names()[1]
        with pytest.raises(CredentialNeeded, match=r"the credential store unmade cannot be made \(OSError\)"):
            credentials.get("unmade:lab", environment={})
