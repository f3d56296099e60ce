"""What commands tell of an upload that can be resumed: while it runs, when the server drops it, and when it has landed."""

import json

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB

SIZE = 6 * MIB
RATE = 2 * MIB


@pytest.fixture
def receiver(stage):
    with Receiver(stage.folder / "received", tus=True, rate=RATE) as made:
        stage.config.write_text(f'[destinations.films]\nurl = "{made.url}"\nprotocol = "tus"\nprotocol_options = {{ chunk_size = "1M" }}\n')
        yield made


def put(stage):
    source, _ = stage.file(SIZE)
    (id,) = stage.put(source, "films:")
    return id


def show(stage, id):
    return json.loads(stage.run("show", id, "--json").stdout)


def events(stage, id, type):
    lines = map(json.loads, stage.run("events", id, "--json").stdout.splitlines())
    return [line["data"] for line in lines if line["type"] == type]


def patched(receiver, count):
    """So many pieces were answered."""
    receiver.wait_until(lambda rows: sum(row.method == "PATCH" and row.status == 204 for row in rows) >= count)


@pytest.mark.parity("F118")
def test_while_it_runs_it_says_how_it_is_carried_and_what_the_server_has(stage, receiver):
    id = put(stage)
    patched(receiver, 2)
    view = show(stage, id)
    progress = view["progress"]
    assert (view["status"], view["transport"], view["protocol"], view["resumable"], view["receipt"]) == ("running", "http", "tus", True, None)
    assert progress["bytes_confirmed"] % MIB == 0 and 2 * MIB <= progress["bytes_confirmed"] <= progress["bytes_sent"]
    assert (progress["total_bytes"], progress["has_restarted"]) == (SIZE, False)
    assert "tus" in stage.run("show", id).stdout
    assert events(stage, id, "session_recorded") == [{"kind": "tus/1"}]


def test_after_a_kill_it_still_says_so_and_the_session_is_told_of_once(stage, receiver):
    id = put(stage)
    patched(receiver, 2)
    stage.kill_host()
    view = show(stage, id)
    assert (view["protocol"], view["resumable"]) == ("tus", True)
    assert view["progress"]["bytes_confirmed"] >= MIB
    stage.run("wait", id)
    assert len(events(stage, id, "session_recorded")) == 1
    receipt = show(stage, id)["receipt"]
    assert (receipt["size"], receipt["existing"], receipt["attempts"]) == (SIZE, None, 2)
    assert receipt["verified"] in ("part-digests", "size")  # a piece whose answer nobody heard is not known to have been compared
    assert 0 <= receipt["bytes_resent"] <= 2 * MIB
    assert {"id": id, **receipt} == json.loads(stage.run("receipt", id, "--json").stdout)


@pytest.mark.fault(56)
def test_an_upload_that_the_server_dropped_begins_anew_and_the_event_says_so(stage, receiver):
    id = put(stage)
    patched(receiver, 2)
    stage.kill_host()
    receiver.uploads.forget()
    stage.run("wait", id)
    (failed,) = events(stage, id, "attempt_failed")
    assert (failed["error"]["code"], failed["retry_in"]) == ("session_lost", 0)
    assert failed["error"]["message"].endswith("no longer knows the half-done upload; restarted from the first byte")
    assert "restarted from the first byte" in stage.run("events", id).stdout
    assert len(events(stage, id, "session_recorded")) == 2
    view = show(stage, id)
    assert (view["status"], view["receipt"]["size"]) == ("completed", SIZE)
    assert view["receipt"]["bytes_resent"] >= 2 * MIB
    assert [upload.whole for upload in receiver.uploads.all()] == [True]
