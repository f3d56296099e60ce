"""The page about being told, run exactly as it is written: the program of the page, and a receiver where the webhook leads."""

import json

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.pages import Person, blocks

PAGE, ADDRESS = "notices.md", "https://example.test/hook"
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def hook(tmp_path):
    with Receiver(tmp_path / "told") as made:
        yield made


@pytest.fixture
def archive(tmp_path):
    with Receiver(tmp_path / "landed") as made:
        yield made


@pytest.fixture
def person(tmp_path, hook, archive):
    home = tmp_path / "home"
    home.mkdir()
    made = Person(home).configured(f"{archive.url}archive/")
    made.writes(blocks(PAGE, "toml")[0].replace(ADDRESS, f"{hook.url}hook"))
    made.runs(f"printf %s {SECRET} | sendoff credentials set file:hook")
    yield made
    made.leaves()


def told(hook, count):
    """The first notices that arrived."""
    hook.wait_until(lambda rows: sum(row.status is not None for row in rows) >= count)
    return [json.loads(hook.stored(f"hook{f'~{number}' if number > 1 else ''}")) for number in range(1, count + 1)]


def test_a_failure_is_told_in_the_words_of_the_page(person, hook, archive):
    archive.script.add(Rule(do=Answer(403)))
    person.file("a.jpg")

    person.runs("sendoff put --wait a.jpg archive:", fine=(1,))
    (first,) = told(hook, 1)

    assert "a.jpg to archive: " in json.dumps(first)
    assert hook.requests[0].header("webhook-signature")


def test_a_program_says_what_people_are_told(person, hook):
    person.file("a.jpg")
    person.file("b.jpg")
    person.file("program.py", f"import sendoff\n\npaths = ['a.jpg', 'b.jpg']\n{blocks(PAGE, 'python')[0]}".encode())
    person.leaves()  # a host that runs would notice another configuration only within a second
    person.config.write_text(person.config.read_text().replace('"batch_completed"]', '"notification"]'))

    person.runs("python program.py && sendoff wait --all")

    assert "Backup done" in json.dumps(told(hook, 1))
