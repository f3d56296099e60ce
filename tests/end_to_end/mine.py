"""Secrets that come in by every way there is, and a search through every byte that is written anywhere."""

import base64
import json
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sendoff.testing.receiver import Received, Receiver

from tests.core.owned import eventually
from tests.end_to_end.machine import Machine

SIZE = 150_000
NOSY = """
import logging
from sendoff import hookspecs
from sendoff.hookspecs import hookimpl

log = logging.getLogger("nosy")

def hear(name, words):
    made = {"log": log}
    exec(f"def {name}({words}): log.info('%s', [{words}])", made)
    globals()[name] = hookimpl(made[name])

for name in [name for name in vars(hookspecs) if name.startswith("sendoff_")]:
    hear(name, ", ".join(getattr(hookspecs, name).__code__.co_varnames))
"""


def header(name: str) -> Callable[[Received], str]:
    return lambda request: request.header(name) or ""


def password(name: str) -> Callable[[Received], str]:
    return lambda request: base64.b64decode((request.header(name) or "").partition(" ")[2]).decode()


@dataclass(frozen=True, kw_only=True)
class Case:
    """How a secret comes in. ``{secret}``, ``{url}`` (the receiver), ``{proxy}`` (its host and port) are filled in everywhere.

    words: of ``put``. url: its destination, below which the name is unique. environment: the submitter's. config: lines of the
    configuration file. credentials: lines of ``credentials.toml``. answer: headers of the receiver's answer.
    seen: where the receiver must have got it; None = this one must not be sent at all.
    """

    words: tuple[str, ...] = ()
    url: str = "{url}{name}"
    environment: Mapping[str, str] = field(default_factory=dict)
    config: str = ""
    credentials: str = ""
    answer: tuple[tuple[str, str], ...] = ()
    seen: Callable[[Received], str] | None = None


