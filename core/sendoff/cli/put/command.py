"""``sendoff put``: hand files over; all of them, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.headers import SAFE_FORMS, literal_secrets
from sendoff.cli.parser import Parser
from sendoff.cli.put.refusals import Refusals
from sendoff.cli.put.requests import Asking, asking
from sendoff.cli.put.sources import INPUT, Sources, check_words
from sendoff.cli.put.taking import Taking
from sendoff.cli.put.walk import Found, Walk
from sendoff.errors import InvalidArgument, SendoffError

SLICE = 1000  # so many are stored in one transaction


def arguments(parser: Parser, _command: str) -> None:
    """The options of ``put``."""
    option = parser.option
    _add_choice(option)
    option("--method", metavar="VERB", help="HTTP method (default: PUT)")
    option("--protocol", metavar="WORD", help="how: auto, plain, tus, rufh, or another that is installed (default: auto, what the destination announces)")
    _add_demand(option)
    option("--header", metavar="'N: V'", action="append", default=[], help="send this header; @FILE or @- reads one a line")
    option("--header-secret", metavar="'N: V'", action="append", default=[], help="the same, kept sealed; V is env:VARIABLE or file:NAME, or @FILE")
    option("--credential", metavar="REF", help="who we are to the server: driver:name, or a [credentials] section")
    option(
        "--idempotency-key",
        metavar="HEADER",
        help="each try carries the same key, so that the server drops repeats; another header: with =",
    )
    parser.alone["--idempotency-key"] = "Idempotency-Key"
    option("--retry-unsafe", action="store_true", help="send a POST again even when it may have been carried out")
    option("--id", help="your own id for it: putting the same again gives the same operation")
    option("--group", metavar="NAME", help="put it into this group")
    option("--priority", choices=("high", "default", "low"), default="default", help="who goes first")
    option("--cost", choices=("unrestricted-only", "default", "always"), default="default", help="on which networks it may run")
    option("--label", metavar="TEXT", help="a name for people")
    option("--meta", metavar="K=V", action="append", default=[], help="your own data, kept with it and found again by list --meta")
    option("--patience", metavar="TIME", help="give up after this long without one newly confirmed byte: 90s, 5m, 12h, 3d")
    option("--wait", action="store_true", help="stay until it has ended; the exit code says how")
    option("--here", action="store_true", help="this process does the work and stays until all have ended: for containers and CI")
    option("--dry-run", action="store_true", help="check everything, store nothing")


def _add_demand(option: Callable[..., object]) -> None:
    option("--verify", choices=("auto", "size", "digest", "read-back"), help="what must be seen at the server before it counts as done (default: auto)")
    option("--digest", choices=("auto", "none", "sha256"), help="none: no checksums; sha256: send and keep the file's, it is read once more for that")
    option("--sha256", metavar="HEX", help="what the file's SHA-256 must be; one file")


def _add_choice(option: Callable[..., object]) -> None:
    option("-r", "--recursive", action="store_true", help="put what is in a directory, and below it")
    option("--files-from", metavar="FILE", help="put what this file lists, one a line; - reads standard input")
    option("-0", dest="zero", action="store_true", help="a NUL ends each name in that list, as find -print0 writes it")
    option("--base", metavar="DIR", help="the folder that relative names in that list begin in (default: this one)")
    option("--include", metavar="PATTERN", action="append", default=[], help="only files like this; as in .gitignore, may be repeated")
    option("--exclude", metavar="PATTERN", action="append", default=[], help="no files and folders like this")
    option("--min-age", metavar="TIME", help="leave out what was changed more recently: 90s, 5m, 12h, 3d")
    option("--follow", action="store_true", help="go where symbolic links in a directory lead")
    option("--only-new", action="store_true", help="leave out what was put there before and has not changed since")
    option("--existing", choices=("overwrite", "skip", "fail"), help="what to do where the target exists (default: overwrite)")
    option("--again", action="store_true", help="queue it once more, even if the same is still queued")
    option("-o", dest="option", metavar="KEY=VALUE", action="append", default=[], help="a key of a destination's section, for these uploads only")


def run(call: Call) -> int:
    """Carries ``put`` out."""
    *words, destination = call.words or [""]
    if not (words or (call.options.files_from and destination)):
        raise InvalidArgument("sendoff put needs a file and a destination", hint="sendoff put SOURCE... DESTINATION, where a destination is a URL or NAME:path")
    check_words(call.options, words, destination)
    asked = asking(call.options, destination)
    _warn_of_secrets(call)
    taking = _from_input(call, asked) if INPUT in words else _from_files(call, words, destination, asked)
    if call.options.dry_run:
        return exits.DONE
    if call.output.person and not call.options.wait:
        _tell_person(call, taking, destination)
        return exits.DONE
    taking.tell()
    return _waited(call, taking.ids) if call.options.wait else exits.DONE


def _warn_of_secrets(call: Call) -> None:
    for name in literal_secrets(call.options.header_secret):
        call.output.warn(f"the secret {name} stands on the command line: {SAFE_FORMS}")


def _from_files(call: Call, words: Sequence[str], destination: str, asked: Asking) -> Taking:
    """Everything is found before the first is stored."""
    refusals = Refusals()
    sources = Sources(call.options, words, destination, refusals)
    files = sources.found()
    _warn_of_walk(call, sources.walk)
    taking = Taking(call, refusals, sources.walk.left)
    if files and (call.options.dry_run or len(files) > SLICE or refusals):  # what is not one transaction is checked whole before
        files = taking.check(files, asked)
    _take(call, taking, files, asked)
    return taking


def _warn_of_walk(call: Call, walk: Walk) -> None:
    for warning in walk.warnings:
        call.output.warn(warning)
    if walk.more_warnings:
        call.output.warn(f"and {walk.more_warnings} more like these")


def _from_input(call: Call, asked: Asking) -> Taking:
    """Everything else is checked before the first byte is read: there may be very many, and no second time to read them."""
    from sendoff.desk.incoming import incoming

    taking, nothing = Taking(call, Refusals(), Counter()), [Found("", None)]
    with incoming(call.place) as file:
        taking.check(nothing, lambda one: replace(asked(one), source=file.path))
        if not taking.refusals and not call.options.dry_run:
            file.fill()
        _take(call, taking, nothing, lambda one: replace(asked(one), spool=file.name))
    return taking


def _take(call: Call, taking: Taking, files: Sequence[Found], asked: Asking) -> None:
    """All of them, or none."""
    taking.refuse()
    if call.options.dry_run:
        taking.tell_plan()
        return
    taking.store(files, asked)
    if taking.refusals:
        taking.tell()
        taking.refuse()


def _tell_person(call: Call, taking: Taking, destination: str) -> None:
    """How it stands, in one line; one about all that was put stands before it where there is more to say."""
    from sendoff.cli.put.afterwards import of_many, of_one

    line = None
    with suppress(SendoffError):  # it is put, and this is a courtesy
        if len(taking.ids) == 1:
            line = of_one(call.desk(), taking.ids[0])
        elif taking.queued > 1 and taking.new is not None:
            line = of_many(call.desk(), taking.new, taking.queued, destination)
    if line is None or len(taking.ids) > 1 or taking.without():
        taking.tell()
    if line:
        _note(call, line)


def _note(call: Call, line: str) -> None:
    """Where the line does not fit, the command that helps gets one of its own, whole and easy to copy."""
    head, _, command = line.rpartition("; ")
    if head and len(line) > (call.output.columns or len(line)):
        call.output.note(head)
        call.output.note(f"  {command}")
    else:
        call.output.note(line)


def _waited(call: Call, ids: Sequence[str]) -> int:
    from sendoff.cli.waiting import Waiting

    waiting = Waiting(call, results=call.output.note, failures=call.output.trouble)
    return waiting.until_ended(waiting.looked_up(ids))
