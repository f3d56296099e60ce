"""``sendoff demo``: the whole story on this machine, by the very commands that a person would type."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.demo.file import DemoFile, given, make, sha256, to_be_made
from sendoff.cli.demo.receiver import DemoReceiver
from sendoff.cli.demo.sightings import Sightings
from sendoff.cli.demo.stage import DemoStage, Ended, demo_stage
from sendoff.cli.demo.story import DemoStory
from sendoff.cli.parser import Parser
from sendoff.cli.text import span
from sendoff.errors import InvalidArgument, SendoffError
from sendoff.model.quantity import size_text

LENGTH = 4.0  # seconds that a whole transfer takes: the receiver reads so slowly, so that there is a middle
MIDDLE = 0.6  # of the file
PIECE = 2**20  # bytes that are handed over at once
QUIET = 30.0  # seconds without a byte after which the story is over
_LEVELS = {
    "part-digests": "the server compared a checksum of every piece",
    "server-digest": "the server told the same checksum",
    "read-back": "fetched back and compared",
    "size": "the server told the same size",
    "accepted": "the server said that it took it",
}


class NotTrue(Exception):
    """Something that the rest of the story needs did not happen."""


def arguments(parser: Parser, _command: str) -> None:
    """There are none."""
    parser.epilog = "FILE is only read; without one a file is made. All else happens in a folder of its own, which is removed."


def run(call: Call) -> int:
    """Carries ``demo`` out."""
    if len(call.words) > 1:
        raise InvalidArgument(f"sendoff demo takes one FILE, not {call.words[1]!r} too", hint="see sendoff demo --help")
    if call.options.app or call.options.state_dir or call.options.config:
        raise InvalidArgument("sendoff demo has a journal and a configuration of its own", hint="leave --app, --state-dir and --config out")
    file = given(call.words[0]) if call.words else to_be_made("")
    story = DemoStory(call.output)
    try:
        with demo_stage(file.size * (2 if file.made else 1)) as stage:
            return Demo(call, story, stage, file if call.words else to_be_made(stage.folder)).run()
    except Ended as end:
        call.output.fail(SendoffError(f"the demo was ended by {end}; nothing of it is left"))
        return exits.FAILED


class Demo:
    """One performance."""

    def __init__(self, call: Call, story: DemoStory, stage: DemoStage, file: DemoFile) -> None:
        self._call, self._story, self._stage, self._file = call, story, stage, file
        self._untrue: list[str] = []
        self._began = time.monotonic()
        self._id, self._name = "", os.path.basename(file.path)

    def run(self) -> int:
        """All steps; 0 when everything was seen to be true."""
        try:
            self._prepare()
            self._put()
            self._interrupted()
            self._tries()
            self._proof()
            self._plain()
        except NotTrue:
            pass
        return self._verdict()

    # -- the steps

    def _prepare(self) -> None:
        file, story = self._file, self._story
        story.say("An upload that outlives its host. Everything happens on this machine, in")
        story.say(f"{self._stage.folder}, and nothing of it stays.")
        story.title("A file, and a server that takes it")
        if file.made:
            make(file)
        self._digest = sha256(file.path)
        self._receiver: DemoReceiver = self._stage.receiver(int(file.size / LENGTH))
        made = ", made for this" if file.made else ""
        server = f"{self._receiver.url}, speaks tus, reads {size_text(self._receiver.rate)}/s"
        story.rows([("file", f"{file.name}, {size_text(file.size)}{made}"), ("server", server)])
        story.fact("file", path=file.path, size=file.size, sha256=self._digest, made=file.made)
        story.fact("server", url=self._receiver.url, rate=self._receiver.rate)

    def _put(self) -> None:
        self._story.title("The upload is handed over, and the command returns at once")
        began = time.monotonic()
        words = ("put", self._file.name, self._receiver.url)
        said = self._ran(*words, folder=self._file.folder)
        took = time.monotonic() - began
        self._must("sendoff put took the file", said.returncode == 0 and bool(said.stdout.strip()))
        self._id = said.stdout.split()[0]
        self._story.fact("put", command=["sendoff", *words], id=self._id, seconds=round(took, 3))

    def _interrupted(self) -> None:
        """The host is killed in the middle; whoever watches goes on."""
        story, host = self._story, self._stage.host
        self._must("a host is at work", bool(host))
        story.title(f"In the middle: kill -9 {host}, the host. The command below just goes on")
        story.command("sendoff", "watch", self._id)
        seen = self._call.output.terminal and not (self._call.output.json or self._call.output.quiet)
        watch = self._stage.begin(("watch", self._id), seen=seen)
        try:
            self._kill(host, watch)
            self._must("the upload went on after that", self._receiver.wait(lambda _: watch.poll() is not None, quiet=QUIET))
        finally:
            self._told(watch)
        self._finished(watch.returncode)

    def _kill(self, host: int, watch: subprocess.Popen[str]) -> None:
        self._must("the upload got to its middle", self._half_way(0, lambda: watch.poll() is not None) and watch.poll() is None)
        self._killed = self._killed_now(host, 0)
        self._story.fact("killed", pid=host, received=self._killed, size=self._file.size)
        self._host = host

    def _half_way(self, first: int, over: Callable[[], bool]) -> bool:
        """Waits until so much of the upload whose requests begin there is at the server, or there is nothing to wait for."""
        enough = self._file.size * MIDDLE
        return self._receiver.wait(lambda rows: over() or sum(row.received for row in rows[first:]) >= enough, quiet=QUIET)

    def _killed_now(self, host: int, first: int) -> int:
        """``kill -9``; how much was at the server by then."""
        os.kill(host, signal.SIGKILL)
        received = sum(row.received for row in self._receiver.requests[first:])
        self._check("the host was killed in the middle", 0 < received < self._file.size)
        return received

    def _told(self, watch: subprocess.Popen[str]) -> None:
        """What watching said, to its end or ours."""
        if watch.poll() is None:
            watch.kill()
            self._story.gap()
        out, errors = watch.communicate()
        self._story.said((out or "") + (errors or ""))

    def _finished(self, code: int) -> None:
        self._must("the upload ended well", code == exits.DONE)
        now = self._stage.host
        self._check("another host has taken over", now not in (0, self._host))
        self._story.say(f"Host {self._host} died when {size_text(self._killed)} had arrived; host {now} went on from there and finished.")
        self._story.fact("finished", pid=now, exit_code=code)

    def _tries(self) -> None:
        """What the server saw of it, and what that means."""
        self._story.title("What the server saw")
        self._seen = Sightings(self._receiver.requests, self._file.size)
        self._story.rows(self._seen.lines())
        self._check("the server took the file", self._seen.taken)
        self._check("it took more than one try", len(self._seen.tries) > 1)
        self._check("the next try went on where the server was", self._seen.twice < self._killed)
        self._story.fact("tries", requests=self._seen.as_json(), bytes_twice=self._seen.twice)

    def _proof(self) -> None:
        self._story.title("The proof")
        receipt = self._receipt(self._id, shown=True)
        self._ran("events", self._id)
        events = self._objects("events", self._id)
        self._check("the history tells of one beginning and one end", _types(events) == (1, 1))
        self._story.fact("events", events=events)
        self._compare(receipt)

    def _receipt(self, id: str, *, shown: bool) -> dict[str, object]:
        if shown:
            self._ran("receipt", id)
        receipt = next(iter(self._objects("receipt", id)), {})
        self._check("there is a receipt over the whole size", receipt.get("size") == self._file.size)
        self._story.fact("receipt", **receipt)
        return receipt

    def _compare(self, receipt: dict[str, object]) -> None:
        """The last lines: how much came twice, that what arrived is what was sent, and how surely the server knows."""
        twice, story = self._seen.twice, self._story
        self._counted(receipt, twice)
        digest = self._arrived(self._name)
        again = f"{size_text(twice)} of {size_text(self._file.size)}, the piece that was on its way" if twice else "nothing"
        story.rows([("twice", again), ("sent", self._digest), ("arrived", digest or "nothing"), ("verified", _level(receipt))])
        story.fact("compared", sent=self._digest, arrived=digest, same=digest == self._digest, verified=receipt.get("verified"), bytes_twice=twice)

    def _counted(self, receipt: dict[str, object], twice: int) -> None:
        """The receipt knows what the server saw; a piece that the kernel had just taken when the host was killed was noted by nobody."""
        self._check("the receipt counts what came twice as the server does", abs(int(str(receipt.get("bytes_resent", -1))) - twice) <= PIECE)

    def _arrived(self, name: str) -> str:
        """The SHA-256 of what the server shows under a name."""
        path = self._receiver.held(name)
        digest = sha256(path) if path else ""
        self._check("what arrived is what was sent", digest == self._digest)
        return digest

    def _plain(self) -> None:
        """The same once more in the plain way, for comparison: one line."""
        story, first = self._story, len(self._receiver.requests)
        story.title("The same over a plain PUT, which cannot go on in the middle")
        put = self._stage.run(("put", "--protocol", "plain", self._file.name, f"{self._receiver.url}plain/"), self._file.folder)
        self._must("sendoff put took the file once more", put.returncode == 0 and bool(put.stdout.strip()))
        id, host = put.stdout.split()[0], self._stage.host
        self._must("the plain upload got to its middle", bool(host) and self._half_way(first, lambda: False))
        killed = self._killed_now(host, first)
        self._must("the plain upload ended well", self._stage.run(("wait", id), self._stage.folder).returncode == exits.DONE)
        seen, receipt = Sightings(self._receiver.requests[first:], self._file.size), self._receipt(id, shown=False)
        digest = self._arrived(f"plain/{self._name}")
        self._counted(receipt, seen.twice)
        equal = "SHA-256 equal" if digest == self._digest else "SHA-256 not equal"
        story.say(f"Killed at {size_text(killed)}, begun anew at the first byte, {size_text(seen.twice)} twice; {equal}, {_level(receipt)}.")
        story.fact("plain", killed=killed, requests=seen.as_json(), bytes_twice=seen.twice, same=digest == self._digest, verified=receipt.get("verified"))

    def _verdict(self) -> int:
        took = time.monotonic() - self._began
        self._story.fact("end", true=not self._untrue, untrue=self._untrue, seconds=round(took, 1))
        if self._untrue:
            self._story.end("This was not true:")
            for words in self._untrue:
                self._call.output.line(f"  {words}")
            return exits.FAILED
        self._story.end(f"All of it was seen to be true, in {span(took)}.")
        self._story.say("Now yours:")
        self._story.command("sendoff", "put", "FILE", "https://server.example/folder/")
        self._story.say("sendoff --help lists the commands; sendoff put --help explains this one.")
        return exits.DONE

    # -- small things

    def _ran(self, *words: str, folder: str | None = None) -> subprocess.CompletedProcess[str]:
        """A command, shown with what it said."""
        self._story.command("sendoff", *words)
        done = self._stage.run(words, folder or self._stage.folder)
        self._story.said(done.stdout + done.stderr)
        return done

    def _objects(self, *words: str) -> list[dict[str, object]]:
        done = self._stage.run((*words, "--json"), self._stage.folder)
        return [json.loads(line) for line in done.stdout.splitlines()] if done.returncode == 0 else []

    def _check(self, words: str, true: bool) -> None:
        if not true:
            self._untrue.append(words)

    def _must(self, words: str, true: bool) -> None:
        self._check(words, true)
        if not true:
            raise NotTrue(words)


def _level(receipt: dict[str, object]) -> str:
    """How surely the server holds it, in words."""
    return _LEVELS.get(str(receipt.get("verified")), "nobody knows how surely")


def _types(events: Sequence[dict[str, object]]) -> tuple[int, int]:
    types = [event["type"] for event in events]
    return types.count("created"), types.count("completed")
