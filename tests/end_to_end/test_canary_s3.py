"""The secrets of S3 go into signatures and to the server, and nowhere else: every byte that is written anywhere is searched for them."""

import json

import pytest

from plugins.transports.s3.tests.fake_s3 import BUCKET, FakeS3
from tests.end_to_end.stage import MIB
from tests.end_to_end.traces import traces, word

pytestmark = pytest.mark.fault(91)


@pytest.fixture
def canaries():
    return {"AWS_SECRET_ACCESS_KEY": f"canary-key-{word()}", "AWS_SESSION_TOKEN": f"canary-token-{word()}"}


def written(stage):
    """Everything below the test's folder, by file."""
    return {path: path.read_bytes() for path in stage.folder.rglob("*") if path.is_file() and not path.is_socket()}


def leaks(files, said, canaries):
    """Where a secret was found, however it is written."""
    looks = {trace for secret in canaries.values() for trace in traces(secret)}
    written = [*files.items(), *((one.args, (one.stdout + one.stderr).encode()) for one in said)]
    return [str(where) for where, data in written if any(trace in data for trace in looks)]


def test_no_secret_of_s3_is_written_or_printed_whatever_becomes_of_an_upload(stage, canaries):
    with FakeS3(keys={"AKID": canaries["AWS_SESSION_TOKEN"]}) as server:
        stage.config.write_text(
            '[host]\nlog_level = "debug"\n[retry]\nbackoff = ["20ms", "100ms"]\n[network]\nuse = "always-online"\n'
            f'[destinations.w]\nurl = "s3://{BUCKET}/"\nendpoint_url = "{server.url}"\npart_size = "1M"\n'
        )
        stage.environment |= {"AWS_ACCESS_KEY_ID": "AKID", **canaries}
        said = []
        source, _ = stage.file(3 * MIB + 1)
        for fault in (None, ("part", "reset"), ("complete", "lost")):
            if fault:
                server.fault(*fault, at=10)
            said.append(stage.run("put", "--wait", "-v", source, f"w:{len(said)}"))
        server.keys = {"AKID": "expired"}
        (id,) = stage.put(source, "w:expired")
        said.append(stage.run("wait", id, fine=(6,)))
        said += [stage.run("show", id), stage.run("list", "--json"), stage.run("events", id), stage.run("check", "w:", fine=(0, 1, 6))]
        server.keys = {"AKID": "of nobody", "other": None}
        said.append(stage.run("cancel", id))
    stage.run("host", "stop")

    files = written(stage)
    assert leaks(files, said, canaries) == []
    logged = b"".join(data for path, data in files.items() if path.suffix == ".log")
    assert all(f" DEBUG {library}".encode() in logged for library in ("botocore", "urllib3")), "the libraries had their say, too"
    assert {one.headers.get("x-amz-security-token") for one in server.seen} == {canaries["AWS_SESSION_TOKEN"]}


@pytest.mark.campaign
@pytest.mark.parametrize(
    "broken",
    [
        {"AWS_SESSION_TOKEN": f"canary-{word()}\nx-{word()}"},
        {"AWS_SESSION_TOKEN": f"canary-{word()} "},
        {"AWS_SESSION_TOKEN": f"canary-\u20ac\u00fc-{word()}"},
        {"AWS_SECRET_ACCESS_KEY": f"canary-{word()}\r\n"},
        {"HTTP_PROXY": f"http://me:{word()}/{word()}@127.0.0.1:9", "ends": "error"},
    ],
    ids=["line break", "blank", "letters", "key", "proxy"],
)
def test_what_cannot_be_sent_is_written_and_printed_nowhere_and_a_person_is_told(stage, broken):
    ends = broken.get("ends", "paused_recoverable")
    canaries = {name: value for name, value in broken.items() if name != "ends"}
    with FakeS3(keys={"AKID": None}) as server:
        endpoint = server.url if ends == "paused_recoverable" else "http://far.example/"
        stage.config.write_text(
            '[host]\nlog_level = "debug"\n[retry]\nbackoff = ["20ms", "100ms"]\n[network]\nuse = "always-online"\n'
            f'[destinations.w]\nurl = "s3://{BUCKET}/"\nendpoint_url = "{endpoint}"\n'
        )
        stage.environment |= {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", **canaries}
        source, _ = stage.file(1000)
        said = [stage.run("put", "--wait", "-v", source, "w:x", fine=range(10))]
        one = json.loads(stage.run("list", "--all", "--json").stdout)
        said += [stage.run(*words, fine=range(10)) for words in (("show", one["id"]), ("show", one["id"], "--json"), ("events", one["id"]), ("check", "w:"))]
    stage.run("host", "stop")

    assert (one["status"], server.seen) == (ends, [])
    assert leaks(written(stage), said, canaries) == []
