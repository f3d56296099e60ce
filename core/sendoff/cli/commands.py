"""Which commands there are, and where each is written."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sendoff.cli.parser import Parser
from sendoff.errors import InvalidArgument

INDENT = 15  # columns before what a command does
# command: (module, what else stands on the line, what it does)
COMMANDS = {
    "put": ("put.command", "[options] SOURCE... DESTINATION", "queue uploads; print their ids as soon as they are safely recorded"),
    "post": ("post.command", "[options] [FILE...] URL", "queue a form, or with --raw one file, as the body of a POST"),
    "list": ("listing", "[options]", "what is not finished or not acknowledged"),
    "show": ("show", "ID...", "everything about an operation: why it waits, and what would help it on"),
    "watch": ("watch.command", "[ID...]", "live progress: bars, rates, what waits and why, keys to step in; leaving it stops nothing"),
    "wait": ("wait", "[options] ID...", "wait until operations have ended; the exit code says how"),
    "pause": ("orders", "[options] [ID...]", "stop sending; what the server has confirmed is kept"),
    "resume": ("orders", "[options] [ID...]", "let paused operations go on"),
    "cancel": ("orders", "[options] [ID...]", "give operations up for good"),
    "retry": ("orders", "[options] [ID...]", "begin a new round of failed or canceled operations, from the last confirmed byte"),
    "move": ("move", "[options] ID...", "the order of what waits: first, last, or before another"),
    "set": ("set", "[options] ID...", "what operations are sent with, from the next request on"),
    "limit": ("limit.command", "[bandwidth SPEC] [concurrency N]", "how fast and how many at once: show or change it while the host runs"),
    "gc": ("gc", "[--remote DESTINATION]", "forget now what has had its time, and what belongs to nothing any more, here or at a server"),
    "purge": ("purge", "[options]", "remove everything of this app from this machine: journal, copies, key, host"),
    "events": ("events", "[options] [ID]", "the durable history, in the order in which it was recorded"),
    "response": ("response", "[--head] ID", "the server's answer: its body, or its status and headers"),
    "receipt": ("receipt", "ID...", "the proof of what landed"),
    "host": ("host.command", "{start,status,stop,run,install,uninstall}", "the background process that carries the uploads"),
    "plugins": ("plugins", "", "every installed driver and listener, and why a broken one is broken"),
    "new-plugin": ("new_plugin.command", "[--into DIR] KIND NAME", "write a plugin of your own that works, to change from there"),
    "trust": ("trust", "[--forget] DESTINATION [FINGERPRINT]", "show the key of a destination's server; repeated with its fingerprint, accept it"),
    "credentials": (
        "credentials",
        "{set,list,remove} [options] [NAME]",
        "keep a credential in a store, see which are kept, forget one; values are never shown",
    ),
    "check": ("check", "[DESTINATION]", "read the configuration, load what it names, reach the destination"),
    "demo": ("demo.command", "[FILE]", "the whole story on this machine: an upload, its host killed in the middle, the end, the proof"),
    "schema": ("schema", "", "the JSON Schema of operations and events"),
    "completion": (
        "completion.command",
        "[{bash,zsh,fish}]",
        "what makes your shell complete commands, options, ids and names; without a word: how",
    ),
    "config": ("config", "{path,show,explain,init,edit} [KEY]", "where the configuration is, what is in force and what it means; how to begin one"),
}


def module_of(command: str) -> Any:
    """The module that carries a command out: ``arguments(parser, command)`` and ``run(call)``."""
    if command not in COMMANDS:
        raise InvalidArgument(f"there is no command {command!r}", hint=_nearest(command))
    return import_module(f"sendoff.cli.{COMMANDS[command][0]}")


def parser_of(command: str) -> Parser:
    """The parser of one command; the others are not built."""
    module = module_of(command)
    parser = Parser(command, *COMMANDS[command][1:])
    module.arguments(parser, command)
    return parser


def overview() -> str:
    """What ``sendoff --help`` prints."""
    lines = ["usage: sendoff [options] COMMAND ...", "", "Durable background uploads: hand over a file and a destination, get an id, and go.", ""]
    lines += [f"  {name:<{INDENT - 2}}{about}" for name, (_, _, about) in COMMANDS.items()]
    lines += ["", "  --app NAME  --state-dir DIR  --config FILE  --json  -q  -v    before or after the command", "  --version"]
    lines += ["", "sendoff COMMAND --help explains a command. A first upload:", "  sendoff put --wait a.iso https://server.example/incoming/"]
    return "\n".join(lines)


def _nearest(command: str) -> str:
    from difflib import get_close_matches

    found = get_close_matches(command, COMMANDS, 1)
    return f"did you mean sendoff {found[0]}?" if found else "sendoff --help lists them"
