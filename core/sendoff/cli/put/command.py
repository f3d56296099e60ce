"""``sendoff put``: hand files over; all of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.cli.put.handing import ended, from_input, take, take_copies, warn_of_secrets
from sendoff.cli.put.options import add_asked
from sendoff.cli.put.refusals import Refusals
from sendoff.cli.put.requests import Asking, asking
from sendoff.cli.put.sources import INPUT, Sources, check_words
from sendoff.cli.put.taking import Taking
from sendoff.cli.put.walk import Walk
from sendoff.errors import InvalidArgument

SLICE = 1000  # so many are stored in one transaction


def arguments(parser: Parser, _command: str) -> None:
    """The options of ``put``."""
    option = parser.option
    _add_choice(option)
    add_asked(parser, method="PUT")
    option("--protocol", metavar="WORD", help="how: auto, plain, tus, rufh, or another that is installed (default: auto, what the destination announces)")
    _add_demand(option)


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
    option("--offset", metavar="SIZE", help="leave out the first bytes of the file: 90, 256M; one file")
    option("--length", metavar="SIZE", help="send so many bytes of the file, from --offset on; one file")
    option("--again", action="store_true", help="queue it once more, even if the same is still queued")


def run(call: Call) -> int:
    """Carries ``put`` out."""
    *words, destination = call.words or [""]
    if not (words or (call.options.files_from and destination)):
        raise InvalidArgument("sendoff put needs a file and a destination", hint="sendoff put SOURCE... DESTINATION, where a destination is a URL or NAME:path")
    check_words(call.options, words, destination)
    asked = asking(call.options, destination)
    warn_of_secrets(call)
    taking = from_input(call, asked) if INPUT in words else _from_files(call, words, destination, asked)
    return ended(call, taking, destination)


def _from_files(call: Call, words: Sequence[str], destination: str, asked: Asking) -> Taking:
    """Everything is found before the first is stored."""
    refusals = Refusals()
    sources = Sources(call.options, words, destination, refusals)
    files = sources.found()
    _warn_of_walk(call, sources.walk)
    taking = Taking(call, refusals, sources.walk.left)
    if call.options.copy:
        take_copies(call, taking, files, asked)
        return taking
    if files and (call.options.dry_run or len(files) > SLICE or refusals):  # what is not one transaction is checked whole before
        files = taking.check(files, asked)
    take(call, taking, files, asked)
    return taking


def _warn_of_walk(call: Call, walk: Walk) -> None:
    for warning in walk.warnings:
        call.output.warn(warning)
    if walk.more_warnings:
        call.output.warn(f"and {walk.more_warnings} more like these")
