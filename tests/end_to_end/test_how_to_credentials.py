"""The page about credentials, run exactly as it is written; only where ``lab.example`` is differs."""

from base64 import b64encode

import pytest
from sendoff.testing.receiver import Receiver
from sendoff.testing.secret_service import SecretService

from tests.end_to_end.pages import Person, blocks

PAGE, ADDRESS = "credentials.md", "https://lab.example"
WANTED = "Basic " + b64encode(b"ingest:pass-word").decode()
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def lab(tmp_path):
    with Receiver(tmp_path / "received", authorization=WANTED) as receiver:
        yield receiver


@pytest.fixture
def person(tmp_path):
    somebody = Person(tmp_path / "home")
    somebody.home.mkdir()
    somebody.environment["PASSWORD"] = "pass-word"
    somebody.file("a.iso", b"i" * 1000)
    yield somebody
    somebody.leaves()


def follows(person, lab, number):
    return person.runs(blocks(PAGE, "sh")[number].replace(ADDRESS, lab.url.rstrip("/"))).stdout


def arrived(lab):
    return [one.header("Authorization") for one in lab.requests if one.method == "PUT" and one.path == "/in/a.iso"][-1] == WANTED


def test_on_a_server(person, lab):
    follows(person, lab, 0)

    assert arrived(lab)


@pytest.mark.needs_server
def test_on_a_desktop(person, lab, tmp_path):
    if how := SecretService.missing():
        pytest.skip(how)
    with SecretService(tmp_path / "desktop") as desktop:
        person.environment |= desktop.environment

        assert follows(person, lab, 1).endswith("keyring:lab\n")

    assert arrived(lab)


def test_from_a_program(person, lab):
    config = person.home / ".config" / "sendoff" / "sendoff.toml"
    config.parent.mkdir(parents=True)
    config.write_text(blocks(PAGE, "toml")[0].replace(ADDRESS, lab.url.rstrip("/")))

    follows(person, lab, 2)

    assert arrived(lab)
    assert "pass-word" in (person.home / ".git-credentials").read_text()
