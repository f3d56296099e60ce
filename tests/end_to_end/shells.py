"""A person at a real shell: what is typed, Tab among it, and with which words the shell then calls ``sendoff``."""

import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.end_to_end.terminal import Terminal

PROMPT = "you> "
TRIES = 5
_BEGIN = {  # without a person's own files, and with a prompt that is found
    "bash": ("bash", "--noprofile", "--norc", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}
_AT_A_TERMINAL = ("sh", "-c", 'exec <"$(tty)"; exec "$@"', "sh")  # whoever opens it first may stop and go on with jobs
_AGAIN = "\x0c"  # Ctrl-L: draw the screen anew
_GIVEN_UP = "\x15"  # Ctrl-U: none of what was typed
_READY = {
    "bash": f"PS1='{PROMPT}'; bind 'set show-all-if-ambiguous on'; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; source \"$SCRIPT\"",
    "zsh": f"PS1='{PROMPT}'; unsetopt beep; LISTMAX=1000; source \"$SCRIPT\"",
    "fish": f"function fish_prompt; echo -n '{PROMPT}'; end; function fish_greeting; end; source $SCRIPT",
}
_SENDOFF = """#!/bin/sh
[ "$1" = completion ] && exec "$REAL" "$@"
number=$(ls "$CALLS" | wc -l)
for word; do printf '%s\\0' "$word"; done >"$CALLS/.now"
mv "$CALLS/.now" "$CALLS/$number"
echo "called: $number."
"""


def installed(shell):
    """Skips where the shell is missing."""
    if not shutil.which(shell):
        pytest.skip(f"needs {shell}: apt install {shell}")
    return shell


class Shell:
    """One session. What stands for ``sendoff`` answers the shell's questions as the real one, and else notes its words. environment: of the session.

    before: what a person does once, in an earlier session; this one then begins as his do, and gets nothing else.
    """

    def __init__(self, name, folder, environment, *, before="", columns=160, lines=60):
        self.name, self._calls = name, folder / "calls"
        bin, home = folder / "bin", folder / "home"
        for one in (bin, home, self._calls):
            one.mkdir()
        (bin / "sendoff").write_text(_SENDOFF)
        (bin / "sendoff").chmod(0o755)
        real = str(Path(sys.executable).with_name("sendoff"))
        script = folder / f"sendoff.{name}"
        script.write_text(_output(real, "completion", name))
        own = {"HOME": str(home), "PATH": f"{bin}:/usr/bin:/bin", "LANG": "C.UTF-8", "REAL": real, "CALLS": str(self._calls), "SCRIPT": str(script)}
        self.folder = home
        if before:
            subprocess.run([name, "-c", before], env={**own, **environment}, cwd=home, check=True)
        begin = (name, "-i") if before else _BEGIN[name]
        self._terminal = Terminal((*_AT_A_TERMINAL, *begin), environment={**own, **environment}, folder=home, columns=columns, lines=lines)
        if not before:
            self._terminal.type(f"{_READY[name]}\r")
        assert self.words("sendoff ready") == ["ready"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._terminal.__exit__()

    def type(self, text):
        self._terminal.type(text)

    def words(self, text):
        """The words that ``sendoff`` is called with when this is typed and sent off."""
        called = self._calls / str(len(list(self._calls.iterdir())))
        self.type(f"{text}\r")
        self._until(lambda _: called.exists())
        return called.read_bytes().decode().split("\0")[:-1]

    def shows(self, text, *words):
        """The screen, once all these are offered to who has typed this; the line is given up then."""
        for _ in range(TRIES):
            self.type(_AGAIN + text)
            with suppress(AssertionError):
                shown = self._terminal.until(*words, seconds=3)
                self.type(_GIVEN_UP)
                return shown
            self.type(_GIVEN_UP)
        pytest.fail(f"{text!r} never showed {words}: {self._terminal.text()}")

    def _until(self, so):
        """The screen when it is so. What is typed while a shell asks a program may lie unread until the next key, so that a person presses one."""
        for _ in range(TRIES):
            with suppress(AssertionError):
                return self._terminal.until(so=so, seconds=3)
            self.type(_AGAIN)
        return self._terminal.until(so=so, seconds=3)


def _output(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout
