"""``use = "webhook"`` with real hosts that are killed: everything is told at least once, under one id, in order."""

import json

import pytest
from sendoff.testing.receiver import Answer, Lost, Receiver, Rule

WEBHOOK = '[[sinks]]\nuse = "webhook"\nurl = "{url}hook"\nsecret = "file:hook"\non = ["created", "completed", "failed", "batch_completed"]\n'
SECRET = '[hook]\nsecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"\n'


@pytest.fixture
def files(tmp_path):
    with Receiver(tmp_path / "in", script=[Rule(do=Answer(403), path="/refused", times=None)]) as receiver:
        yield receiver


@pytest.fixture
def told(tmp_path):
    """Where the notices go; of the first the answer is lost, the third comes at a bad moment."""
    with Receiver(tmp_path / "told", script=[Rule(do=Lost(), request=1), Rule(do=Answer(503), request=3)]) as receiver:
        yield receiver


def configure(stage, told):
    file = stage.config.parent / "credentials.toml"
    file.touch(mode=0o600)
    file.write_text(SECRET)
    stage.config.write_text(WEBHOOK.format(url=told.url))


def accepted(told):
    """The documents that were answered with a success, by the id their header carried, in order."""
    kept = sorted((told.folder).glob("hook*"), key=lambda path: int(path.name.partition("~")[2] or 1))
    return [plain(json.loads(path.read_bytes())) for path in kept]


def plain(event):
    """The notice's own document in an event."""
    return {"id": event["id"], "type": event["type"].removeprefix("sendoff."), "time": event["time"], **event["data"]}


@pytest.mark.parity("F100")
@pytest.mark.fault(7, 79)
def test_every_end_is_told_through_the_death_of_the_host(stage, files, told):
    configure(stage, told)
    good, _ = stage.file(1000, "good.bin")
    bad, _ = stage.file(1000, "refused")
    ids = stage.put(good, bad, files.url)
    told.wait_until(lambda rows: len(rows) >= 2)
    stage.kill_host()
    stage.run("wait", *ids, fine=(1,))
    (batch,) = {stage.view(id)["batch"] for id in ids}

    wanted = {*((ids[0], type) for type in ("created", "completed")), *((ids[1], type) for type in ("created", "failed")), (None, "batch_completed")}
    told.wait_until(lambda _: wanted <= {about(found) for found in accepted(told)})

    assert next(found for found in accepted(told) if found["type"] == "batch_completed")["data"]["batch"] == batch
    events = {event.id: (event.operation or None, event.type) for id in ids for event in stage.history(id)}
    for found in accepted(told):
        assert found["type"] == "batch_completed" or events[found["id"]] == about(found), "the id is the event's, whenever it is told"
    assert all(row.header("webhook-signature").startswith("v1,") for row in told.requests)


def about(document):
    return (document["operation"] or {}).get("id"), document["type"]


def test_what_is_told_of_one_upload_keeps_its_order(stage, files, tmp_path):
    with Receiver(tmp_path / "in-order") as told:
        configure(stage, told)
        source, _ = stage.file(1000)
        ids = [id for name in "abc" for id in stage.put(source, f"{files.url}{name}")]
        stage.run("wait", *ids)
        told.wait_until(lambda _: len(accepted(told)) >= 6)

        assert [[found["type"] for found in accepted(told) if about(found)[0] == id] for id in ids] == [["created", "completed"]] * 3


@pytest.mark.fault(7, 79)
def test_a_receiver_that_was_away_holds_nobody_up_and_is_told_everything_in_order_through_a_kill(stage, files, tmp_path):
    with Receiver(tmp_path / "away") as gone:
        port = gone.port
    configure(stage, gone)
    stage.config.write_text('[retry]\nbackoff = ["0.1s", "0.5s"]\n' + stage.config.read_text().replace(gone.url, f"http://127.0.0.1:{port}/"))
    source, _ = stage.file(1000)
    ids = [id for name in "abc" for id in stage.put(source, f"{files.url}{name}", "--wait")]
    stage.kill_host()
    ids += stage.put(source, f"{files.url}d", "--wait")
    (sink,) = json.loads(stage.run("host", "status", "--json").stdout)["sinks"]
    assert sink["waiting"] + sink["behind"] > 0 and "cannot be reached" in stage.run("host", "status").stdout

    with Receiver(tmp_path / "back", port=port) as back:
        back.wait_until(lambda _: len({found["id"] for found in accepted(back) if found["type"] in ("created", "completed")}) == 8)
        told = [about(found) for found in accepted(back)]
    assert [[type for one, type in dict.fromkeys(told) if one == id and type != "notice_failed"] for id in ids] == [["created", "completed"]] * 4
