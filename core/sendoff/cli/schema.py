"""``sendoff schema``: the JSON Schema of operations and events."""

from __future__ import annotations

import json

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.errors import Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def arguments(parser: Parser, _command: str) -> None:
    """There are none."""
    parser.epilog = "Fields may be added to what it describes; none changes its meaning or goes away while `schema` is 1."


def run(call: Call) -> int:
    """Carries ``schema`` out."""
    call.no_words()
    found = document()
    call.output.item(found)
    for line in json.dumps(found, indent=2).splitlines():
        call.output.line(line)
    return exits.DONE


def document() -> dict[str, Json]:
    """The schema: an operation or an event; each by itself under ``$defs``."""
    return {
        "$schema": DIALECT,
        "title": "Operations and events of sendoff, schema 1",
        "anyOf": [{"$ref": "#/$defs/operation"}, {"$ref": "#/$defs/event"}],
        "$defs": {
            "operation": _operation(), "event": _event(), "progress": _progress(), "receipt": _receipt(), "response": _response(), "error": _error(),
            "time": {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", "description": "RFC 3339, UTC"},
            "headers": {"type": "array", "items": {"type": "array", "prefixItems": [_TEXT, _TEXT], "items": False, "minItems": 2}},
        },
    }  # fmt: skip


_TEXT: dict[str, Json] = {"type": "string"}
_FLAG: dict[str, Json] = {"type": "boolean"}
_COUNT: dict[str, Json] = {"type": "integer", "minimum": 0}
_NUMBER: dict[str, Json] = {"type": "integer", "minimum": 1}


def _or_null(kind: Json) -> dict[str, Json]:
    """A value that may be missing."""
    if "enum" in kind:
        return {**kind, "enum": [*kind["enum"], None]}
    return {**kind, "type": [kind["type"], "null"]} if isinstance(kind.get("type"), str) else {"anyOf": [kind, {"type": "null"}]}


def _object(description: str, **fields: Json) -> dict[str, Json]:
    """An object that has all of these; it may have more one day."""
    return {"type": "object", "description": description, "properties": fields, "required": list(fields)}


def _ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/$defs/{name}"}


def _said(kind: Json, description: str) -> dict[str, Json]:
    return {**kind, "description": description}


def _operation() -> dict[str, Json]:
    from sendoff.model.status import CostPolicy, Reason, TransferPriority, TransferStatus, Want

    needs = _object("what only a person can do", what=_TEXT, command=_said(_TEXT, "the command that helps"))
    return _object(
        "one durable upload",
        schema={"const": 1},
        id=_said(_TEXT, "a UUIDv7, or the id that the caller gave it"),
        number=_said(_NUMBER, "short, and means the same operation"),
        batch=_said(_TEXT, "what one put created"),
        round=_said(_NUMBER, "grows by one with each retry"),
        status={"enum": [status.word for status in TransferStatus]},
        reason=_said(_or_null({"enum": [str(reason) for reason in Reason]}), "why it stands there"),
        reason_text=_said(_or_null(_TEXT), "why, in words, of whatever waits"),
        unblocked_by=_said(_or_null(_TEXT), "what would help on what waits, in words; moments in it are RFC 3339"),
        waiting_since=_said(_or_null(_ref("time")), "when what it waits for began, where that is known"),
        needs=_or_null(needs),
        retry_at=_said(_or_null(_ref("time")), "when the next try begins; null where it is due and waits for a slot"),
        method=_said(_or_null(_TEXT), "null where the transport has none"),
        url=_said(_TEXT, "without user-info and signatures"),
        destination=_said(_or_null(_TEXT), "the section of the configuration"),
        transport=_TEXT,
        protocol=_or_null(_TEXT),
        resumable=_said(_or_null(_FLAG), "null until the destination was asked"),
        source=_source(),
        group=_or_null(_TEXT),
        priority={"enum": [priority.name.lower() for priority in TransferPriority]},
        cost_policy={"enum": [policy.word for policy in CostPolicy]},
        unconstrained=_said(_FLAG, "it goes on while the machine saves power"),
        recoverable_errors=_said({"type": "array", "items": {"type": "integer"}}, "numbers of errors that it waits at instead of failing"),
        then=_said(_or_null(_TEXT), "what becomes of the file once it was seen to be there: delete, or move: and a folder"),
        if_changed=_said({"enum": ["fail", "restart"]}, "what to do where the file was changed after it was queued"),
        label=_or_null(_TEXT),
        metadata={"type": "object"},
        headers=_said(_ref("headers"), "asked for; secret values as ***"),
        progress=_ref("progress"),
        response=_said(_or_null(_ref("response")), "the server's last answer"),
        error=_or_null(_ref("error")),
        receipt=_said(_or_null(_ref("receipt")), "the proof of what landed"),
        want=_said(_or_null({"enum": [str(want) for want in Want]}), "an order that a running try has not yet obeyed"),
        acknowledged_at=_or_null(_ref("time")),
        created_at=_ref("time"),
        started_at=_said(_or_null(_ref("time")), "of the first attempt"),
        finished_at=_or_null(_ref("time")),
    )


def _source() -> dict[str, Json]:
    part = _object(
        "one part; what a value says is never told",
        name=_or_null(_TEXT),
        filename=_or_null(_TEXT),
        type=_said(_or_null(_TEXT), "its Content-Type"),
        kind={"enum": ["value", "file", "spool"]},
        path=_said(_or_null(_TEXT), "null where it is no file"),
        size=_COUNT,
    )
    one = _object(
        "a file, or a copy that is sent and removed",
        kind={"enum": ["file", "spool"]},
        path=_TEXT,
        size=_said(_COUNT, "of what is sent"),
        offset=_said(_COUNT, "where in the file that begins"),
        origin=_said(_or_null(_TEXT), "the file that a copy was taken of"),
    )
    form = _object("a form, of several parts", kind={"const": "form"}, parts={"type": "array", "items": part}, size=_said(_COUNT, "of the whole body"))
    return {"description": "what is sent", "oneOf": [one, form]}


def _event() -> dict[str, Json]:
    from sendoff.model.event import TYPES

    return _object(
        "one line of the durable history",
        seq=_said(_NUMBER, "grows in the order of recording, and never repeats"),
        id=_said(_TEXT, "stable; who has seen it may drop the repeat"),
        time=_ref("time"),
        operation=_said(_or_null(_TEXT), "null where it is about a batch"),
        batch=_or_null(_TEXT),
        round=_NUMBER,
        type={"enum": [*TYPES]},
        data={"type": "object"},
    )


def _progress() -> dict[str, Json]:
    return _object(
        "how far it is; bytes may go down when a try starts anew",
        bytes_sent=_COUNT,
        bytes_confirmed=_said(_COUNT, "0 until the answer where the server confirms nothing before"),
        total_bytes=_COUNT,
        bytes_received=_COUNT,
        total_bytes_to_receive=_said(_COUNT, "of the server's answer; 0 where nobody says"),
        attempt=_COUNT,
        has_restarted=_said(_FLAG, "this try sends again what an earlier one had sent"),
        answers=_said(_COUNT, "that the server has given in this round"),
        rate=_said({"type": ["number", "null"], "minimum": 0}, "bytes a second, over the last seconds"),
        eta=_said({"type": ["number", "null"], "minimum": 0}, "seconds"),
    )


def _receipt() -> dict[str, Json]:
    return _object(
        "what the server was seen to hold",
        url=_TEXT,
        size=_COUNT,
        digests={"type": "object", "additionalProperties": _TEXT},
        verified={"enum": ["read-back", "server-digest", "part-digests", "size", "accepted"]},
        etag=_or_null(_TEXT),
        version_id=_or_null(_TEXT),
        bytes_resent=_COUNT,
        existing=_or_null({"enum": ["created", "skipped", "unconfirmed"]}),
        attempts=_NUMBER,
        road=_TEXT,
        finished_at=_ref("time"),
    )


def _response() -> dict[str, Json]:
    return _object(
        "an answer; its body is kept beside the journal",
        number=_said(_COUNT, "of the answers of this round, which one it is"),
        status=_or_null({"type": "integer"}),
        headers=_ref("headers"),
        url=_TEXT,
        body=_said(_COUNT, "bytes that are kept"),
        truncated=_said(_FLAG, "the server sent more"),
    )


def _error() -> dict[str, Json]:
    return _object(
        "why it failed, or why it waits",
        code=_said(_TEXT, "stable"),
        web_error_status={"type": "integer"},
        http_status=_or_null({"type": "integer"}),
        message=_TEXT,
        side={"enum": ["source", "network", "server", "credential", "configuration", "local"]},
        retryable=_said(_FLAG, "waiting may help"),
        hint=_or_null(_TEXT),
    )
