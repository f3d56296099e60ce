"""A host that nobody knows yet: the uploads wait, one asks, a person decides."""

import json

import pytest
from sendoff.testing.openssh import OpenSsh

pytestmark = [pytest.mark.needs_server, pytest.mark.fault(70)]


@pytest.fixture
def server(tmp_path, stage):
    how = OpenSsh.missing()
    if how:
        pytest.skip(f"OpenSSH is missing: {how}")
    with OpenSsh(tmp_path / "sshd") as made:
        stage.config.write_text(
            f'[destinations.lab]\nurl = "{made.url("in/")}"\nidentity_file = "{made.user_key}"\nhost_keys = []\nssh_config = "none"\n'
            'agent = false\nmake_folders = "all"\n'
        )
        yield made


def test_uploads_to_an_unknown_host_wait_for_a_person_who_is_asked_once(stage, server):
    source, _ = stage.file(10_000)
    ids = [stage.put(source, f"lab:{number}.bin")[0] for number in range(5)]

    told = stage.run("wait", *ids, fine=(6,)).stderr

    shown = json.loads(stage.run("trust", "lab", "--json", fine=(6,)).stdout)
    assert shown["standing"] == "unknown" and shown["fingerprint"] in told
    assert {view["reason"] for view in stage.listed()} == {"host_key_unknown"}
    assert {view["needs"]["command"] for view in stage.listed()} == {f"sendoff trust lab {shown['fingerprint']}"}
    assert sum(event.type == "waiting" for id in ids for event in stage.history(id)) == 1
    assert server.log.count("Connection") <= server.log.count("Accepted") + 4

    stage.run("trust", "lab", shown["fingerprint"])

    stage.run("wait", *ids)
    assert sorted(path.name for path in (server.root / "in").iterdir()) == [f"{number}.bin" for number in range(5)]


def test_another_fingerprint_is_not_accepted_and_nothing_goes_on(stage, server):
    source, _ = stage.file(1000)
    (id,) = stage.put(source, "lab:a.bin")
    stage.run("wait", id, fine=(6,))

    stage.run("trust", "lab", "SHA256:" + "A" * 43, fine=(2,))

    assert stage.view(id)["reason"] == "host_key_unknown"
    assert list(server.root.iterdir()) == []


def test_what_was_accepted_outlives_the_host_and_can_be_forgotten(stage, server):
    source, _ = stage.file(1000)
    fingerprint = json.loads(stage.run("trust", "lab", "--json", fine=(6,)).stdout)["fingerprint"]
    stage.run("trust", "lab", fingerprint)
    stage.run("host", "stop")
    stage.run("put", "--wait", source, "lab:a.bin")

    stage.run("trust", "--forget", "lab")
    stage.run("host", "stop")

    stage.run("put", "--wait", source, "lab:b.bin", fine=(6,))


def test_refused_logins_stop_the_destination_and_do_not_hammer(stage, server):
    (server.folder / "authorized").write_text("")
    source, _ = stage.file(1000)
    fingerprint = json.loads(stage.run("trust", "lab", "--json", fine=(6,)).stdout)["fingerprint"]
    stage.run("trust", "lab", fingerprint)
    ids = [stage.put(source, f"lab:{number}.bin")[0] for number in range(5)]

    stage.run("wait", *ids, fine=(6,))

    assert {view["reason"] for view in stage.listed()} == {"credential_needed"}
    assert server.log.count("preauth") <= 4
    (server.folder / "authorized").write_text(server.user_key.with_suffix(".pub").read_text())
    stage.run("resume", "--all")
    stage.run("wait", *ids)


def test_http_has_no_host_key_to_trust(stage, server):
    said = stage.run("trust", "http://127.0.0.1:9/x/", fine=(2,)).stderr
    assert "no host keys" in said
