"""The page about networks, run exactly as it is written: ``archive`` is a receiver here, and ``ID`` an upload that waits for it."""

import re

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.pages import PAGES, Person, blocks, landed

PAGE = "networks.md"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def person(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    made = Person(home)
    yield made
    made.leaves()


def test_what_an_upload_may_cost_is_said_and_looked_at(person, tmp_path):
    send, look = blocks(PAGE, "sh")
    with Receiver(tmp_path / "landed") as receiver:
        person.configured(f"{receiver.url}archive/").writes(blocks(PAGE, "toml")[0])
        person.file("holidays.mp4")

        id = person.runs(send).stdout.strip()
        person.runs(f"sendoff wait {id}")
        told = person.runs(look.replace("ID", id)).stdout

        assert landed(receiver) == ["holidays.mp4"]
    assert re.search(r"^network +\S", told, re.MULTILINE)


@pytest.mark.campaign
def test_orders_in_the_text_are_taken_by_one_that_waits(person):
    person.configured("http://127.0.0.1:9/archive/")
    person.file("holidays.mp4")
    id = person.runs("sendoff put --cost unrestricted-only holidays.mp4 archive:").stdout.strip()
    orders = [one for one in re.findall(r"`(sendoff [^`]*)`", (PAGES / PAGE).read_text()) if "ID" in one]

    for order in orders:
        person.runs(order.replace("ID", id))

    assert len(orders) == 2
    assert '"cost_policy": "always"' in person.runs(f"sendoff show {id} --json").stdout


@pytest.mark.campaign
@pytest.mark.parametrize("use", ["networkmanager", "portal", "routes", "always-online", "auto"])
def test_every_word_of_the_table_is_one_that_the_configuration_takes(person, use):
    assert f"| `{use}` |" in (PAGES / PAGE).read_text()
    person.file("one.toml", blocks(PAGE, "toml")[0].replace('"auto"', f'"{use}"').encode())

    assert "NOT OK" not in person.runs("sendoff check --config one.toml").stdout
