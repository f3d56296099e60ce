"""Writes the pages of docs/reference, and the diagram, that are drawn from the code: ``python docs/pages.py``; ``--check`` says which are stale."""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lookup
import states

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
TESTS = ("tests/**/*.py", "plugins/*/*/tests/**/*.py", "contrib/*/*/tests/**/*.py", "core/sendoff/testing/**/*.py")
NOTE = "<!-- drawn from the code by docs/pages.py -->\n\n"


# -- faults -----------------------------------------------------------------------------------------------------------


def faults() -> str:
    """Every row of ``docs/faults.toml`` with the tests that show it."""
    shown = tests_by_row()
    facts = tomllib.loads((ROOT / "docs" / "faults.toml").read_text())
    rooms, elsewhere = facts["room"], facts["not_on_linux"]
    covered = sum(row[0] in shown for room in rooms for row in room["rows"])
    parts = [
        "# What can go wrong\n",
        f"Each row is a fault and what must come of it. {covered} rows are shown by tests that carry the row's number, and "
        f"{len(elsewhere)} cannot happen on Linux.\n",
    ]
    for room in rooms:
        parts += [f"## {room['title']}\n", "| row | fault | what must come of it | shown by |", "| --- | --- | --- | --- |"]
        parts += [f"| {row} | {fault} | {outcome} | {shown_by(shown.get(row, []), elsewhere.get(str(row)))} |" for row, fault, outcome in room["rows"]] + [""]
    return "\n".join(parts)


def shown_by(tests: list[str], elsewhere: str | None) -> str:
    return "<br>".join(f"`{test}`" for test in tests) or (f"*not on Linux: {elsewhere}*" if elsewhere else "*not yet covered*")


# -- parity -----------------------------------------------------------------------------------------------------------


def parity() -> str:
    """Every row of ``docs/parity.toml`` with the tests that show it, or why there is none."""
    shown = tests_by_row("parity")
    facts = tomllib.loads((ROOT / "docs" / "parity.toml").read_text())
    rooms, absent = facts["room"], {row: f"not here: {why}" for row, why in facts["not_here"].items()}
    parts = [
        "# Beside Windows\n",
        "What the upload side of Windows.Networking.BackgroundTransfer has, and what it is here. "
        "Each row is shown by the tests that carry its number, through the library or a process.\n",
    ]
    for room in rooms:
        parts += [f"## {room['title']}\n", "| row | there | here | shown by |", "| --- | --- | --- | --- |"]
        parts += [f"| {row} | {there} | {here} | {_parity_shown(shown.get(row, []), absent.get(row))} |" for row, there, here in room["rows"]] + [""]
    return "\n".join(parts)


def _parity_shown(tests: list[str], absent: str | None) -> str:
    return "<br>".join(f"`{test}`" for test in tests) or f"*{absent or 'not yet shown'}*"


# -- the rows that tests carry -----------------------------------------------------------------------------------------


def tests_by_row(mark: str = "fault") -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = {}
    for pattern in TESTS:
        for path in sorted(ROOT.glob(pattern)):
            for name, row in marked(ast.parse(path.read_text()), mark):
                found.setdefault(row, []).append(f"{path.relative_to(ROOT)}::{name}")
    return {row: sorted(set(tests)) for row, tests in found.items()}


