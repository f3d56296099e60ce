"""The page for whoever writes a first plugin, followed from its first command to its last."""

import json
import time

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stranger import ROOT, Stranger, blocks

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(1500)]
PAGE = ROOT / "docs" / "extending" / "first-plugin.md"


class Author(Stranger):
    """Somebody who follows the page, in one shell. url: of the server that stands where the page has one of its own."""

    def __init__(self, folder, url):
        super().__init__(folder)
        self._url, self._left = url, ":"

    def does(self, text):
        """A block as it stands; in their own home, with this checkout and their own server."""
        return self.runs(f"{self._left}\n{self.theirs(text)}")

    def stays(self, text):
        """What a line of the page leaves behind in the shell."""
        self._left = f"{self._left}\n{text}"

    def theirs(self, text):
        return text.replace("/home/ann/sendoff ", f"{ROOT} ").replace("https://uploads.example/", self._url).replace("/home/ann/", f"{self.home}/")


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "landed") as made:
        yield made


@pytest.fixture
def author(tmp_path, receiver):
    made = Author(tmp_path / "author", receiver.url)
    yield made
    made.does("sendoff host stop")


def seen(look, wanted):
    """What it gives as soon as it is that: sinks are told after the upload has ended."""
    deadline = time.monotonic() + 30
    while (found := look()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_the_page_is_true_from_its_first_command_to_its_last(author, receiver):
    make, install, use, change, again, look, publish = [text for _, text in blocks(PAGE, "sh")]
    sink, test = [text for _, text in blocks(PAGE, "python")]
    ((_, section),) = blocks(PAGE, "toml")
    folder, ledger = author.folder / "sendoff-ledger", author.home / "ledger"

    author.does(make)
    author.stays(". plugin-env/bin/activate")
    said = author.does(install)
    author.stays("cd sendoff-ledger")
    assert "12 passed" in said
    assert [line.split()[4] for line in said.splitlines() if line.startswith("sinks ") and "ledger" in line] == ["ok"]

    author.configured(author.theirs(section))
    author.does("sendoff host stop")  # `sendoff plugins` has begun one, which looks at the file once a second: nobody types as fast as a test does
    author.does(use)
    seen(lambda: ledger.is_file() and [json.loads(line)["type"] for line in ledger.read_text().splitlines()][-1:], ["completed"])

    (folder / "sendoff_ledger" / "sink.py").write_text(sink)
    (folder / "tests" / "test_sink.py").write_text(test)
    said = author.does(change)
    assert "13 passed" in said
    assert "Success" in said

    author.does(again)
    seen(lambda: author.does(look).splitlines()[-1:] if ledger.exists() else None, [f"('completed', '{receiver.url}in/pyproject.toml')"])
    assert receiver.stored("in/README.md") == (folder / "README.md").read_bytes()

    said = author.does(publish).partition("Successfully installed")[2]
    assert [line.split()[4] for line in said.splitlines() if line.startswith("sinks ") and "ledger" in line] == ["ok"]
    assert 'license = "MIT"\n' in (folder / "pyproject.toml").read_text()
