"""From the command to the file at a Nextcloud, with the host killed in between."""

import hashlib
import json

import pytest

from contrib.http_protocols.nextcloud.tests.cloud import PASSWORD, USER
from contrib.http_protocols.nextcloud.tests.conftest import CHUNK, MIB
from contrib.http_protocols.nextcloud.tests.fault import Fault
from tests.end_to_end.stage import Stage

SIZE = 24 * MIB  # five chunks
PATIENCE = 30


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        yield made


@pytest.fixture
def cloud(lab, stage):
    """A Nextcloud that wants a login, and a configuration that knows it as ``cloud:``."""
    cloud = lab.cloud(login=True)
    words = stage.config.with_name("credentials.toml")
    words.write_text(f'[cloud]\nkind = "basic"\nusername = "{USER}"\nsecret = "{PASSWORD}"\n')
    words.chmod(0o600)
    stage.config.write_text(
        f'[destinations.cloud]\nurl = "{cloud.url}"\nuse = "http"\nprotocol = "nextcloud"\ncredential = "file:cloud"\n'
        'protocol_options = { assembling = "0s" }\n[retry]\nbackoff = ["100ms", "1s"]\n'
    )  # fmt: skip
    return cloud


def sent(cloud):
    return [int(one.path.rpartition("/")[2]) for one in cloud.steps("PUT chunk")]


def landed(cloud, path):
    return hashlib.sha256(cloud.content(path) or b"").hexdigest()


@pytest.mark.fault(4)
def test_killed_in_the_middle_of_a_chunk_the_next_host_sends_the_rest(stage, cloud):
    source, digest = stage.file(SIZE, "film ü.mkv")
    fault = cloud.add(Fault(step="PUT chunk", nth=3, hold=MIB))
    (id,) = stage.put(source, "cloud:films/2026/")
    assert fault.held.wait(PATIENCE), stage.log()

    stage.kill_host()
    fault.let_go.set()
    stage.run("wait", id)

    view = stage.view(id)
    assert landed(cloud, "films/2026/film ü.mkv") == digest
    assert sent(cloud) == [1, 2, 3, 3, 4, 5]
    assert len(cloud.steps("MKCOL upload")) == len(cloud.steps("MOVE")) == 1
    assert (view["receipt"]["verified"], view["protocol"], view["resumable"]) == ("part-digests", "nextcloud", True)
    assert stage.ends(id) == ["completed"]


@pytest.mark.fault(5)
def test_killed_while_it_is_put_together_the_next_host_finds_out(stage, cloud):
    source, digest = stage.file(SIZE)

    def host_dies():
        stage.kill_host()

    cloud.add(Fault(step="MOVE", lost=True, meanwhile=host_dies))
    (id,) = stage.put(source, "cloud:dest/")
    cloud.wait_until(lambda: cloud.content("dest/source.bin") is not None, PATIENCE)
    stage.run("wait", id)

    assert landed(cloud, "dest/source.bin") == digest
    assert (sent(cloud), len(cloud.steps("MOVE"))) == ([1, 2, 3, 4, 5], 1)
    assert stage.ends(id) == ["completed"]


def test_a_lost_connection_a_lock_and_an_expired_folder_cost_patience_and_no_more(stage, cloud):
    source, digest = stage.file(SIZE)
    cloud.add(Fault(step="PUT chunk", nth=2, cut=1))
    cloud.add(Fault(step="PUT chunk", nth=4, status=423))
    cloud.add(Fault(step="PUT chunk", nth=6, meanwhile=cloud.tree.uploads.clear))

    (id,) = stage.put(source, "cloud:")
    stage.run("wait", id)

    assert landed(cloud, "source.bin") == digest
    assert cloud.tree.uploads == {}
    assert "session_lost" in {event.data["error"]["code"] for event in stage.history(id) if event.type == "attempt_failed"}


def test_canceled_in_the_middle_nothing_is_left_at_the_server(stage, cloud):
    source, _ = stage.file(SIZE)
    fault = cloud.add(Fault(step="PUT chunk", nth=2, hold=MIB))
    (id,) = stage.put(source, "cloud:dest/")
    assert fault.held.wait(PATIENCE), stage.log()

    stage.run("cancel", id)
    fault.let_go.set()
    cloud.wait_until(lambda: not cloud.tree.uploads, PATIENCE)

    assert cloud.content("dest/source.bin") is None
    assert stage.ends(id) == ["canceled"]


def test_paused_and_resumed_it_goes_on_at_the_confirmed_chunk(stage, cloud):
    source, digest = stage.file(SIZE)
    fault = cloud.add(Fault(step="PUT chunk", nth=3, hold=MIB))
    (id,) = stage.put(source, "cloud:")
    assert fault.held.wait(PATIENCE), stage.log()

    stage.run("pause", id)
    stage.until(id, status="paused_by_application")
    assert stage.view(id)["progress"]["bytes_confirmed"] == 2 * CHUNK
    fault.let_go.set()
    stage.run("resume", id)
    stage.run("wait", id)

    assert landed(cloud, "source.bin") == digest
    assert sent(cloud) == [1, 2, 3, 3, 4, 5]


def test_a_full_quota_waits_for_a_person_and_goes_on(stage, cloud):
    cloud.tree.quota = 3 * CHUNK
    source, digest = stage.file(SIZE)
    (id,) = stage.put(source, "cloud:")
    view = stage.until(id, status="paused_recoverable")
    assert view["reason"] == "no_space"

    cloud.tree.quota = None
    stage.run("resume", id)
    stage.run("wait", id)

    assert landed(cloud, "source.bin") == digest


def test_a_tree_of_small_files_lands_in_folders_that_are_made(stage, cloud):
    folder = stage.folder / "tree"
    for name in ("a/1", "a/b/2", "3 ü%"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)

    ids = stage.put("-r", str(folder), "cloud:backup/")
    stage.run("wait", *ids)

    assert {path: found.content.decode() for path, found in cloud.tree.files.items()} == {f"backup/tree/{name}": name for name in ("a/1", "a/b/2", "3 ü%")}
    assert {stage.view(id)["receipt"]["verified"] for id in ids} == {"server-digest"}


def test_the_plugin_is_listed(stage):
    listed = [json.loads(line) for line in stage.run("plugins", "--json").stdout.splitlines()]
    (own,) = [one for one in listed if one["name"] == "nextcloud"]
    assert (own["kind"], own["distribution"], own["state"]) == ("http_protocols", "sendoff-http-nextcloud", "ok")


def test_a_wrong_option_is_named_with_the_nearest_right_one(stage, cloud):
    stage.config.write_text(stage.config.read_text().replace("assembling", "asembling"))
    source, _ = stage.file(10)
    said = stage.run("put", "--wait", source, "cloud:", fine=(1, 2)).stderr
    assert "asembling" in said
    assert "assembling" in said
