"""``sendoff demo``: the whole story on this machine, by the very commands that a person would type."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.demo.file import DemoFile, given, make, sha256, to_be_made
from sendoff.cli.demo.receiver import DemoReceiver, Request
from sendoff.cli.demo.stage import DemoStage, Ended, demo_stage
from sendoff.cli.demo.story import DemoStory
from sendoff.cli.parser import Parser
from sendoff.cli.text import span
from sendoff.errors import InvalidArgument, SendoffError
from sendoff.model.quantity import size_text

LENGTH = 4.0  # seconds that a whole transfer takes: the receiver reads so slowly, so that there is a middle
MIDDLE = 0.4
QUIET = 30.0  # seconds without a byte after which the story is over


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
        self._id = ""

    def run(self) -> int:
        """All steps; 0 when everything was seen to be true."""
        try:
            self._prepare()
            self._put()
            self._interrupted()
            self._tries()
            self._proof()
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
        story.rows([("file", f"{file.name}, {size_text(file.size)}{made}"), ("server", f"{self._receiver.url}, reads {size_text(self._receiver.rate)}/s")])
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
        size = self._file.size
        begun = self._receiver.wait(lambda rows: watch.poll() is not None or (bool(rows) and rows[-1].received >= size * MIDDLE), quiet=QUIET)
        self._must("the upload got to its middle", begun and watch.poll() is None)
        os.kill(host, signal.SIGKILL)
        self._killed = self._receiver.requests[-1].received
        self._check("the host was killed in the middle", 0 < self._killed < size)
        self._story.fact("killed", pid=host, received=self._killed, size=size)
        self._host = host

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
        self._story.say(f"Host {self._host} died when {size_text(self._killed)} had arrived; host {now} finished.")
        self._story.fact("finished", pid=now, exit_code=code)

    def _tries(self) -> None:
        """What the server saw of it, and what that means."""
        self._story.title("What the server saw")
        rows = self._receiver.requests
        self._story.rows([(f"try {row.number}", _as_text(row)) for row in rows])
        self._check("the server took the file", any(row.taken for row in rows))
        self._check("it took more than one try", len(rows) > 1)
        twice = self._twice = sum(row.received for row in rows) - self._file.size
        self._story.say(_comment(rows, twice, self._file.size))
        self._story.fact("tries", requests=[_as_json(row) for row in rows], bytes_twice=max(twice, 0))

    def _proof(self) -> None:
        self._story.title("The proof")
        self._receipt()
        self._ran("events", self._id)
        events = self._objects("events", self._id)
        self._check("the history tells of one beginning and one end", _types(events) == (1, 1))
        self._story.fact("events", events=events)
        self._compare()

    def _receipt(self) -> None:
        self._ran("receipt", self._id)
        receipt = next(iter(self._objects("receipt", self._id)), {})
        self._check("there is a receipt over the whole size", receipt.get("size") == self._file.size)
        if int(str(receipt.get("bytes_resent", 0))) < self._twice:
            self._story.say("A host that is killed takes what it had counted along: the server knows better what came twice.")
        self._story.fact("receipt", **receipt)

    def _compare(self) -> None:
        arrived = self._receiver.file
        digest = sha256(arrived) if arrived else ""
        self._check("what arrived is what was sent", digest == self._digest)
        self._story.say("The SHA-256 of the file, and of what lies at the server:")
        self._story.rows([("sent", self._digest), ("arrived", digest or "nothing")])
        self._story.fact("compared", sent=self._digest, arrived=digest, same=digest == self._digest)

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


def _as_text(row: Request) -> str:
    size = "?" if row.size is None else size_text(row.size)
    end = f"answered {row.status}" if row.status is not None else "then the connection broke" if row.broken else "no answer"
    return f"{row.method}, {size_text(row.received)} of {size}, {end}"


def _as_json(row: Request) -> dict[str, object]:
    return {"number": row.number, "method": row.method, "size": row.size, "received": row.received, "complete": row.complete, "status": row.status}


def _comment(rows: Sequence[Request], twice: int, size: int) -> str:
    """What the tries mean, by what they were."""
    if len(rows) < 2:
        return "One try was enough."
    if any(row.taken for row in rows[:-1]):
        return f"The first try had come whole, but its host died before it heard so: {size_text(twice)} came twice."
    if twice <= 0:
        return "The next try went on where the one before had ended: no byte came twice."
    if rows[-1].size == size:
        return f"A plain PUT cannot be resumed: the last try began again at the first byte, and {size_text(twice)} came twice."
    return f"{size_text(twice)} came twice."


def _types(events: Sequence[dict[str, object]]) -> tuple[int, int]:
    types = [event["type"] for event in events]
    return types.count("created"), types.count("completed")
