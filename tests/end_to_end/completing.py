"""What programs and handlers do with completion groups and batches, end to end."""

import json
import subprocess
import sys

import sendoff

from tests.core.owned import eventually

SOON = 60
QUICK = '[retry]\nbackoff = ["0.05s", "0.1s"]\n'
HANDLERS = """
import asyncio, json, os, signal, sys, time
from pathlib import Path
import sendoff

HERE = Path(__file__).parent
TOLD = HERE / "told"

def say(details, **more):
    with TOLD.open("a") as file:
        row = {"key": details.key, "ids": [one.id for one in details.uploads], "status": [one.status.word for one in details.uploads], "pid": os.getpid()}
        file.write(json.dumps(row | {"interpreter": sys.executable, "folder": os.getcwd(), "path": sys.path} | more) + "\\n")

def told(details):
    say(details)

async def slowly(details):
    await asyncio.sleep(0.3)
    say(details)

def when_allowed(details):
    print("begins")
    (HERE / "beginning").write_text(str(os.getpid()))
    (HERE / "beginning").rename(HERE / "begun")
    while not (HERE / "go").exists():
        time.sleep(0.01)
    say(details)

def kills_its_host_once(details):
    say(details)
    if not (HERE / "killed").exists():
        (HERE / "killed").touch()
        os.kill(int((HERE / "host").read_text()), signal.SIGKILL)
        time.sleep(60)

def fails_twice(details):
    say(details)
    if len(TOLD.read_text().splitlines()) < 3:
        raise ValueError("not yet")

def always_fails(details):
    say(details)
    raise ValueError("never")

def sleeps(details):
    say(details)
    time.sleep(600)

def again(details):
    failed = [one for one in details.uploads if one.status.word != "completed"]
    say(details, said=f"{len(details.uploads) - len(failed)} succeeded, {len(failed)} failed")
    assert all(one.error.http_status == 403 and one.response is not None for one in failed)
    if failed:
        with sendoff.CompletionGroup() as group:
            group.on_complete("handlers:again")
            uploader = sendoff.BackgroundUploader(completion_group=group)
            for one in failed:
                uploader.create_upload(one.requested_url, one.source_file).start()

def reads(details):
    read = [
        [one.status.word, one.response and one.response.status_code, one.requested_url, str(one.source_file), [list(pair) for pair in one.request_headers]]
        for one in details.uploads
    ]
    say(details, read=read)
    with sendoff.CompletionGroup() as group:
        group.on_complete("handlers:told")
        uploader = sendoff.BackgroundUploader(completion_group=group)
        for one in details.uploads:
            if one.response is None or one.response.status_code != 201:
                uploader.create_upload(one.requested_url + "-again", one.source_file).start()

def yields(details):
    yield say(details)

async def yields_later(details):
    yield say(details)

number = 3
"""


PROGRAM = """
import sys
import sendoff

group = sendoff.CompletionGroup()
group.on_complete("handlers:" + sys.argv[2])
uploader = sendoff.BackgroundUploader(completion_group=group)
operations = [uploader.create_upload(f"{sys.argv[1]}{number}", sys.argv[3]) for number in range(int(sys.argv[4]))]
for operation in operations:
    operation.start()
if sys.argv[5:]:
    print(group.id, flush=True)
    sys.stdin.read()
group.enable()
print(group.id)
"""


def program(stage, *words, **more):
    """A program of its own, in the folder where ``handlers`` is."""
    (stage.folder / "program.py").write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "program.py", *words], cwd=stage.folder, env=stage.environment, stdout=subprocess.PIPE, text=True, **more
    )  # fmt: skip


class Work:
    """What the tests here do with a stage. client: of this process."""

    def __init__(self, stage, client):
        self.stage, self.client = stage, client

    def told(self, count=1):
        """What the handlers have said, as soon as they have so often."""
        path = self.stage.folder / "told"
        eventually(lambda: path.exists() and len(path.read_text().splitlines()) >= count, "what the handler says")
        return [json.loads(line) for line in path.read_text().splitlines()]

    def ended(self, group, *types):
        """The first event of these types of a group or a batch, as soon as there is one."""
        (event,) = self.events(group.id, *(types or ("handler_completed",)))
        return event

    def events(self, id, *types, count=1):
        """The first so many events of these types, of one batch or of any, as soon as there are as many."""
        found = []
        for event in self.client.events(follow=True, types=types):
            found += [event] if id in (None, event.batch) else []
            if len(found) == count:
                return found
        raise AssertionError("the events ended")

    def group(self, function="handlers:told", **more):
        group = sendoff.CompletionGroup(self.client, **more)
        group.on_complete(function)
        return group, sendoff.BackgroundUploader(self.client, completion_group=group)

    def told_of(self, id):
        """What ``batch_completed`` said of a batch, each time so far."""
        return [one.data for one in self.client.events(types="batch_completed") if one.batch == id]

    def todos(self):
        """How much must still happen."""
        return json.loads(self.stage.run("host", "status", "--json").stdout)["todos"]


def created(uploader, receiver, source, *names):
    return [uploader.create_upload(f"{receiver.url}{name}", source) for name in names]


def started(operations):
    return [operation.start() for operation in operations]