class Mine:
    """A machine and a receiver with a canary for each case. said: everything any command printed."""

    def __init__(self, folder: Path, receiver: Receiver, cases: Mapping[str, Case]) -> None:
        self.receiver, self.cases, self.said = receiver, cases, []
        self.secrets = {name: f"canary-{name}-{secrets.token_hex(12)}" for name in cases}
        self.visible = f"visible-{secrets.token_hex(12)}"
        self.machine, self.notices = Machine(folder), folder / "notices"
        self.machine.environment |= {"SENDOFF_TRACE_HOOKS": "1", "PYTHONPATH": str(self._listener(folder / "packages"))}
        self.machine.config.write_text(self._config())
        credentials = self.machine.config.with_name("credentials.toml")
        credentials.write_text("".join(self._filled(name, case.credentials) for name, case in cases.items()))
        credentials.chmod(0o600)
        self.file = self.machine.file(content=b"x" * SIZE)
        self.ids = {}

    @staticmethod
    def _listener(packages):
        facts = packages / "nosy-1.0.dist-info"
        facts.mkdir(parents=True)
        (packages / "nosy.py").write_text(NOSY)
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: nosy\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text("[sendoff.hooks]\nnosy = nosy\n")
        return packages

    def _config(self):
        every = '["created", "attempt_failed", "waiting", "completed", "failed", "canceled"]'
        program = f"import os, sys; open({str(self.notices)!r}, 'ab').write(sys.stdin.buffer.read() + repr(os.environ).encode())"
        argv = json.dumps([sys.executable, "-c", program])
        head = (
            '[host]\nlog_level = "debug"\n[retry]\nbackoff = ["0.02s", "0.1s"]\n[network]\nuse = "always-online"\n'
            "[limits]\nconcurrency = 32\nper_destination = 32\n"
            f'[[sinks]]\nuse = "command"\nargv = {argv}\non = {every}\n[[sinks]]\nuse = "log"\non = {every}\n'
        )
        return head + "".join(self._filled(name, case.config) for name, case in self.cases.items())

    def _filled(self, name, text):
        return text.format(secret=self.secrets[name], name=name, url=self.receiver.url, proxy=f"127.0.0.1:{self.receiver.port}")

    def run(self, *words, **environment):
        done = self.machine.run(*words, fine=None, **environment)
        self.said.append(f"{words[0]}: {done.stdout}{done.stderr}")
        return done

    # -- what a person does

    def put(self, *more):
        """Every case is queued by a command of its own, with an environment of its own, a few at a time."""

        def one(name):
            case = self.cases[name]
            words = [self._filled(name, word) for word in case.words]
            environment = {key: self._filled(name, value) for key, value in case.environment.items()}
            done = self.run("put", self.file, self._filled(name, case.url), *words, "--label", self.visible, *more, **environment)
            assert done.returncode == 0, done.stderr
            self.ids[name] = done.stdout.strip()

        with ThreadPoolExecutor(4) as several:
            list(several.map(one, self.cases))

    def look_around(self):
        """Every command that shows something of all of them."""
        for words in (("list", "--all"), ("events",), ("host", "status"), ("config", "show")):
            self.run(*words)
            self.run(*words, "--json")

    def look_closely(self):
        """Every command that shows something of one of them, and some that show something else or refuse."""
        with ThreadPoolExecutor(4) as several:
            list(several.map(lambda id: self.run("show", id), self.ids.values()))
        for words in (("receipt", next(iter(self.ids.values()))), ("plugins",), ("check",), ("check", "media:")):
            self.run(*words)
        for name in ("signed-url", "token-env"):
            assert self.run("put", self.file, "http://far.example/x?token=" + self.secrets[name]).returncode == 2

    def statuses(self):
        return {one["status"] for one in self.machine.objects("list", "--all")}

    # -- what is searched

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Whatever was written anywhere, but the files that the test wrote its secrets into, and the receiver's own record."""
        for path in self.machine.state.rglob("*"):
            if path.is_file():
                yield str(path), path.read_bytes()
        yield "the notices", self.notices.read_bytes() if self.notices.exists() else b""
        for number, said in enumerate(self.said):
            yield f"command {number}: {said[:60]!r}", said.encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                yield f"the command line of process {process.name}", (process / "cmdline").read_bytes()
            except OSError:
                continue

    def leaks(self):
        """Where which canary was found, as it is or as a login has it."""
        looks = {form: name for name, secret in self.secrets.items() for form in (secret.encode(), _as_login("me", secret))}
        return [(name, where, data[max(data.find(form) - 60, 0) :][:160]) for where, data in self.written() for form, name in looks.items() if form in data]

    def check(self):
        """No canary was found, and the search finds what is there to be found."""
        leaks = self.leaks()
        assert leaks == [], leaks
        found = {where for where, data in self.written() if self.visible.encode() in data}
        assert {str(self.machine.state / "host.log"), "the notices"} <= found
        assert any("journal.db" in where for where in found) and any(where.startswith("command") for where in found)

    def arrived(self):
        """Each secret reached the server, or the search would prove nothing."""
        for name, case in self.cases.items():
            if case.seen is not None:
                requests = [request for request in self.receiver.requests if request.path.partition("?")[0].endswith(f"/{name}")]
                assert requests and self.secrets[name] in case.seen(requests[0]), (name, requests)


def _as_login(user, secret):
    return base64.b64encode(f"{user}:{secret}".encode())


def digging(folder, cases):
    """Makes a mine for these rules of the receiver; closed and searched once more at the end, when the host has gone."""
    opened = []

    def made(*, rate=None, authorization=None, rules=(), tus=False):
        (folder / "received").mkdir()
        receiver = Receiver(folder / "received", rate=rate, script=rules, authorization=authorization, tus=tus).open()
        mine = Mine(folder / "mine", receiver, cases)
        opened.append(mine)
        return mine

    (folder / "mine").mkdir()
    yield made
    for mine in opened:
        mine.machine.run("host", "stop")
        mine.receiver.close()
        mine.check()


def ended(mine, *statuses):
    eventually(lambda: mine.statuses() <= set(statuses))
