"""``sendoff host``: the background process."""

from __future__ import annotations

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.nested import flat
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned
from sendoff.errors import InvalidArgument
from sendoff.model.query import Question

ACTIONS = ("start", "status", "stop", "run")


def arguments(parser: Parser, _command: str) -> None:
    """None; which action it is stands on the line."""
    parser.epilog = (
        "start: start the host if none runs. status: what runs, and what it has to do. "
        "stop: let it write down where it is, and leave. run: be the host, in the foreground."
    )


def run(call: Call) -> int:
    """Carries ``host`` out."""
    if len(call.words) != 1 or call.words[0] not in ACTIONS:
        raise InvalidArgument(f"sendoff host takes one of {', '.join(ACTIONS)}", hint="see sendoff host --help")
    return {"start": _start, "status": _status, "stop": _stop, "run": _run}[call.words[0]](call)


def _start(call: Call) -> int:
    status = call.desk().ask(Question(what="status"))
    call.output.item(status)
    call.output.note(f"the host runs: process {status['pid']}, sendoff {status['version']}")
    return exits.DONE


def _status(call: Call) -> int:
    status = call.desk(spawn=False).ask(Question(what="status"))
    call.output.item(status)
    for line in aligned(list(flat(status))):
        call.output.line(line)
    return exits.DONE


def _stop(call: Call) -> int:
    ran = call.desk(spawn=False).stop()
    call.output.item({"stopped": ran})
    call.output.note("the host has stopped; the next command starts one, and the uploads go on" if ran else "no host runs")
    return exits.DONE


def _run(call: Call) -> int:
    from sendoff.host.run import main

    place = call.place
    place.prepare()
    return main(["--state-dir", place.state, "--app", place.app, *(["--config", place.config] if place.config_named else [])])
