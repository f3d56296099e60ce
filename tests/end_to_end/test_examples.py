"""The example configurations are right, and what they say is done with them is done, against real counterparts; only where these are differs."""

import json
import os
import re
import shutil
import time
from base64 import b64encode

import pytest
from sendoff.cli.inspection import inspected
from sendoff.testing.openssh import OpenSsh
from sendoff.testing.receiver import Receiver
from sendoff.testing.secret_service import SecretService

from tests.end_to_end.pages import EXAMPLES, PAGES, Person, blocks, landed, shows
from tests.servers.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, Seaweed
from tests.servers.tus import TusNode

PAGE = "examples.md"
NAMES = sorted(path.name for path in EXAMPLES.glob("*.toml"))
USED = pytest.mark.campaign
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def person(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    made = Person(home)
    yield made
    made.leaves()


@pytest.fixture
def ssh(tmp_path):
    if how := OpenSsh.missing():
        pytest.skip(f"OpenSSH is missing: {how}")
    with OpenSsh(tmp_path / "sshd") as made:
        (made.root / "there").mkdir()
        yield made


def commands(name):
    """The lines of sendoff's and the shell's in the head of an example."""
    head = (EXAMPLES / name).read_text().partition("\n\n")[0]
    return [line for line in re.findall(r"^#   (.+)$", head, re.MULTILINE) if "sendoff " in line]


def takes(person, name, **here):
    """The example becomes the person's configuration; in it and in its commands what is here stands instead of what it says there."""
    text, lines = (EXAMPLES / name).read_text(), "\n".join(commands(name))
    for there, instead in here.items():
        assert there in text + lines, f"{name} does not say {there}"
        text, lines = text.replace(there, instead), lines.replace(there, instead)
    person.writes(text)
    return lines.splitlines()


def with_a_key(person, server):
    (person.home / ".ssh").mkdir()
    shutil.copy(server.user_key, person.home / ".ssh" / "id_ed25519")
    (person.home / ".ssh" / "known_hosts").write_text(server.known_as("127.0.0.1", server.port))


def awaited(person):
    """Return as soon as a host answers."""
    deadline = time.monotonic() + 30
    while person.runs("sendoff host status", fine=(0, 5)).returncode:
        assert time.monotonic() < deadline


# -- all of them


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_right_as_it_stands(name):
    """What ``sendoff check --config`` does."""
    rows = inspected(EXAMPLES / name, {})["rows"]

    assert [row for row in rows if not row["ok"]] == []
    assert "can be used: 1 destination" in rows[0]["detail"]


@USED
def test_the_command_says_of_every_example_that_it_can_be_used(person):
    for name in NAMES:
        shutil.copy(EXAMPLES / name, person.home)

        assert "can be used: 1 destination" in person.runs(f"sendoff check --config {name}").stdout


@pytest.mark.parametrize("name", NAMES)
def test_an_example_says_what_it_is_for_and_what_each_line_means(name):
    text = (EXAMPLES / name).read_text()

    assert text.startswith("# ")
    assert commands(name)
    assert f"(../examples/{name})" in (PAGES / PAGE).read_text()


@USED  # nobody knows the name in it, which takes some seconds
def test_the_page_puts_one_in_force(person):
    look, use = blocks(PAGE, "sh")
    shutil.copy(EXAMPLES / "nas-by-sftp.toml", person.home)

    shows(blocks(PAGE, "text")[0], person.runs(look).stdout)
    person.runs(use, fine=(0, 1, 6))

    assert person.config.read_text() == (EXAMPLES / "nas-by-sftp.toml").read_text()


# -- each of them in use


@USED
@pytest.mark.needs_server
def test_a_nas(person, ssh):
    with_a_key(person, ssh)
    (put,) = takes(person, "nas-by-sftp.toml", **{"sftp://me@nas.local/volume1/backup/": ssh.url("there/")})
    person.file("photos/2025/a.jpg")

    person.runs(f"{put} && sendoff wait --all")

    assert (ssh.root / "there" / "photos" / "photos" / "2025" / "a.jpg").read_bytes() == b"photos/2025/a.jpg"


@USED
@pytest.mark.needs_server
def test_a_backup_into_a_bucket(person, tmp_path):
    with Seaweed(tmp_path / "seaweed") as server:
        here = {"https://s3.example": server.url, "s3://my-backup/": f"s3://{BUCKET}/", "ACCESS-KEY": ACCESS_KEY, "SECRET-KEY": SECRET_KEY}
        secret, put = takes(person, "s3-backup.toml", **here)
        person.file("documents/letter.txt")

        person.runs(secret)
        person.runs(put)

        assert server.body("laptop/documents/letter.txt") == b"documents/letter.txt"
        assert "server-digest" in person.runs("sendoff receipt 1").stdout


@USED
def test_an_interface_with_a_token(person, tmp_path):
    with Receiver(tmp_path / "api", authorization="Bearer t0ken") as api:
        secret, put, post = takes(person, "api-with-token.toml", **{"https://api.example/": api.url, "TOKEN": "t0ken"})
        person.file("report.pdf")

        person.runs(secret)
        person.runs(put)
        person.runs(f"{post} && sendoff wait --all")

        assert landed(api, "v1") == ["forms", "reports/report.pdf"]
        assert {row.header("X-Client") for row in api.requests} == {"office-7"}


@USED
@pytest.mark.needs_server
def test_films_by_tus_with_tokens_that_expire(person, tmp_path):
    with TusNode(tmp_path / "tus", tokens=30) as server:
        program = person.home / "media-token"
        here = {"https://media.example/files/": f"{server.url}/", "/usr/local/bin/media-token": str(program)}
        (put,) = takes(person, "media-by-tus.toml", **here)
        program.write_text(f"#!/bin/sh\nexec curl --silent --fail --user recorder:pass-word http://127.0.0.1:{server.port}/token\n")
        program.chmod(0o755)
        person.file("film.mkv", os.urandom(100_000))

        person.runs(f"{put} && sendoff wait --all")

        (upload,) = server.uploads()
        assert upload.complete and upload.metadata["project"] == "films"


@USED
def test_a_laptop(person, tmp_path):
    with Receiver(tmp_path / "archive") as archive:
        (put,) = takes(person, "metered-laptop.toml", **{"https://uploads.example/": archive.url})
        person.file("holidays.mp4", os.urandom(100_000))

        person.runs(f"{put} && sendoff wait --all")

        assert landed(archive) == ["holidays.mp4"]
        told = json.loads(person.runs("sendoff limit --json").stdout)
        assert told["bandwidth"].startswith("Mon-08:00,256k") and told["destinations"]["archive"]["bandwidth"] == "2M"


@USED
def test_a_server_that_tells(person, tmp_path):
    """systemd hands secrets over as files in a folder that a variable names; a host in the foreground stands for the unit."""
    secrets = tmp_path / "credentials"
    secrets.mkdir(mode=0o700)
    for name, value in {"archive": "pass-word", "hook": f"whsec_{b64encode(bytes(range(32))).decode()}", "sendoff-key": "0f" * 32}.items():
        (secrets / name).write_text(value)
        (secrets / name).chmod(0o600)
    login = "Basic " + b64encode(b"ingest:pass-word").decode()
    with Receiver(tmp_path / "archive", authorization=login) as archive, Receiver(tmp_path / "program") as program:
        (put,) = takes(person, "server-service.toml", **{"https://uploads.example/": archive.url, "https://service.example/": program.url})
        person.file("report.pdf")
        person.environment["CREDENTIALS_DIRECTORY"] = str(secrets)
        host = person.begins("sendoff host run")
        del person.environment["CREDENTIALS_DIRECTORY"]
        awaited(person)

        person.runs(f"{put} && sendoff wait --all")
        (told,) = program.wait_until(lambda rows: any(row.status is not None for row in rows))

        assert landed(archive) == ["report.pdf"]
        assert b"report.pdf" in program.stored("uploads")
        assert told.header("webhook-signature").startswith("v1,")
        person.leaves()
        host.communicate(timeout=30)


@USED
def test_a_job(person, tmp_path):
    with Receiver(tmp_path / "artifacts", authorization="Bearer of-the-job") as artifacts:
        (put,) = takes(person, "ci-job.toml", **{"https://artifacts.example/": artifacts.url})
        shutil.move(person.config, person.home / "ci-job.toml")
        person.file("dist/a.tar.gz")
        person.file("dist/b.tar.gz")
        person.environment["UPLOAD_TOKEN"] = "of-the-job"

        person.runs(put)

        assert landed(artifacts, "builds") == ["a.tar.gz", "b.tar.gz"]
        assert "already" in person.runs(f"{put} --again", fine=(1,)).stderr


@USED
@pytest.mark.needs_server
def test_many_small_files(person, ssh):
    with_a_key(person, ssh)
    (put,) = takes(person, "many-small-files.toml", **{"sftp://me@lab.example/tiles/": ssh.url("there/")})
    for number in range(300):
        person.file(f"tiles/{number % 7}/{number}.png")

    person.runs(f"{put} && sendoff wait --all")

    assert len(list((ssh.root / "there" / "tiles").rglob("*.png"))) == 300


@USED
def test_several_apps(person, tmp_path):
    with Receiver(tmp_path / "scans") as scans:
        put, other = takes(person, "one-of-several-apps.toml", **{"https://uploads.example/": scans.url, "uploads.example": "127.0.0.1"})
        for name in ("scanner.toml", "camera.toml"):
            shutil.copy(person.config, person.home / name)
        person.file("page.tif")

        person.runs(f"{put} && sendoff --app scanner --config scanner.toml wait --all")

        assert landed(scans, "scans") == ["page.tif"]
        assert "page.tif" not in person.runs(f"{other} --all").stdout
        refused = person.runs("sendoff --app scanner --config scanner.toml put page.tif sftp://elsewhere.example/", fine=(2,)).stderr
        assert "allow_schemes" in refused
        for app in ("scanner", "camera"):
            person.runs(f"sendoff --app {app} --config {app}.toml host stop", fine=(0, 5))


@USED
@pytest.mark.needs_server
def test_a_desktop_with_a_key_store(person, tmp_path):
    if how := SecretService.missing():
        pytest.skip(how)
    login = "Basic " + b64encode(b"me:pass-word").decode()
    with SecretService(tmp_path / "desktop") as desktop, Receiver(tmp_path / "office", authorization=login) as office:
        secret, put = takes(person, "desktop-with-keyring.toml", **{"https://office.example/": office.url})
        person.environment |= desktop.environment
        person.file("letter.pdf")

        person.runs(f"printf %s pass-word | {secret}")
        person.runs(f"{put} && sendoff wait --all")

        assert landed(office, "in") == ["letter.pdf"]
