"""Draws the short pages of docs/reference: ports, JSON, exit codes."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CORE = Path(__file__).parents[1] / "core" / "sendoff"

# -- ports -------------------------------------------------------------------------------------------------------------

_KINDS = {
    "transports": "carries bytes to one destination",
    "http_protocols": "a way of sending over HTTP; it is given the exchange of requests and answers by the HTTP transport",
    "stores": "keeps the journal",
    "credentials": "gets a credential; its name is the word before the `:` of a reference",
    "sinks": "delivers notices",
    "networks": "judges the network",
}


def ports() -> str:
    """Every port, its capabilities and the suites that prove a driver."""
    from sendoff.drivers import PORTS

    lines = [
        "# Ports\n",
        "A *driver* is one class that implements a port, in a package of its own; the configuration names it, and an entry point of the group below",
        "makes it known. A *listener* implements [hooks](hooks.md) instead. [Two kinds of plugin](../explanation/two-kinds-of-plugin.md) says which you want,",
        "[the contracts](../explanation/contracts.md) what each call promises, and [every public name](api.md) has",
        "each method with its parameters and errors.\n",
        "What has *needed* beside it must be there; the rest has a default. A capability is a second parent of the class, and what has it can do more.",
    ]
    assert set(PORTS) == set(_KINDS)
    for kind, port in PORTS.items():
        lines += [f"\n## {kind}\n", f"Entry point group `sendoff.{kind}`; {_KINDS[kind]}. The class is [`{port.__name__}`](api.md#{port.__name__.lower()}).\n"]
        lines += [*_methods(port), *(line for one in capabilities(port) for line in _capability(one))]
    return "\n".join([*lines, *_suites()]) + "\n"


def capabilities(port: type) -> list[type]:
    """The public classes of the same room that a driver may have as a second parent, or extend instead."""
    import sendoff

    beside = {name for name, module in sendoff._MODULE_OF.items() if module in _rooms(port)}
    found = [value for name in sorted(beside) if inspect.isabstract(value := getattr(sendoff, name)) and value is not port]
    return [one for one in found if not getattr(one, "_is_protocol", False)]


def _rooms(port: type) -> set[str]:
    own = port.__module__.removeprefix("sendoff.")
    return {own, "ports.session_protocol"} if own == "ports.http_protocol" else {own}


def _capability(kind: type) -> Iterator[str]:
    yield f"\n**[`{kind.__name__}`](api.md#{kind.__name__.lower()})**: {first_line(kind)}\n"
    yield from _methods(kind)


def _methods(kind: type) -> Iterator[str]:
    yield "| method | | what it does |"
    yield "| --- | --- | --- |"
    for name, value in vars(kind).items():
        if inspect.isfunction(value) and not name.startswith("_"):
            needed = "needed" if name in kind.__abstractmethods__ else ""  # type: ignore[attr-defined]
            taken = ", ".join(one for one in inspect.signature(value).parameters if one != "self")
            yield f"| `{name}({taken})` | {needed} | {first_line(value)} |"


def first_line(documented: Any) -> str:
    """What a docstring says first, in Markdown."""
    return (inspect.getdoc(documented) or "").partition("\n\n")[0].replace("\n", " ").replace("``", "`").replace("|", "\\|")


def _suites() -> Iterator[str]:
    """The contract suites, read without importing them: they need pytest."""
    yield "\n## The suites that prove a driver\n"
    yield "A driver's test file is a subclass of one of these, with the fixtures that it asks for.\n"
    yield "| suite | in | what it proves |"
    yield "| --- | --- | --- |"
    for path in sorted((CORE / "testing").glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name.endswith("Contract"):
                said = (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ").replace("``", "`")
                yield f"| `{node.name}` | `sendoff.testing.{path.stem}` | {said} |"


# -- JSON --------------------------------------------------------------------------------------------------------------

_TITLES = {
    "operation": "what `list`, `show`, `wait` and `watch` print of each",
    "event": "what `events` prints, and what sinks and listeners are told",
    "progress": "in an operation",
    "receipt": "in an operation that is completed",
    "response": "in an operation that was answered",
    "error": "in an operation that failed, or waits after a failure",
}
_LONG = {"idle": "[a status](states.md#statuses)", "queued": "[a reason](states.md#reasons)"}  # by the first of many words


def json_page() -> str:
    """The fields of operations and events, from the schema."""
    from sendoff.cli.schema import document

    found: Mapping[str, Any] = document()["$defs"]
    lines = [
        "# JSON\n",
        "With `--json` a command prints one object a line on standard output, and nothing else there. An error is one object on standard error,",
        '`{"error": {"code", "message", "hint"}}`. `sendoff schema` prints the JSON Schema of what stands here; what each command prints beside it stands in',
        "[commands](commands.md), with an example. Every field is always there. Fields may be added; none changes its meaning or goes away",
        "while `schema` is 1.",
        "A time is RFC 3339, UTC, with microseconds: `2026-01-01T00:00:00.000000Z`.",
    ]
    for name, where in _TITLES.items():
        kind = found[name]
        lines += [f"\n## {name.capitalize()}\n", f"{kind['description'].capitalize()}; {where}.\n", "| field | type | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{field}` | {kind_of(value)} | {value.get('description', '')} |" for field, value in kind["properties"].items()]
        lines += _inner(kind)
    return "\n".join([*lines, *_event_types()]) + "\n"


def _event_types() -> Iterator[str]:
    yield "\n## Types of events\n"
    yield "| type | when it is written |"
    yield "| --- | --- |"
    for name, when in events().items():
        yield f"| `{name}` | {when} |"


def events() -> dict[str, str]:
    """Every type of event, and when it is written."""
    return tomllib.loads((Path(__file__).parent / "events.toml").read_text())


def _inner(kind: Mapping[str, Any]) -> list[str]:
    """What stands in the fields that are objects of their own."""
    lines = []
    for field, value in kind["properties"].items():
        for one in value.get("oneOf", [value]):
            if one.get("properties"):
                inner = ", ".join(f"`{name}` ({kind_of(what)})" for name, what in one["properties"].items())
                lines.append(f"\n`{field}` is {one['description']}: {inner}.")
    return lines


def kind_of(value: Mapping[str, Any]) -> str:
    """A type of JSON Schema, for people."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return name if name in ("time", "headers") else f"[{name}](#{name})"
    if "const" in value:
        return f"`{value['const']}`"
    if value.get("enum", [None])[0] in _LONG:
        return _LONG[value["enum"][0]] + (" or null" if None in value["enum"] else "")
    if "enum" in value:
        return ", ".join("null" if one is None else f"`{one}`" for one in value["enum"])
    if "anyOf" in value:
        return " or ".join(kind_of(one) for one in value["anyOf"])
    if "oneOf" in value:
        return " or ".join(str(one["properties"]["kind"].get("const", "file")) for one in value["oneOf"])
    if value.get("type") == "array":
        return f"list of {kind_of(value['items'])}"
    kinds = value["type"] if isinstance(value["type"], list) else [value["type"]]
    return " or ".join(kinds)


# -- variables of the environment --------------------------------------------------------------------------------------

VARIABLES = {
    "SENDOFF_CONFIG": "the configuration file; as `--config`",
    "SENDOFF_STATE_DIR": "the folder of the journal; as `--state-dir`",
    "SENDOFF_APP": "which set of uploads is meant; as `--app`",
    "SENDOFF_MODE": "`host` or `embedded`: where a program's work is done; goes before `mode`",
    "SENDOFF_KEY_FILE": "the private file with the key that secrets are sealed with, where `[secrets] seal` is `sealed-file`",
    "SENDOFF_TRACE_HOOKS": "if it is set, and not to `0`, the log of the process that does the work has a line for each call of a listener",
}


def variables() -> list[str]:
    """What is read from the environment besides the keys of the configuration."""
    head = [
        "",
        "## Variables",
        "",
        "Besides the keys above, which have variables by their names, these are read:",
        "",
        "| variable | meaning |",
        "| --- | --- |",
    ]
    return [*head, *(f"| `{name}` | {meaning} |" for name, meaning in VARIABLES.items())]


# -- exit codes --------------------------------------------------------------------------------------------------------


def exit_codes() -> str:
    """What each exit code says, and which errors end with it."""
    from sendoff.cli.exits import exit_code_of
    from sendoff.errors import classes

    by_code: dict[int, list[str]] = {}
    for name, kind in sorted(classes().items()):
        by_code.setdefault(exit_code_of(kind()), []).append(f"[`{name}`](errors.md#{name})")
    lines = [
        "# Exit codes\n",
        "What a command ends with. `wait`, `put --wait` and `--here` tell by it how what they waited for ended:",
        "6 where something still needs a person, else 1 where one failed, else 0.\n",
        "| code | what it says | errors that a command ends with so |",
        "| --- | --- | --- |",
        *(f"| {code} | {meaning} | {', '.join(by_code.get(code, []))} |" for code, meaning in meanings().items()),
        "\nA script that must not go on before everything is there goes on after 0 only; 6 is what somebody should be told of.",
    ]
    return "\n".join(lines) + "\n"


def meanings() -> dict[int, str]:
    """The codes of ``cli/exits.py`` with what stands beside them."""
    found = re.findall(r"^[A-Z_]+ = (\d+)(?:  # (.+))?$", (CORE / "cli" / "exits.py").read_text(), re.MULTILINE)
    return {int(code): meaning or "done" for code, meaning in found}
