"""``sendoff config``: where the configuration is, and what is in force."""

from __future__ import annotations

import json
import os

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.errors import InvalidArgument


def arguments(parser: Parser, _command: str) -> None:
    """None; which action it is stands on the line."""
    parser.epilog = "path: where the file is, or would be. show: every key in force and who said so, secrets as ***."


def run(call: Call) -> int:
    """Carries ``config`` out."""
    if call.words == ["path"]:
        return _path(call)
    if call.words == ["show"]:
        return _show(call)
    raise InvalidArgument("sendoff config takes one of path, show", hint="see sendoff config --help")


def _path(call: Call) -> int:
    path = call.place.config
    exists = os.path.exists(path)
    call.output.item({"path": path, "exists": exists})
    call.output.line(path)
    if not exists:
        call.output.note("there is no such file; everything has its default")
    return exits.DONE


def _show(call: Call) -> int:
    from pathlib import Path

    from sendoff.settings import explain

    place = call.place
    for key, value, origin in explain(Path(place.config), os.environ, required=place.config_named):
        call.output.item({"key": key, "value": value, "origin": origin})
        call.output.line(f"{key} = {json.dumps(value, ensure_ascii=False)}  # {origin}")
    return exits.DONE
