"""A process that owns a journal without the host's role, as several may on one store."""

import json
import os
import signal
import subprocess
import sys

# An owner of the journal without the host's role: it takes over what it finds, puts what it is told, says how it ended, and leaves at the end of its input.
OWNER = '''
import json, logging, os, sys
from pathlib import Path
from sendoff.bootstrap import build
from sendoff.model.event import ENDS, Event
from sendoff.model.operation import Request
from sendoff.model.query import Query
from sendoff.ports.clock import SystemClock

class Clock(SystemClock):
    """This machine's, as wrong as a file says, in microseconds: on the wall at any moment, and from the start for what follows it.
    Another says how many seconds it has slept."""

    def __init__(self):
        super().__init__()
        self._base += wrong()

    def wall(self):
        return super().wall() + wrong()

    def slept(self):
        return super().slept() + said("STAGE_SLEEP")

def wrong():
    return said("STAGE_CLOCK")

def said(name):
    return int(Path(os.environ[name]).read_text()) if name in os.environ else 0

logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s: %(message)s")
owner = build(folder=Path(os.environ["SENDOFF_STATE_DIR"]), config_file=Path(os.environ["SENDOFF_CONFIG"]), environ=os.environ, clock=Clock())
owner.open()
print("open", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if "put" in asked:
        for created in owner.create([Request(**asked["put"])]):
            print(created.id, flush=True)
    else:
        news = owner.follow(Query(ids=(asked["of"],)), after=0)
        print(next(one.type for one in news if isinstance(one, Event) and one.type in (asked["type"] or ENDS)), flush=True)
owner.close()
'''


class Handle:
    """One such process. pid: its process id."""

    def __init__(self, stage):
        self._process = subprocess.Popen(
            [sys.executable, "-c", OWNER], env=stage.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        assert self._process.stdout.readline() == "open\n", self._process.stderr.read()

    @property
    def pid(self):
        return self._process.pid

    def put(self, **request):
        return self._ask(put=request)

    def end_of(self, id):
        """How it ended, as soon as it has."""
        return self._ask(of=id, type=None)

    def event_of(self, id, type):
        """Return as soon as its history has an event of this type."""
        assert self._ask(of=id, type=[type]) == type

    def _ask(self, **question):
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def signal(self, number):
        """Send it; a stop has happened and a kill is over when this returns."""
        os.kill(self._process.pid, number)
        if number in (signal.SIGSTOP, signal.SIGKILL):
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)

    def says(self, sentence):
        """Read what it logs until this comes."""
        said = []
        for line in self._process.stderr:
            said.append(line)
            if sentence in line:
                return
        raise AssertionError("".join(said))

    def leave(self):
        self._process.stdin.close()
        assert self._process.wait(20) == 0

    def end(self):
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            pipe.close()
