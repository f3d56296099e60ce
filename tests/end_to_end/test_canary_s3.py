"""The secrets of S3 go into signatures and to the server, and nowhere else: every byte that is written anywhere is searched for them."""

import secrets

import pytest

from plugins.transports.s3.tests.fake_s3 import BUCKET, FakeS3
from tests.end_to_end.stage import MIB


@pytest.fixture
def canaries():
    return {"AWS_SECRET_ACCESS_KEY": f"canary-key-{secrets.token_hex(12)}", "AWS_SESSION_TOKEN": f"canary-token-{secrets.token_hex(12)}"}


def written(stage):
    """Everything below the test's folder, by file."""
    return {path: path.read_bytes() for path in stage.folder.rglob("*") if path.is_file() and not path.is_socket()}


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
    found = [str(path) for path, data in files.items() for secret in canaries.values() if secret.encode() in data]
    printed = [one.args for one in said for secret in canaries.values() if secret in one.stdout + one.stderr]
    assert (found, printed) == ([], [])
    assert any(b"sendoff" in data for path, data in files.items() if path.suffix == ".log"), "no log was searched"
    assert {one.headers.get("x-amz-security-token") for one in server.seen} == {canaries["AWS_SESSION_TOKEN"]}
