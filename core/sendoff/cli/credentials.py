"""``sendoff credentials``: what a credential store keeps, set and removed; values are never seen."""

from __future__ import annotations

import sys

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.errors import ConfigurationError, InvalidArgument
from sendoff.model.query import Question
from sendoff.model.secret import Credential, Secret

KINDS = ("basic", "bearer", "header", "key")


def arguments(parser: Parser, _command: str) -> None:
    """The options of ``credentials set``."""
    parser.option("--username", metavar="NAME", default="", help="whose password it is; for --kind header, the name of the header")
    parser.option("--kind", choices=KINDS, help="what it is (default: basic with --username, else bearer)")
    parser.epilog = (
        "set NAME: keep a credential; its value is asked for, or read from standard input. list: names of what is kept. remove NAME: forget it. "
        "NAME is driver:name, such as keyring:lab, or a [credentials] section of the configuration. Uploads that waited for it go on."
    )


def run(call: Call) -> int:
    """Carries ``credentials`` out."""
    action, *words = call.words or [""]
    if action == "list" and not words:
        return _list(call)
    if action in ("set", "remove") and len(words) == 1:
        return (_set if action == "set" else _remove)(call, words[0])
    if action == "set" and words:
        hint = "its value is asked for, or read from standard input: others on this machine can read a command line"
        raise InvalidArgument("sendoff credentials set takes one name", hint=hint)
    raise InvalidArgument("sendoff credentials takes list, set NAME or remove NAME", hint="see sendoff credentials --help")


def _list(call: Call) -> int:
    found = call.desk().ask(Question(what="credentials"))
    for name in found["names"]:
        call.output.item({"name": name})
        call.output.line(name)
    for driver, reason in found["passed_by"].items():
        call.output.note(f"{driver}: is not listed: {reason}")
    if not found["names"] and not found["passed_by"]:
        call.output.note("no store that can be listed holds any; env: and systemd: cannot be listed")
    return exits.DONE


def _set(call: Call, name: str) -> int:
    kind = call.options.kind or ("basic" if call.options.username else "bearer")
    if kind in ("basic", "header") and not call.options.username:
        raise InvalidArgument(f"--kind {kind} needs --username, {'whose password it is' if kind == 'basic' else 'the name of the header'}")
    _kept(call, name, Credential(kind=kind, username=call.options.username, secret=Secret(_value(name))))
    call.output.item({"name": name, "kept": True})
    call.output.line(f"{name} is kept; uploads that waited for it go on")
    return exits.DONE


def _remove(call: Call, name: str) -> int:
    _kept(call, name, None)
    call.output.item({"name": name, "kept": False})
    call.output.line(f"{name} is forgotten")
    return exits.DONE


def _kept(call: Call, name: str, credential: Credential | None) -> None:
    try:
        call.desk().keep(name, credential)
    except ConfigurationError as error:
        if error.facts.get("section_missing") != name:
            raise
        message = f"there is no [credentials.{name}] in the configuration, and {name} does not say which store is meant"
        raise InvalidArgument(
            message, hint=f"sendoff credentials {'remove' if credential is None else 'set'} keyring:{name}, or file:{name} where there is no desktop"
        ) from error


def _value(name: str) -> str:
    """Typed unseen, or all of standard input without the line break at its end."""
    if sys.stdin.isatty():
        from getpass import getpass

        value = getpass(f"value of {name} (it is not shown): ")
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value or not value.isprintable():
        fault = "is empty" if not value else "has a line break or another control character"
        raise InvalidArgument(f"the value of {name} {fault}; nothing was kept")
    return value
