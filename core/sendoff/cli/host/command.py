"""``sendoff host``: the background process."""

from __future__ import annotations

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.host.status import rows
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned
from sendoff.errors import InvalidArgument
from sendoff.model.query import Question

OPTIONS = {
    "adopt": ("start",),
    "recover": ("start",),
    "system": ("install", "uninstall"),
    "user": ("install", "uninstall"),
    "print": ("install",),
}  # and the actions they belong to


def arguments(parser: Parser, _command: str) -> None:
    """Which action it is stands on the line."""
    option = parser.option
    option("--adopt", action="store_true", help="start: take over a journal that came from another machine")
    option("--recover", action="store_true", help="start: save what can be read of a damaged journal, and keep the damaged one")
    option("--system", action="store_true", help="install, uninstall: a service of the whole machine, for which one must be root")
    option("--user", metavar="NAME", help="with --system: whose uploads it carries (default: yours)")
    option("--print", action="store_true", help="install: print the unit and write nothing")
    parser.epilog = (
        "start: start the host if none runs. status: what runs, and what it has to do. "
        "stop: let it write down where it is, and leave. run: be the host, in the foreground. "
        "install: let systemd start it, whoever is logged in. uninstall: no longer."
    )


def run(call: Call) -> int:
    """Carries ``host`` out."""
    actions = {"start": _start, "status": _status, "stop": _stop, "run": _run, "install": _install, "uninstall": _uninstall}
    if len(call.words) != 1 or call.words[0] not in actions:
        raise InvalidArgument(f"sendoff host takes one of {', '.join(actions)}", hint="see sendoff host --help")
    for name, of in OPTIONS.items():
        if getattr(call.options, name) and call.words[0] not in of:
            raise InvalidArgument(f"--{name} belongs to sendoff host {' and '.join(of)}")
    return actions[call.words[0]](call)


def _start(call: Call) -> int:
    if call.options.adopt or call.options.recover:
        from sendoff.cli.host.rescue import rescue

        rescue(call)
    status = call.desk().ask(Question(what="status"))
    call.output.item(status)
    call.output.note(f"the host runs: process {status['pid']}, sendoff {status['version']}")
    return exits.DONE


def _status(call: Call) -> int:
    status = call.desk(spawn=False).ask(Question(what="status"))
    call.output.item(status)
    for line in aligned(list(rows(status))):
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


def _install(call: Call) -> int:
    from sendoff.cli.host.unit import install

    return install(call)


def _uninstall(call: Call) -> int:
    from sendoff.cli.host.unit import uninstall

    return uninstall(call)