def marked(tree: ast.AST, mark: str = "fault", prefix: str = "", outer: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The names of the tests below ``tree`` with each row they are marked with, by decorator, class or ``pytestmark``."""
    body = getattr(tree, "body", [])
    outer += tuple(row for node in body if isinstance(node, ast.Assign) and _names(node) == ["pytestmark"] for row in _rows(node.value, mark))
    for node in body:
        if isinstance(node, ast.ClassDef):
            rows = outer + tuple(row for decorator in node.decorator_list for row in _rows(decorator, mark))
            yield from marked(node, mark, f"{prefix}{node.name}::", rows)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            for row in outer + tuple(row for decorator in node.decorator_list for row in _rows(decorator, mark)):
                yield f"{prefix}{node.name}", row


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _rows(node: ast.AST, mark: str) -> Iterator[Any]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == mark:
            for word in call.args:
                if not isinstance(word, ast.Constant) or not isinstance(word.value, int | str):
                    raise ValueError(f"{ast.unparse(call)[:100]}: rows are written one by one, each as it is, or nobody finds them")
                yield word.value


# -- errors and hooks --------------------------------------------------------------------------------------------------


def errors() -> str:
    """Every error class by its stable code, with what causes it and what to do; every ``WebErrorStatus``."""
    from sendoff.errors import classes

    facts = tomllib.loads((ROOT / "docs" / "errors.toml").read_text())
    found, told, statuses = dict(sorted(classes().items())), facts["errors"], facts["web"]["status"]
    lines = [
        "# Errors\n",
        "Every error is a `SendoffError` with a stable `code`, which travels as JSON, a `message`, and mostly a `hint` that says what to do in this very case.",
        "*Waits* says whether waiting helps (`retryable`), *side* whose trouble it is, *numbers* which [`WebErrorStatus`](#weberrorstatus) it may carry,",
        "*exit* what a command or `sendoff wait` ends with; an upload that only a person can help makes `sendoff wait` end with 6 whatever its error is.",
        "One error may know better than its class: `error.retryable`, `error.side` and `error.web_error` are what holds; `upload_failed` and `needs_attention`",
        "have those of their reason.\n",
        "| code | class | is a | waits | side | numbers | exit |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_error_row(code, kind, statuses, told[code].get("passing", False)) for code, kind in found.items()),
    ]
    for code, kind in found.items():
        lines += [f"\n## {code}\n", f"`{kind.__name__}`: {_first(kind)}\n", f"*Cause*: {told[code]['cause']}\n", f"*What to do*: {told[code]['cure']}"]
    return "\n".join([*lines, *_web_errors(statuses, facts["web"]["not_here"])]) + "\n"


def _error_row(code: str, kind: Any, statuses: list[Any], passing: bool) -> str:
    from sendoff.cli.exits import exit_code_of

    bases = " ".join(f"`{base.__name__}`" for base in kind.__bases__)
    numbers = " ".join(str(number) for number, _, codes in statuses if code in codes)
    exit_code = "goes on" if passing else str(exit_code_of(kind()))
    return f"| [`{code}`](#{code}) | `{kind.__name__}` | {bases} | {'yes' if kind.retryable else 'no'} | {kind.side} | {numbers} | {exit_code} |"


def _web_errors(statuses: list[Any], absent: dict[str, str]) -> Iterator[str]:
    from sendoff import WebErrorStatus

    yield "\n## WebErrorStatus\n"
    yield "What Windows calls a failure: `sendoff.get_status(error)`, `operation.current_web_error`, and `web_error_status` in JSON."
    yield "An HTTP status that Windows lists is its own number; one that it does not list is 18 to 21, and `http_status` has it."
    yield "By S3 and SFTP come those that fit. `recoverable_errors` takes any of them.\n"
    yield "| number | name | what it is here | code |"
    yield "| --- | --- | --- | --- |"
    for number, means, codes in statuses:
        shown = " ".join(f"[`{code}`](#{code})" for code in codes) or f"*cannot come here: {absent[str(number)]}*"
        yield f"| {number} | `{WebErrorStatus(number).name}` | {means} | {shown if number else 'all others'} |"


def hooks() -> str:
    """Every lifecycle hook with its moment."""
    from sendoff import hookspecs

    found = [(name, value) for name, value in vars(hookspecs).items() if name.startswith("sendoff_")]
    lines = ["# Hooks\n", _rest(hookspecs).replace("``", "`"), "", "| hook | moment, and what raising does |", "| --- | --- |"]
    lines += [f"| `{name}({', '.join(inspect.signature(hook).parameters)})` | {lookup.first_line(hook)} |" for name, hook in found]
    return "\n".join(lines) + "\n"


def _first(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def _rest(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[2].strip()


# -- the face ----------------------------------------------------------------------------------------------------------

INNER = {"looked", "progressed", "gave_up", "leave", "seen", "stream", "loose"}  # for the other parts of the face
_ROOMS = {"api": "What programs call", "model": "Values", "hookspecs": "Listeners", "ports": "What authors of drivers implement and are given"}
GIVEN = {"UploadOperation", "UploadHandle", "Batch", "Client", "TransferGroup", "ResponseHeaders"}  # nobody constructs one


def face() -> str:
    """Every public name but the errors: its signature, what its docstring says, its members."""
    import sendoff
    import sendoff.testing

    lines = [
        "# Every public name\n",
        "Drawn from the docstrings of `import sendoff`. [Python](python.md) is the page to read first; [errors](errors.md) and [hooks](hooks.md) have pages of",
        "their own. What begins with `>>>` is run by the tests, in a `sendoff.testing.client()` with a destination `archive`.",
        "Moments are whole microseconds since 1970.",
    ]
    for room, title in _ROOMS.items():
        found = [(name, module) for name, module in sorted(sendoff._MODULE_OF.items()) if module.partition(".")[0] == room]
        lines += [f"\n## {title}", *(part for name, module in found for part in _entry(name, getattr(sendoff, name), module))]
    words = [f"\n## Words in signatures\n\n{_words()}"]
    return "\n".join([*lines, *words, "\n## Tests of your own", *_entry("client", sendoff.testing.client, "testing")]) + "\n"


def _words() -> str:
    """What the names in signatures stand for that are none of the face."""
    words = {"source": "UploadSource", "verbs": "Pair Status", "uploader": "Upload", "options": "Fields Length", "client": "Mode"}
    return "\n\n".join(said_below(ROOT / "core" / "sendoff" / "api" / f"{stem}.py", name).strip() for stem, names in words.items() for name in names.split())


def members(kind: type) -> dict[str, Any]:
    """The public methods and properties of a class that are sendoff's own, those of its parents among them."""
    found: dict[str, Any] = {}
    for one in reversed(kind.__mro__):
        if one.__module__.startswith("sendoff"):
            found |= {name: value for name, value in vars(one).items() if not name.startswith("_") and name not in INNER}
    return {name: value for name, value in found.items() if inspect.isfunction(value) or isinstance(value, property | classmethod)}


def _entry(name: str, value: Any, module: str) -> Iterator[str]:
    yield f"\n### {name}\n"
    if inspect.isclass(value) and value is not int:
        yield from _class(name, value)
    elif inspect.isfunction(value):
        yield from (_block(signature(name, value)), "", shown(value))
    else:
        yield said_below(ROOT / "core" / "sendoff" / f"{module.replace('.', '/')}.py", name)


def _class(name: str, kind: type) -> Iterator[str]:
    from enum import Enum

    made = name not in GIVEN and not issubclass(kind, Enum | dict) and not getattr(kind, "_is_protocol", False)
    yield from ([_block(signature(name, kind)), ""] if made else [])
    yield shown(kind)
    if getattr(kind, "_is_protocol", False) and kind.__annotations__:
        yield "\n" + ", ".join(f"`{name}: {what}`" for name, what in kind.__annotations__.items())
    if issubclass(kind, Enum):
        yield "\n" + ", ".join(f"`{one.name}` = {one.value!r}" for one in kind)
    for member, value in members(kind).items():
        function = value.__func__ if isinstance(value, classmethod) else value
        head = signature(member, function) if not isinstance(value, property) else f"{member}: {inspect.signature(value.fget).return_annotation}"
        head += " (set, too)" if isinstance(value, property) and value.fset else ""
        yield f"\n**`{head}`**\n\n{shown(function)}"


def signature(name: str, function: Any) -> str:
    """A call as somebody writes it, with types."""
    asked = inspect.signature(function)
    parts, star = [], False
    for one in asked.parameters.values():
        if one.name in ("self", "cls"):
            continue
        if one.kind is one.KEYWORD_ONLY and not star and not any(part.startswith("*") for part in parts):
            parts.append("*")
        mark = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        default = "" if one.default is one.empty else f" = {'...' if repr(one.default).startswith('<fact') else _value(one.default)}"
        parts.append(f"{mark}{one.name}{'' if one.annotation is one.empty else f': {one.annotation}'}{default}")
    gives = "" if inspect.isclass(function) or asked.return_annotation is asked.empty else f" -> {asked.return_annotation}"
    return f"{'async ' if inspect.iscoroutinefunction(function) else ''}{name}({', '.join(parts)}){gives}"


def _value(default: Any) -> str:
    from enum import Enum

    return (
        f"{type(default).__name__}.{default.name}"
        if isinstance(default, Enum)
        else "..."
        if callable(default) or hasattr(default, "__dataclass_fields__")
        else repr(default)
    )


def _block(text: str) -> str:
    return "\n".join(["```python", *textwrap.wrap(text, 140, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False), "```"])


def shown(documented: Any) -> str:
    """A docstring for people: its examples as code, what it says of each name as a list."""
    known = "|".join([*_known(documented), "Errors", "Example"])
    told = re.compile(rf"(?:^|(?<=[.;)] ))((?:{known})(?:, (?:{known}))*): ")
    parts = []
    for part in re.split(r"\n\n+", inspect.getdoc(documented) or ""):
        if ">>>" in part.partition("\n")[0]:
            parts.append(f"```python\n{part}\n```")
            continue
        text = " ".join(re.sub(r"^\w+\n-+\n?", "", part).split()).replace("``", "`")
        text = told.sub(r"\n- `\1`: ", text).replace("- `Errors`:", "\n*Errors*:").replace("- `Example`:", "\n*Example*:").strip()
        parts.append(re.sub(r"^([^-*\n].*)\n- ", r"\1\n\n- ", text))
    return re.sub(r" +$", "", "\n\n".join(part for part in parts if part), flags=re.MULTILINE)


def _known(documented: Any) -> list[str]:
    """What a docstring may tell of by name: parameters, fields, options, properties."""
    known = {*inspect.signature(documented).parameters} if callable(documented) and not _is_options(documented) else set()
    for one in documented.__mro__ if inspect.isclass(documented) else ():
        known |= {*getattr(one, "__annotations__", {}), *(name for name in vars(one) if not name.startswith("_"))}
    return sorted(known | ({"id", "number", "errors", "raw"} if inspect.isclass(documented) else set()))


def _is_options(kind: Any) -> bool:
    return inspect.isclass(kind) and issubclass(kind, dict)


def said_below(path: Path, name: str) -> str:
    """What stands below the name's assignment, after what it is."""
    body = ast.parse(path.read_text()).body
    at = next(number for number, node in enumerate(body) if isinstance(node, ast.Assign) and _names(node) == [name])
    node, words = body[at], body[at + 1] if at + 1 < len(body) else None
    said = words.value.value if isinstance(words, ast.Expr) and isinstance(words.value, ast.Constant) else ""
    return f"{_block(ast.unparse(node))}\n\n{said.replace('``', '`')}"


# -- settings ----------------------------------------------------------------------------------------------------------


def settings() -> str:
    """Every key of the configuration file with its default and its meaning."""
    from sendoff.settings.keys import keys

    lines = [
        "# Settings\n",
        "The configuration file is `$SENDOFF_CONFIG`, else `sendoff/sendoff.toml` in your configuration folder. A variable goes before the file",
        "(`SENDOFF_LIMITS__CONCURRENCY=8`), and an option of a command before both. Unknown keys are errors that name the nearest known one. Lengths of time",
        'and sizes are numbers of seconds and bytes, or words such as `"90s"`, `"5m"`, `"3d"`, `"256M"`.\n',
        "| key | default | meaning |",
        "| --- | --- | --- |",
        *(f"| `{key.name}` | {_shown(key)} | {key.meaning} |" for key in keys()),
        *lookup.variables(),
    ]
    return "\n".join(lines) + "\n"


def _shown(key: Any) -> str:
    if key.default is None:
        return "*needed*" if key.needed else "" if key.name.endswith(".NAME") else "*none*"
    return f"`{key.default}`"


# -- writing -----------------------------------------------------------------------------------------------------------


def pages() -> dict[Path, Callable[[], str]]:
    """Which page, or picture, is drawn by which function."""
    drawn = {
        "api.md": face, "errors.md": errors, "exit-codes.md": lookup.exit_codes, "faults.md": faults, "hooks.md": hooks, "json.md": lookup.json_page,
        "parity.md": parity, "ports.md": lookup.ports, "settings.md": settings, "states.md": states.page, "../images/states.svg": states.diagram,
    }  # fmt: skip
    return {(REFERENCE / name).resolve(): draw for name, draw in drawn.items()}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="docs/pages.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    check = parser.parse_args(words).check
    stale = [(path, text) for path, draw in pages().items() if (text := NOTE + draw()) != (path.read_text() if path.exists() else None)]
    for path, text in stale:
        if not check:
            path.write_text(text)
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
