"""``sendoff``: reads the command, carries it out, and turns every end into an exit code."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from sendoff import __version__
from sendoff.cli import commands, exits, parser
from sendoff.cli.call import Call, Opening, Placing
from sendoff.cli.output import Output, ReaderGone
from sendoff.cli.text import folded
from sendoff.errors import SendoffError, StoreRefused

if TYPE_CHECKING:
    from sendoff.desk.client import DeskClient
    from sendoff.desk.place import Place

HELP_COLUMNS = 100  # where no terminal says how many it has


def main(argv: Sequence[str] | None = None) -> int:
    """The ``sendoff`` command; gives its exit code."""
    _open_closed()
    return run(sys.argv[1:] if argv is None else argv, sys.stdout, sys.stderr, _place, _open)


def run(words: Sequence[str], results: TextIO, notes: TextIO, placing: Placing, opening: Opening) -> int:
    """Carries one command line out over the desk that ``opening`` gives."""
    output = Output(results, notes, json="--json" in words)
    try:
        return _carried_out(words, output, placing, opening)
    except SendoffError as error:
        output.fail(_explained(error))
        return exits.exit_code_of(error)
    except OSError as cause:  # of this machine, not of a server: those are told as ours
        output.fail(StoreRefused(f"{cause.filename or 'sendoff'}: {cause.strerror or cause}"))
        return exits.NO_HOST
    except SystemExit as end:  # argparse has printed help
        return end.code if isinstance(end.code, int) else exits.USAGE
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except ReaderGone:
        _silence(results)
        return exits.READER_GONE


def _carried_out(words: Sequence[str], output: Output, placing: Placing, opening: Opening) -> int:
    command, rest = parser.split(words)
    if command is None:
        return _without_command(rest, output, placing, opening)
    options = commands.parser_of(command).read(rest)
    output.json, output.quiet, output.verbose = options.json, options.quiet, options.verbose
    call, carry_out = Call(command, options, output, placing, opening), commands.module_of(command).run
    if getattr(options, "here", False):
        from sendoff.cli.here import here

        return here(call, carry_out)
    code: int = carry_out(call)
    return code


def _without_command(words: Sequence[str], output: Output, placing: Placing, opening: Opening) -> int:
    if "--version" in words:
        output.item({"version": __version__})
        output.line(f"sendoff {__version__}")
        return exits.DONE
    if "-h" in words or "--help" in words:
        for line in commands.overview().splitlines():
            for part in folded(line, output.columns or HELP_COLUMNS, commands.INDENT):
                output.line(part)
        return exits.DONE
    from sendoff.cli import overview

    options = parser.Parser("", "[options] COMMAND ...", "").read(words)
    output.json, output.quiet, output.verbose = options.json, options.quiet, options.verbose
    return overview.run(Call("", options, output, placing, opening))


def _open_closed() -> None:
    """Whoever closes standard streams wants to hear nothing: no file of ours may come to lie where one was, and no result is an error."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY)  # the lowest free number, which is this one; to read from it stays an error
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _place(options: Namespace) -> Place:
    from sendoff.desk.place import find_place

    return find_place(os.environ, app=options.app, state_dir=options.state_dir, config=options.config)


def _open(place: Place, spawn: bool) -> DeskClient:
    from sendoff.desk.client import DeskClient

    return DeskClient(place, environment=dict(os.environ), spawn=spawn)


def _explained(error: SendoffError) -> SendoffError:
    """What only this side can say of it."""
    if "interpreter" not in error.facts:
        return error
    from sendoff.host.interpreter import explained

    return explained(error)


def _silence(stream: TextIO) -> None:
    """Sends what is still buffered nowhere: the interpreter would complain about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
