"""Secrets that come in by every way there is, and a search through every byte that is written anywhere."""

import base64
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from sendoff.testing.receiver import Received, Receiver

from tests.core.owned import eventually
from tests.end_to_end.machine import Machine
from tests.end_to_end.onlooker import Onlooker
from tests.end_to_end.traces import traces, word

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
    """How a secret comes in. ``{secret}``, ``{quoted}`` (percent-encoded) and ``{escaped}`` (as TOML has it), ``{url}`` (the receiver), ``{proxy}`` (its host
    and port), ``{handed}`` (a folder), ``{visible}`` (a word that may be seen) and ``{gate}`` (where to wait until it was) are filled in everywhere.

    secret: what it is made of, with a word ``{a}`` and perhaps another ``{b}``. words: of ``put``. url: its destination, below which the name is unique.
    environment: the submitter's. config: lines of the configuration file. credentials: lines of ``credentials.toml``. files: what lies in ``{handed}``, by
    name. answer: headers of the receiver's answer. seen: where the receiver must have got it; None = this one must not be sent at all. ends: how the upload
    may stand in the end.
    """

    secret: str = "canary-{name}-{a}"
    words: tuple[str, ...] = ()
    url: str = "{url}{name}"
    environment: Mapping[str, str] = field(default_factory=dict)
    config: str = ""
    credentials: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    answer: tuple[tuple[str, str], ...] = ()
    seen: Callable[[Received], str] | None = None
    ends: tuple[str, ...] = ("completed",)


class Mine:
    """A machine and a receiver with a canary for each case. said: everything any command printed. own: command lines that the test itself wrote."""

    def __init__(self, folder: Path, receiver: Receiver, cases: Mapping[str, Case]) -> None:
        self.receiver, self.cases, self.said, self.own, self.onlooker = receiver, cases, [], set(), None
        self.secrets = {name: case.secret.format(name=name, a=word(), b=word()) for name, case in cases.items()}
        self.visible = f"visible-{word()}"
        self.machine = Machine(folder)
        self.handed, self.temporary, self.gate = folder / "handed", folder / "temporary", folder / "gate"
        self.temporary.mkdir()
        self.notices = self.temporary / "notices"
        self.machine.environment |= {"SENDOFF_TRACE_HOOKS": "1", "PYTHONPATH": str(self._listener(folder / "packages")), "TMPDIR": str(self.temporary)}
        self._hand_over()
        self.machine.config.write_text(self._config())
        credentials = self.machine.config.with_name("credentials.toml")
        credentials.write_text("".join(self._filled(name, case.credentials) for name, case in cases.items()))
        credentials.chmod(0o600)
        self.file = self.machine.file(content=b"x" * SIZE)
        self.ids = {}

    def _hand_over(self):
        self.handed.mkdir(mode=0o700)
        for name, case in self.cases.items():
            for file, content in case.files.items():
                (self.handed / file).write_text(self._filled(name, content))
                (self.handed / file).chmod(0o600)

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
        return f"# {self.visible}\n{head}" + "".join(self._filled(name, case.config) for name, case in self.cases.items())

    def _filled(self, name, text):
        return text.format(**self._blanks(name))

    def _blanks(self, name):
        """What is filled in."""
        secret = self.secrets[name]
        return {
            "secret": secret, "quoted": quote(secret, safe=""), "escaped": json.dumps(secret)[1:-1], "name": name, "url": self.receiver.url,
            "proxy": f"127.0.0.1:{self.receiver.port}", "handed": self.handed, "visible": self.visible, "gate": self.gate,
        }  # fmt: skip

    def run(self, *words, **environment):
        self.own.add("".join(f"{one}\0" for one in (*self.machine.command, *words)).encode())
        done = self.machine.run(*words, fine=None, **environment)
        self.said.append(f"{words[0]}: {done.stdout}{done.stderr}")
        return done

    # -- what a person does

    def put(self, *more):
        """Every case is queued by a command of its own, with an environment of its own, a few at a time, while somebody looks on."""
        self.onlooker = self.onlooker or Onlooker(self.gate, self.visible)

        def one(name):
            case = self.cases[name]
            words = [self._filled(name, word) for word in case.words]
            environment = {key: self._filled(name, value) for key, value in case.environment.items()}
            done = self.run("put", self.file, self._filled(name, case.url), *words, "--label", self.visible, *more, **environment)
            assert done.returncode == 0 or case.ends != ("completed",), done.stderr
            self.ids[name] = done.stdout.split()[0]

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

    def stand(self):
        """How each upload stands, by case."""
        status = {one["id"]: one["status"] for one in self.machine.objects("list", "--all")}
        return {name: status[id] for name, id in self.ids.items()}

    def ended(self):
        """All of them, as they should."""
        eventually(lambda: all(status in self.cases[name].ends for name, status in self.stand().items()), "the ends")

    def statuses(self):
        return {one["status"] for one in self.machine.objects("list", "--all")}

    # -- what is searched

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Whatever was written anywhere, and every command line that was seen; but the receiver's own record."""
        runtime = Path(self.machine.environment.get("XDG_RUNTIME_DIR", self.temporary))
        for folder in {self.machine.state, self.temporary, runtime, self.machine.config.parent}:
            yield from ((str(path), path.read_bytes()) for path in folder.rglob("*") if path.is_file())
        for number, said in enumerate(self.said):
            yield f"command {number}: {said[:60]!r}", said.encode()
        for line in self.onlooker.seen if self.onlooker else ():
            yield f"the command line {line[:60]!r}", line

    def leaks(self):
        """Where which canary was found, but in what the test itself wrote its secrets into."""
        mine = {str(self.machine.config), str(self.machine.config.with_name("credentials.toml"))}
        looks = {trace: name for name, secret in self.secrets.items() for trace in traces(secret)}
        written = ((where, data) for where, data in self.written() if where not in mine and data not in self.own)
        return [(name, where, data[max(data.find(trace) - 60, 0) :][:160]) for where, data in written for trace, name in looks.items() if trace in data]

    def check(self):
        """No canary was found, and the search finds what is there to be found: a word that may be seen, in every place that it looks into."""
        leaks = self.leaks()
        assert leaks == [], leaks
        found = {where for where, data in self.written() if self.visible.encode() in data}
        assert {str(self.machine.state / "host.log"), str(self.notices), str(self.machine.config)} <= found
        for place in (*(["journal.db"] if Machine.store is None else []), "command ", "the command line "):
            assert any(place in where for where in found), place
        if any("{gate}" in case.config for case in self.cases.values()):
            assert any(self.visible.encode() in line for line in self.onlooker.seen - self.own), "the command line of a program was seen, too"

    def close(self):
        """The host goes, and nobody looks on any more: what looks costs a third of a core."""
        self.machine.run("host", "stop")
        self.receiver.close()
        if self.onlooker is not None:
            self.onlooker.close()

    def arrived(self):
        """Each secret reached the server, or the search would prove nothing."""
        for name, case in self.cases.items():
            if case.seen is not None:
                requests = [request for request in self.receiver.requests if request.path.partition("?")[0].endswith(f"/{name}")]
                assert requests and self.secrets[name] in case.seen(requests[0]), (name, requests)


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
        mine.close()
        mine.check()


def ended(mine, *statuses):
    eventually(lambda: mine.statuses() <= set(statuses))
