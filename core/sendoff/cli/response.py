"""``sendoff response``: what the server answered."""

from __future__ import annotations

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.identity import views_of
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned, clean
from sendoff.cli.watch.tally import ENDED
from sendoff.errors import InvalidArgument, InvalidState, Json
from sendoff.model.quantity import size_text
from sendoff.model.query import View

_TEXT = frozenset({*range(0x20, 0x7F), *range(0x80, 0x100), 0x09, 0x0A, 0x0D})


def arguments(parser: Parser, _command: str) -> None:
    """The options of ``response``."""
    parser.option("--head", action="store_true", help="the status and the headers, not the body")


def run(call: Call) -> int:
    """Carries ``response`` out."""
    view = _one(call)
    response = view["response"]
    if response is None:
        call.output.fail(InvalidState(f"operation {view['number']} has no answer of its server: it is {_state(view)}"))
        return exits.FAILED if view["status"] in ENDED else exits.GOES_ON
    if call.options.head:
        _head(call, view, response)
    elif call.output.json:
        call.output.item({**_facts(view, response), "content": _encoded(b"".join(_body(call, view)))})
    else:
        _raw(call, view)
    if response["truncated"]:
        call.output.warn(f"the server sent more than the {size_text(response['body'])} that are kept")
    return exits.DONE


def _one(call: Call) -> View:
    views = views_of(call.desk(), call.one_word("id"))
    if len(views) > 1:
        raise InvalidArgument(f"{call.words[0]} is a batch of {len(views)}; name one of its operations", hint=f"sendoff list --all --batch {call.words[0]}")
    return views[0]


def _state(view: View) -> str:
    return str(view["status"]) + (f" ({view['reason']})" if view["reason"] else "")


def _facts(view: View, response: Json) -> dict[str, Json]:
    return {"id": view["id"], **response}


def _head(call: Call, view: View, response: Json) -> None:
    call.output.item(_facts(view, response))
    status = "none" if response["status"] is None else str(response["status"])
    rows = [("status", status), ("url", response["url"]), *((str(name), str(value)) for name, value in response["headers"])]
    for line in aligned(rows):
        call.output.line(line)


def _body(call: Call, view: View) -> list[bytes]:
    return [*call.desk().answer(view["id"])]


def _raw(call: Call, view: View) -> None:
    """The bytes as they came; a screen gets only what is text."""
    pieces = _body(call, view)
    if call.output.terminal and not _TEXT.issuperset(b"".join(pieces)):
        raise InvalidArgument(f"the answer is {size_text(sum(map(len, pieces)))} that are no text", hint=f"sendoff response {clean(call.words[0])} > FILE")
    for piece in pieces:
        call.output.raw(piece)


def _encoded(content: bytes) -> str:
    from base64 import b64encode

    return b64encode(content).decode("ascii")
