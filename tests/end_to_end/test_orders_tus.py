"""Orders in the middle of an upload that can be resumed: whatever a person does, no byte that the server has is sent again."""

import base64

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.core.owned import eventually
from tests.end_to_end.stage import MIB

SIZE = 6 * MIB
EARLY = MIB
RATE = 2 * MIB
LOCKED = Answer(401, headers=(("WWW-Authenticate", 'Basic realm="films"'),))


class Post:
    """A server that keeps every byte that comes, and one upload on its way there, some of which has come."""

    def __init__(self, stage, name, *script, words=(), **environment):
        self.stage = stage
        self.receiver = Receiver(stage.folder / name, tus=True, checksums=False, script=script, rate=RATE).open()
        source, self.digest = stage.file(SIZE, f"{name}.bin")
        stage.environment |= environment
        (self.id,) = stage.put("--protocol", "tus", *words, source, self.receiver.url)
        self.come(EARLY)

    def come(self, count):
        """Return as soon as so many bytes have come."""
        self.receiver.wait_until(lambda rows: sum(row.received for row in rows) >= count)

    @property
    def held(self):
        """How many bytes the server has, once nobody is at it."""
        (upload,) = self.receiver.uploads.all()
        with upload.busy:
            return upload.offset

    def rows(self, method):
        return [row for row in self.receiver.requests if row.method == method]

    def order(self, *words):
        return self.stage.run(*words, self.id)

    def view(self):
        return self.stage.view(self.id)

    def arrived(self, *offsets):
        """It is completed: one upload, begun once, and each byte came once, in requests that began at these offsets."""
        self.stage.run("wait", self.id)
        (upload,) = self.receiver.uploads.all()
        assert (upload.whole, self.receiver.stored(upload.name)) == (True, (self.stage.folder / upload.name).read_bytes())
        assert [int(row.header("Upload-Offset")) for row in self.rows("PATCH")] == list(offsets)
        assert sum(row.received for row in self.rows("PATCH")) == SIZE
        assert len(self.rows("POST")) == 1
        return self.view()["receipt"]


@pytest.fixture
def post(stage):
    opened = []

    def made(*script, name="received", **more):
        opened.append(Post(stage, name, *script, **more))
        return opened[-1]

    yield made
    for one in opened:
        one.receiver.close()


@pytest.mark.parity("F61")
def test_paused_and_resumed_it_goes_on_at_the_byte_that_the_server_has(stage, post):
    one = post()
    one.order("pause")
    stage.until(one.id, status="paused_by_application")
    held = one.held
    assert EARLY <= held < SIZE
    one.order("resume")
    receipt = one.arrived(0, held)
    assert receipt["attempts"] == 2


def test_canceled_the_server_is_told_and_keeps_nothing(stage, post):
    one = post()
    one.order("cancel")
    (told,) = eventually(lambda: [row for row in one.rows("DELETE") if row.status])
    assert (told.status, one.receiver.uploads.all()) == (204, [])
    assert one.view()["status"] == "canceled"


def test_a_retry_of_a_failed_one_goes_on_at_the_byte_that_the_server_has(stage, post):
    one = post(Rule(do=Answer(422), method="PATCH", at=2 * MIB))
    stage.run("wait", one.id, fine=(1,))
    assert (one.view()["status"], one.view()["error"]["http_status"]) == ("error", 422)
    held = one.held
    one.order("retry")
    one.arrived(0, held)
    assert (held, one.view()["round"]) == (2 * MIB, 2)


def test_sent_to_another_origin_the_half_done_one_is_removed_at_the_first(stage, post, tmp_path):
    one = post()
    with Receiver(tmp_path / "elsewhere", tus=True) as other:
        one.order("pause")
        stage.until(one.id, status="paused_by_application")
        stage.run("set", one.id, "--url", other.url, "--other-origin")
        eventually(lambda: one.receiver.uploads.all() == [], "the end of what the first server had")
        one.order("resume")
        stage.run("wait", one.id)
        assert [row.status for row in one.rows("DELETE")] == [204]
        assert [(upload.whole, upload.name) for upload in other.uploads.all()] == [(True, "received.bin")]
        assert sum(row.received for row in other.requests) == SIZE


def test_another_credential_is_used_from_the_next_request_on(stage, post):
    one = post(words=("--credential", "env:OLD"), OLD_USERNAME="me", OLD_PASSWORD="old", NEW_USERNAME="me", NEW_PASSWORD="new")
    one.order("pause")
    stage.until(one.id, status="paused_by_application")
    held, before = one.held, len(one.receiver.requests)
    stage.run("set", one.id, "--credential", "env:NEW")
    one.order("resume")
    one.arrived(0, held)
    old, new = (base64.b64encode(f"me:{word}".encode()).decode() for word in ("old", "new"))
    logins = [(row.header("Authorization") or "") for row in one.receiver.requests if row.method != "OPTIONS"]
    assert set(logins[:before]) == {f"Basic {old}"}
    assert set(logins[before:]) == {f"Basic {new}"}


def test_a_login_that_is_no_longer_taken_stops_it_where_it_is_and_others_go_on(stage, post):
    one = post(Rule(do=LOCKED, method="PATCH", at=2 * MIB), words=("--credential", "env:OLD"), OLD="old", NEW="new")
    waiting = stage.until(one.id, status="paused_recoverable")
    assert (waiting["reason"], waiting["needs"]["what"]) == ("credential_needed", "credential")
    held = one.held
    other = post(name="other")
    other.arrived(0)
    stage.run("set", one.id, "--credential", "env:NEW")
    one.order("resume")
    one.arrived(0, held)
    assert held == 2 * MIB and one.rows("PATCH")[-1].header("Authorization") == "Bearer new"


def test_a_host_that_is_stopped_and_started_goes_on_at_the_byte_that_the_server_has(stage, post):
    one = post()
    stage.run("host", "stop")
    held = one.held
    assert EARLY <= held < SIZE
    stage.run("host", "start")
    receipt = one.arrived(0, held)
    assert [row.method for row in one.receiver.requests].count("HEAD") == 1
    assert receipt["attempts"] == 2
