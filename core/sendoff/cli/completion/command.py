"""``sendoff completion``: prints what makes a shell complete words of ``sendoff``, and answers what it asks with every Tab."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.completion import quoting
from sendoff.cli.completion.candidate import Answer, answer
from sendoff.cli.completion.line import read
from sendoff.cli.completion.names import Names
from sendoff.cli.completion.paths import listed
from sendoff.cli.parser import Parser
from sendoff.cli.text import clean
from sendoff.errors import InvalidArgument, SendoffError

SHELLS = {
    "bash": "echo 'source <(sendoff completion bash)' >> ~/.bashrc",
    "zsh": "echo 'source <(sendoff completion zsh)' >> ~/.zshrc",
    "fish": "mkdir -p ~/.config/fish/completions && sendoff completion fish > ~/.config/fish/completions/sendoff.fish",
}  # and the line that makes it last


def arguments(parser: Parser, _command: str) -> None:
    """Which shell it is stands on the line."""
    parser.option("--line", metavar="SHELL", choices=(*SHELLS,), help="what may stand at the end of the words after --; the shell asks so")
    parser.epilog = "bash, zsh, fish: print the completion of that shell. Without a word: how to make it last in yours."


def run(call: Call) -> int:
    """Carries ``completion`` out."""
    if call.options.line:
        return _answered(call)
    if len(call.words) > 1 or not {*call.words} <= {*SHELLS}:
        raise InvalidArgument(f"sendoff completion takes one of {', '.join(SHELLS)}", hint="without a word it says what to do in your shell")
    return _print(call, call.words[0]) if call.words else _advise(call)


def _print(call: Call, shell: str) -> int:
    from importlib.resources import files

    text = (files("sendoff.cli.completion") / f"sendoff.{shell}").read_text(encoding="utf-8")
    call.output.item({"shell": shell, "script": text})
    for line in text.splitlines():
        call.output.line(line)
    return exits.DONE


def _advise(call: Call) -> int:
    """For the login's shell; for all of them where it is none of these."""
    own = os.path.basename(os.environ.get("SHELL", ""))
    for shell in [own] if own in SHELLS else SHELLS:
        call.output.item({"shell": shell, "command": SHELLS[shell]})
        call.output.line(f"{shell}: {SHELLS[shell]}")
    call.output.note("a new shell has it; nothing was changed yet")
    return exits.DONE


# -- with every Tab ----------------------------------------------------------------------------------------------------


def _answered(call: Call) -> int:
    """One line of what else may stand there, files or folders; then a line for each word. Nobody reads complaints here."""
    *before, current = call.words or [""]
    shell = call.options.line
    try:
        lines = _for_bash(call, before, current) if shell == "bash" else _for_others(call, before, current)
    except SendoffError:
        lines = []
    call.output.draw("".join(f"{line}\n" for line in lines))
    return exits.DONE


def _for_others(call: Call, before: Sequence[str], current: str) -> list[str]:
    found = _found(call, before, current)
    return [found.paths, *(f"{word}\t{clean(about)}".rstrip() for word, about in found.words)]


def _for_bash(call: Call, before: Sequence[str], part: str) -> list[str]:
    """As it stands on the line, and without what bash takes for an earlier word; beside other words files are named here, as bash would do either."""
    *words, head = before or [""]
    begun, rest = quoting.read(head), quoting.read(part)
    found = _found(call, [quoting.read(word).text for word in words], begun.text + rest.text)
    shown = [word for word, _ in found.words]
    parted = bool(begun.text) and not begun.text.startswith("-")  # of a file x=y bash would only look at the y
    if found.paths and (shown or parted):
        shown += listed(begun.text + rest.text, only_folders=found.paths == "folders")
    return ["" if shown or parted else found.paths, *(quoting.write(word[len(begun.text) :], rest.open) for word in shown)]


def _found(call: Call, before: Sequence[str], current: str) -> Answer:
    line = read(before)
    if line is None:
        return Answer([])
    there = call.of(line.place)
    return answer(line, current, Names(lambda: there.place, lambda: there.desk(spawn=False), os.environ, current))
