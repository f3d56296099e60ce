"""Mail servers and receivers, and sinks that tell them."""

import json
from logging import getLogger
from random import Random

import pytest
from sendoff import CredentialNeeded, Message, Notice, SinkToolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.receiver import Receiver
from sendoff.testing.sink_contract import NOON
from sendoff_apprise.sink import AppriseSink

from contrib.sinks.apprise.tests.post_office import PostOffice


class Hook:
    """A receiver of JSON over HTTP, and what it was told."""

    def __init__(self, folder, *script):
        self.receiver = Receiver(folder, script=script).open()

    @property
    def url(self):
        return f"json://127.0.0.1:{self.receiver.port}/hook"

    def documents(self):
        came = len([row for row in self.receiver.requests if row.status == 201])
        return [json.loads(self.receiver.stored(f"hook~{number}" if number > 1 else "hook")) for number in range(1, came + 1)]


@pytest.fixture
def hook(tmp_path):
    """Makes receivers that break down as they are told, and puts them away."""
    made = []

    def make(*script):
        made.append(Hook(tmp_path / f"in-{len(made)}", *script))
        return made[-1]

    yield make
    for one in made:
        one.receiver.release()
        one.receiver.close()


@pytest.fixture
def office():
    """Makes mail servers, and closes them."""
    made = []

    def make(*answers, **words):
        made.append(PostOffice(*answers, **words).open())
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def credentials():
    return {}


@pytest.fixture
def sink(tmp_path, credentials):
    """Makes sinks with these addresses and settings, and closes them."""
    made = []

    def find(reference):
        if reference not in credentials:
            raise CredentialNeeded(f"there is no {reference}", hint="make it")
        return credentials[reference]

    def make(*urls, **settings):
        toolkit = SinkToolkit(clock=SystemClock(), random=Random(1), log=getLogger("sendoff.test"), folder=tmp_path, credential=find)
        made.append(AppriseSink(AppriseSink.Settings(urls=urls, **settings), toolkit))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def told():
    """Makes notices of what a person is to read."""

    def told(title="Upload failed", text="a.iso", *, id="n-1", type="failed", data=None, **words):
        return Notice(id=id, type=type, time=NOON, data=data, message=Message(title=title, text=text, **words))

    return told
