"""``sendoff limit``: how fast and how many at once, shown and changed while the host runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.limit.rows import rows
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned
from sendoff.errors import InvalidArgument, Json
from sendoff.model.limits import MOST_AT_ONCE
from sendoff.model.query import Order, Question, Selection

WORDS = ("bandwidth", "concurrency")


def arguments(parser: Parser, _command: str) -> None:
    """What stands on the line besides."""
    parser.option("--destination", metavar="NAME", help="of the uploads to this one, a section of the configuration")
    parser.option("--save", action="store_true", help="write it into the configuration file, too; its comments stay")
    parser.epilog = (
        "bandwidth: 10M, off, or a timetable by the local clock as rclone --bwlimit takes it: '08:00,512k 19:00,10M 23:00,off'. "
        "A change holds at once, for what is running too, and until the host ends; with --save for good. Without a word: what is in force now, and until when."
    )


def run(call: Call) -> int:
    """Carries ``limit`` out."""
    asked = _asked(call.words)
    if call.options.save:
        _reread(call)  # what was asked for of a section that is gone is not to be written
    if asked:
        place = {"destination": call.options.destination} if call.options.destination is not None else {}
        call.desk().order(Order(verb="limit", details={**asked, **place}), Selection())
    elif call.options.destination is not None:
        raise InvalidArgument("a limit of what? bandwidth or concurrency", hint="see sendoff limit --help")
    told = call.desk().ask(Question(what="limits"))
    saved = _save(call, told) if call.options.save else []
    call.output.item({**told, "unsaved": [] if call.options.save else told["unsaved"]})
    for line in aligned(list(rows(told))):
        call.output.line(line)
    _note(call, told, saved)
    return exits.DONE


def _asked(words: Sequence[str]) -> dict[str, Any]:
    """What stands on the line: each word, and what belongs to it up to the next; a timetable may be several."""
    found: dict[str, list[str]] = {}
    for word in words:
        if word in WORDS and word not in found:
            found[word] = []
        elif not found:
            raise InvalidArgument(f"sendoff limit knows no {word!r}; it takes {' and '.join(WORDS)}", hint="see sendoff limit --help")
        else:
            list(found.values())[-1].append(word)
    asked: dict[str, Any] = {name: " ".join(values) for name, values in found.items()}
    for name, text in asked.items():
        if not text:
            raise InvalidArgument(f"sendoff limit {name} what?", hint="sendoff limit bandwidth 10M; sendoff limit concurrency 4")
    if "concurrency" in asked:
        asked["concurrency"] = _number(asked["concurrency"])
    return asked


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MOST_AT_ONCE):
        raise InvalidArgument(f"concurrency {text[:60]}: it is a number of uploads, 1 or more and {MOST_AT_ONCE} at most")
    return int(text)


def _save(call: Call, told: Json) -> list[str]:
    """Writes what is in force and stands nowhere into the file."""
    from sendoff.cli.limit.file import save

    changes = {name: _value(told, name) for name in told["unsaved"]}
    for name in changes:
        variable = f"SENDOFF_{name.upper().replace('.', '__')}"
        if variable in os.environ:
            raise InvalidArgument(f"{variable} is set, and stronger than the file", hint="it is in force until the host ends; change the variable for good")
    if changes:
        save(call.place.config, changes)
        _reread(call)
    return list(changes)


def _reread(call: Call) -> None:
    call.desk().order(Order(verb="limit", details={"reread": True}), Selection())


def _value(told: Json, name: str) -> Json:
    """What is in force of ``limits.bandwidth``, or of ``destinations.archive.concurrency``."""
    section, *place, key = name.split(".")
    return told[key] if section == "limits" else told["destinations"][".".join(place)][key]


def _note(call: Call, told: Json, saved: Sequence[str]) -> None:
    if saved:
        call.output.note(f"written into {call.place.config}")
    elif told["unsaved"]:
        call.output.note("in force until the host ends; sendoff limit --save writes it into the configuration file")
