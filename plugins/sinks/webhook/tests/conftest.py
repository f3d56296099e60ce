"""Receivers, sinks that post to them, and a secret."""

import base64
import json
from logging import getLogger
from random import Random

import pytest
from sendoff import Credential, Notice, Secret, SinkToolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.receiver import Receiver
from sendoff.testing.sink_contract import NOON
from sendoff_webhook.sink import WebhookSink

KEY = bytes(range(32))
WHSEC = "whsec_" + base64.b64encode(KEY).decode()


class Post:
    """A receiver, and what it was posted: each document once, in order of arrival."""

    def __init__(self, folder, *script, **words):
        self.receiver = Receiver(folder, script=script, **words).open()

    @property
    def url(self):
        return f"{self.receiver.url}hook"

    def bodies(self):
        """Those that came whole; the shelf numbers what comes to one address."""
        return [self.receiver.stored(f"hook~{n}" if n > 1 else "hook") for n in range(1, len(self.answered()) + 1)]

    def documents(self):
        """What they say, as the notice has it."""
        return [notice_of(json.loads(body)) for body in self.bodies()]

    def answered(self):
        return [row for row in self.receiver.requests if row.status == 201]

    def row(self, number=1):
        return self.receiver.wait_for(request=number)


def notice_of(event):
    """The document of the notice in an event."""
    return {"id": event["id"], "type": event["type"].removeprefix("sendoff."), "time": event["time"], **event["data"]}


@pytest.fixture
def post(tmp_path):
    """Makes receivers that break down as they are told, and puts them away."""
    made = []

    def make(*script, **words):
        made.append(Post(tmp_path / f"in-{len(made)}", *script, **words))
        return made[-1]

    yield make
    for one in made:
        one.receiver.close()


@pytest.fixture
def credentials():
    return {"file:hook": Credential(kind="bearer", secret=Secret(WHSEC)), "file:me": Credential(kind="bearer", secret=Secret("a-token"))}


@pytest.fixture
def notice():
    return Notice(id="op-1.1.completed.2", type="completed", time=NOON, operation={"id": "op-1", "status": "completed"})


@pytest.fixture
def sink(credentials, tmp_path):
    """Makes sinks with these settings, and closes them."""
    made = []

    def make(url, **settings):
        toolkit = SinkToolkit(clock=SystemClock(), random=Random(1), log=getLogger("sendoff.test"), folder=tmp_path, credential=credentials.__getitem__)
        made.append(WebhookSink(WebhookSink.Settings(url=url, **settings), toolkit))
        return made[-1]

    yield make
    for one in made:
        one.close()
