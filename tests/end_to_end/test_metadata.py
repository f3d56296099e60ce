"""An application's own data: kept with its upload within a limit, and told wherever that upload is told of."""

import json
import sys

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.core.owned import eventually

SOON = 60
MOST = 16 * 1024
MINE = {"order": 42, "lines": [1, None, {"of": "Zoë"}]}
LISTENER = """
import json
from pathlib import Path
from sendoff import hookimpl

def say(hook, operation):
    with Path(__file__).with_name("heard").open("a") as file:
        file.write(json.dumps([hook, operation.id, dict(operation.spec.metadata)]) + "\\n")

@hookimpl
def sendoff_before_queue(operation):
    say("before_queue", operation)

@hookimpl
def sendoff_completed(operation, receipt):
    say("completed", operation)

@hookimpl
def sendoff_failed(operation, error):
    say("failed", operation)
"""


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made


@pytest.fixture
def files(tmp_path):
    with Receiver(tmp_path / "in", script=[Rule(do=Answer(403), path="/refused", times=None)]) as made:
        yield made


def three_ends(client, files):
    """The ids of one that completes, one that fails and one that is canceled, all with the same data."""
    completed, failed = (client.put(b"bytes", files.url + name, metadata=MINE) for name in ("a", "refused"))
    canceled = client.put(b"bytes", files.url + "c", metadata=MINE, start=False)
    completed.wait(SOON)
    with pytest.raises(sendoff.UploadFailed):
        failed.wait(SOON)
    canceled.cancel()
    return [completed.id, failed.id, canceled.id]


def sized(most):
    """Data that is so many bytes as JSON."""
    return {"text": "x" * (most - len(json.dumps({"text": ""}, separators=(",", ":"))))}


def test_sixteen_kibibytes_are_kept_and_one_byte_more_is_refused_in_one_sentence(client, files):
    kept = client.put(b"bytes", files.url + "kept", metadata=sized(MOST), start=False)

    with pytest.raises(sendoff.InvalidArgument) as refused:
        client.put(b"bytes", files.url + "refused", metadata=sized(MOST + 1), start=False)
    with pytest.raises(sendoff.InvalidArgument):
        client.put(b"bytes", files.url + "refused", metadata={"text": "ü" * (MOST // 2)}, start=False)

    assert refused.value.message == f"the metadata (--meta): {MOST + 1} bytes of JSON are too many; at most {MOST} are kept"
    assert [(one.id, one.metadata) for one in client.find(all=True)] == [(kept.id, sized(MOST))]


def test_the_command_line_has_the_same_limit_and_what_is_added_later_counts(client, stage, files):
    path, _ = stage.file(10)
    kept = client.put(path, files.url + "a", metadata=sized(MOST), start=False)

    later = stage.run("set", kept.id, "--meta", "b=c", fine=(2,)).stderr
    refused = stage.run("put", path, files.url + "b", "--meta", "text=" + "x" * MOST, fine=(2,)).stderr

    assert f"at most {MOST} are kept" in later and f"at most {MOST} are kept" in refused
    assert [(one.id, list(one.metadata)) for one in client.find(all=True)] == [(kept.id, ["text"])]


def test_the_events_of_its_beginning_and_of_every_end_carry_it(client, files):
    ids = three_ends(client, files)
    bare = client.put(b"bytes", files.url + "bare").wait(SOON)

    told = {(event.operation, event.type): event.data.get("metadata") for event in client.events() if event.operation}

    ends = dict(zip(ids, ("completed", "failed", "canceled"), strict=True))
    assert {key: told[key] for id in ids for key in ((id, "created"), (id, ends[id]))} == {(id, type_): MINE for id in ids for type_ in ("created", ends[id])}
    assert (told[bare.id, "created"], told[bare.id, "completed"]) == (None, None)


def test_the_notices_of_webhooks_and_commands_carry_it(stage, files, tmp_path):
    notices = tmp_path / "notices"
    program = f"import sys; open({str(notices)!r}, 'a').write(sys.stdin.read().strip() + chr(10))"
    on = 'on = ["created", "completed", "failed", "canceled"]\n'
    with Receiver(tmp_path / "told") as told:
        stage.config.write_text(
            f'[[sinks]]\nuse = "webhook"\nurl = "{told.url}hook"\n{on}[[sinks]]\nuse = "command"\nargv = {json.dumps([sys.executable, "-c", program])}\n{on}'
        )
        with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
            ids = three_ends(client, files)
        told.wait_until(lambda rows: len([row for row in rows if row.status and row.status < 300]) == 6, timeout=SOON)
        eventually(lambda: notices.exists() and len(notices.read_text().splitlines()) == 6, "what the command is told")
        posted = [json.loads(path.read_bytes())["data"] for path in told.folder.glob("hook*")]

    for documents in (posted, [json.loads(line) for line in notices.read_text().splitlines()]):
        assert {(one["operation"]["id"], json.dumps(one["operation"]["metadata"])) for one in documents} == {(id, json.dumps(MINE)) for id in ids}


def test_a_listener_plugin_is_handed_it(stage, files):
    stage.install("hearing", "sendoff.hooks", "hearing = hearing", LISTENER)
    path, _ = stage.file(10)

    id = stage.put(path, files.url + "a", "--meta", "order=42", "--wait")[0]
    refused = stage.run("put", path, files.url + "refused", "--meta", "order=43", "--wait", fine=(1,)).stdout.split()[0]

    heard = [json.loads(line) for line in (stage.folder / "packages" / "heard").read_text().splitlines()]
    assert heard == [
        ["before_queue", id, {"order": "42"}], ["completed", id, {"order": "42"}],
        ["before_queue", refused, {"order": "43"}], ["failed", refused, {"order": "43"}],
    ]  # fmt: skip
