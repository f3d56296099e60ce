"""``sendoff post``: hand a form over, or one file as it stands, for a server that takes POSTs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from sendoff.cli.call import Call
from sendoff.cli.headers import READABLE
from sendoff.cli.parser import Parser
from sendoff.cli.post.field import INPUT, Field, field, literal
from sendoff.cli.post.parts import loose
from sendoff.cli.put.handing import ended, from_input, take, take_copies, warn_of_secrets
from sendoff.cli.put.options import add_asked
from sendoff.cli.put.refusals import Refusals
from sendoff.cli.put.requests import Asking, asking
from sendoff.cli.put.taking import Taking
from sendoff.cli.put.walk import Found
from sendoff.cli.text import form_words, is_whole
from sendoff.errors import InvalidArgument, SourceUnsuitable
from sendoff.model.form import is_secret_part
from sendoff.model.operation import Request
from sendoff.model.source import Form, Part

PART = "file"
WHOLE = [Found("", None)]


def arguments(parser: Parser, _command: str) -> None:
    """The options of ``post``."""
    option = parser.option
    told = "a part, as curl has it: NAME=VALUE, NAME=@FILE, NAME=<FILE (its content), then ;type= ;filename= ;headers="
    option("-F", "--form", dest="form", metavar="NAME=VALUE", action="append", default=[], type=lambda word: (field, word), help=told)
    literally = "a part whose value is taken as it stands"
    option("--form-string", dest="form", metavar="NAME=VALUE", action="append", type=lambda word: (literal, word), help=literally)
    option("--part", metavar="NAME", help=f"what the parts of bare FILEs are called (default: {PART})")
    option("--raw", action="store_true", help="no form: one FILE as it stands is the body")
    add_asked(parser, method="POST")
    parser.set_defaults(again=False, existing=None, verify=None, digest=None, sha256=None, protocol="plain", offset=None, length=None)


def run(call: Call) -> int:
    """Carries ``post`` out."""
    *files, url = call.words or [""]
    fields = _fields(call, files)
    _check_words(call, files, fields, url)
    asked = _posting(asking(call.options, url), call.options.method)
    warn_of_secrets(call)
    taking = _raw(call, files[0], asked) if call.options.raw else _form(call, fields, asked)
    return ended(call, taking, url)


def _posting(asked: Asking, method: str | None) -> Asking:
    """To the address as it stands, by POST where nothing else was said."""
    return lambda one: replace(asked(one), method=(method or "POST").upper(), whole=True)


def _fields(call: Call, files: Sequence[str]) -> list[Field]:
    """Those that were written out, then the bare files: what a server reads in order it knows before the files come."""
    written = [read(word) for read, word in call.options.form]
    if call.options.raw:
        return written
    return [*written, *(Field(call.options.part or PART, "file", word, word) for word in files)]


def _check_words(call: Call, files: Sequence[str], fields: Sequence[Field], url: str) -> None:
    """``InvalidArgument`` where the words contradict each other."""
    usage = "sendoff post [FILE...] URL, with -F NAME=VALUE for each part"
    if not url:
        raise InvalidArgument("sendoff post needs a URL", hint=usage)
    if call.options.raw and (fields or call.options.part):
        raise InvalidArgument("--raw sends one file as it stands, without parts: it goes without -F, --form-string and --part")
    if call.options.raw and len(files) != 1:
        raise InvalidArgument(f"--raw sends one file as it stands, and there are {len(files)}", hint="sendoff post --raw FILE URL")
    if not call.options.raw and not fields:
        raise InvalidArgument("sendoff post needs something to send", hint=usage)
    if call.options.part is not None and not files:
        raise InvalidArgument("--part says what bare files are called, and there is none")
    if call.options.then and INPUT in files:
        raise InvalidArgument("--then removes a file, and standard input (-) is none")
    for word in files:
        if not is_whole(word):
            raise SourceUnsuitable(f"the name of {word} is not valid UTF-8", hint="rename it, or read it: NAME=@- < FILE")
        if word == "":
            raise InvalidArgument("the name of a file is empty")
    _check_input(call, files, fields)


def _check_input(call: Call, files: Sequence[str], fields: Sequence[Field]) -> None:
    """Standard input can be read once."""
    headers = [*call.options.header, *call.options.header_secret].count("@-")
    if sum(one.reads_input for one in fields) + (files.count(INPUT) if call.options.raw else 0) + headers > 1:
        raise InvalidArgument("standard input (-) can be sent only once")


def _raw(call: Call, word: str, asked: Asking) -> Taking:
    """One file as the body."""
    if word == INPUT:
        return from_input(call, asked, "post")
    taking, files = Taking(call, Refusals(), Counter(), verb="post"), [Found(os.path.abspath(word), None)]
    if call.options.copy:
        take_copies(call, taking, files, asked)
        return taking
    if call.options.dry_run:
        taking.check(files, asked)
    take(call, taking, files, asked)
    return taking


def _form(call: Call, fields: Sequence[Field], asked: Asking) -> Taking:
    """Everything else is checked before a byte of standard input is read: there is no second time to read it."""
    from sendoff.desk.copying import check_room, files_of, held
    from sendoff.desk.packing import outline, packed
    from sendoff.desk.room import Room

    with ExitStack() as stack:
        parts = loose(fields, stack)
        _warn_of_fields(call, fields)
        taking = Taking(call, Refusals(), Counter(), verb="post", unnamed=form_words(parts))
        if call.options.dry_run or call.options.copy or any(one.reads_input for one in fields):
            taking.check(WHOLE, lambda one: _of_parts(asked(one), outline(parts)))
        if call.options.dry_run or taking.refusals:
            take(call, taking, (), asked)
            return taking
        if call.options.copy:
            check_room(call.desk(), files_of(parts))
            parts = held(parts, stack)
        full = stack.enter_context(packed(call.place, parts, Room(call.desk)))
        take(call, taking, WHOLE, lambda one: _of_parts(asked(one), full))
    return taking


def _of_parts(request: Request, parts: tuple[Part, ...]) -> Request:
    return replace(request, form=Form(parts=parts))


def _warn_of_fields(call: Call, fields: Sequence[Field]) -> None:
    for one in fields:
        if one.how == "text" and is_secret_part(one.name):
            call.output.warn(f"the value of {one.name} stands on the command line: {READABLE}; write '{one.name}=<FILE'")
