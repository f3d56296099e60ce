"""``sendoff trust``: the key by which a server proves that it is itself, shown to a person and accepted by one."""

from __future__ import annotations

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.errors import InvalidArgument, Json
from sendoff.model.query import Question

_STANDING = {
    "known": "it is known from {where}",
    "unknown": "it is not known",
    "changed": "it is NOT the one that is known from {where}; somebody may be in between",
    "revoked": "it is revoked by {where}",
    "certified": "only an authority is known for this host, in {where}, which is not asked here",
}


def arguments(parser: Parser, _command: str) -> None:
    """The options of ``trust``."""
    parser.option("--forget", action="store_true", help="forget what was accepted for this destination's server")


def run(call: Call) -> int:
    """Carries ``trust`` out."""
    if not 1 <= len(call.words) <= 2 or (call.options.forget and len(call.words) > 1):
        raise InvalidArgument("sendoff trust needs a destination, and then the fingerprint that it has shown", hint="sendoff trust DESTINATION [FINGERPRINT]")
    destination, fingerprint = call.words[0], call.words[1] if len(call.words) == 2 else None
    details = {"destination": destination, "fingerprint": fingerprint, "forget": call.options.forget}
    found = call.desk().ask(Question(what="trust", details={name: value for name, value in details.items() if value}))
    call.output.item(found)
    if call.options.forget:
        call.output.line("forgotten" if found["forgotten"] else "nothing was accepted there")
        return exits.DONE
    for line in _lines(found, destination):
        call.output.line(line)
    return exits.DONE if found["standing"] == "known" else exits.PERSON


def _lines(found: Json, destination: str) -> list[str]:
    lines = [f"{found['host']}  {found['type']}  {found['fingerprint']}"]
    if found["accepted"]:
        return [*lines, "accepted; what waited for it goes on"]
    lines.append(_STANDING[found["standing"]].format(where=found["where"]))
    if found["standing"] in ("unknown", "certified"):
        lines.append(f"if that is what whoever runs the server says: sendoff trust {destination} {found['fingerprint']}")
    if found["standing"] == "changed":
        lines.append(f"if whoever runs the server says that its key was changed: take the old one out of that file, or sendoff trust --forget {destination}")
    return lines
