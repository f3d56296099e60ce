"""``sendoff config``: where the configuration is, what is in force, what it means, and how to begin one."""

from __future__ import annotations

import json
import os

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned
from sendoff.errors import InvalidArgument, InvalidState, StoreRefused

ACTIONS = ("path", "show", "explain", "init", "edit")


def arguments(parser: Parser, _command: str) -> None:
    """None; which action it is stands on the line."""
    parser.epilog = (
        "path: where the file is, or would be. show: every key in force and who said so, secrets as ***. explain KEY: its value, who said so, its default, "
        "and what it means. init: write a file in which every key stands as a comment. edit: change the file in your editor; it is checked before it counts."
    )


def run(call: Call) -> int:
    """Carries ``config`` out."""
    action, *words = call.words or [""]
    if action not in ACTIONS or len(words) != (action == "explain"):
        if action == "explain":
            raise InvalidArgument("sendoff config explain takes one key, such as limits.concurrency", hint="sendoff config show lists them")
        raise InvalidArgument(f"sendoff config takes one of {', '.join(ACTIONS)}", hint="see sendoff config --help")
    if action == "explain":
        return _explain(call, words[0])
    return {"path": _path, "show": _show, "init": _init, "edit": _edit}[action](call)


def _path(call: Call) -> int:
    path = call.place.config
    exists = os.path.exists(path)
    call.output.item({"path": path, "exists": exists})
    call.output.line(path)
    if not exists:
        call.output.note("there is no such file; everything has its default. sendoff config init writes one to begin with")
    return exits.DONE


def _show(call: Call) -> int:
    for key, value, origin in _in_force(call):
        call.output.item({"key": key, "value": value, "origin": origin})
        call.output.line(f"{key} = {json.dumps(value, ensure_ascii=False)}  # {origin}")
    return exits.DONE


def _explain(call: Call, asked: str) -> int:
    from sendoff.settings.keys import key_for, keys

    known, in_force = keys(), {key: (value, origin) for key, value, origin in _in_force(call)}
    asked = asked.strip("[]")
    names = [name for name in in_force if name == asked or name.startswith(f"{asked}.")]
    names += [key.name for key in known if (key.name == asked or key.name.startswith(f"{asked}.")) and key.name not in names]
    if not names and key_for(asked, known):  # a key of a section that somebody named, and that nobody has set
        names = [asked]
    if not names:
        from sendoff.model.complaint import nearest

        raise InvalidArgument(f"there is no key {asked!r}{nearest(asked, [*in_force, *(key.name for key in known)])}", hint="sendoff config show lists them")
    for position, name in enumerate(names):
        if position:
            call.output.line("")
        _explain_one(call, name, key_for(name, known), in_force.get(name, (None, None)))
    return exits.DONE


def _explain_one(call: Call, name: str, key: object, in_force: tuple[object, str | None]) -> None:
    value, origin = in_force
    default, choices = getattr(key, "default", None), getattr(key, "choices", ())
    meaning = getattr(key, "meaning", "a key of the driver that its section uses; sendoff check loads what the configuration names")
    call.output.item({"key": name, "value": value, "origin": origin, "default": default, "choices": list(choices), "meaning": meaning})
    rows = [("key", name), ("means", meaning), *([("one of", ", ".join(choices))] if choices else [])]
    rows += [("in force", json.dumps(value, ensure_ascii=False)), ("said by", origin)] if origin else [("in force", "nothing: it is not set")]
    rows += [("default", "needed: there is none" if getattr(key, "needed", False) else default or "none")]
    for line in aligned(rows):
        call.output.line(line)


def _init(call: Call) -> int:
    from sendoff.settings.keys import keys, template

    path = call.place.config
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "x", encoding="utf-8") as file:
            file.write(template(keys()))
    except FileExistsError as cause:
        raise InvalidState(f"{path} exists already; nothing was changed", hint="sendoff config edit changes it") from cause
    except OSError as cause:
        raise StoreRefused(f"{path} cannot be written: {cause.strerror}") from cause
    call.output.item({"path": path})
    call.output.line(path)
    call.output.note("every key stands in it as a comment, so that nothing has changed yet; sendoff config edit changes it")
    return exits.DONE


def _edit(call: Call) -> int:
    from sendoff.cli.draft import edited

    changed = edited(call, os.environ)
    call.output.item({"path": call.place.config, "changed": changed})
    call.output.note("in force from now on; a host that runs reads it at once" if changed else "nothing was changed")
    return exits.DONE


def _in_force(call: Call) -> list[tuple[str, object, str]]:
    from pathlib import Path

    from sendoff.settings import explain

    place = call.place
    return [*explain(Path(place.config), os.environ, required=place.config_named)]
