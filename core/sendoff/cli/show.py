"""``sendoff show``: everything about an operation."""

from __future__ import annotations

from collections.abc import Iterator

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.identity import views_of
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned
from sendoff.errors import InvalidArgument, Json
from sendoff.model.quantity import seconds_text, size_text
from sendoff.model.query import View

_WHY = {
    "queued": "it waits for its turn",
    "earlier_upload": "an earlier upload to the same target comes first",
    "limit": "as many uploads run as the limits allow",
    "backoff": "the last try failed; it waits before the next one",
    "unreachable": "the server cannot be reached; it is tried again",
    "server_lock": "the server still holds the last try",
    "offline": "there is no network",
    "portal": "the network wants somebody to sign in",
    "metered": "the network costs money, and the cost policy says no",
    "roaming": "the network is a roaming one, and the cost policy says no",
    "over_limit": "the data plan is used up, and the cost policy says no",
    "power": "the machine saves power",
    "journal_full": "the disk of the journal is full",
    "plugin_missing": "the driver it needs is not installed",
    "replaced": "its file has changed since, and was put again",
    "interrupted_non_idempotent": "the request may have been carried out when the host died, and it must not be repeated",
}
_HELP = {
    "offline": "nothing to do: it goes on when the network is back",
    "portal": "open a web page and sign in",
    "journal_full": "free some space; it goes on by itself",
    "plugin_missing": "sendoff plugins says what is missing",
}


def arguments(_parser: Parser, _command: str) -> None:
    """There are none."""


def run(call: Call) -> int:
    """Carries ``show`` out."""
    if not call.words:
        raise InvalidArgument("sendoff show needs an id", hint="sendoff list shows the ids")
    views = [view for word in call.words for view in views_of(call.desk(), word)]
    for position, view in enumerate(views):
        if position:
            call.output.line("")
        call.output.item(view)
        for line in aligned(list(_rows(view))) if not call.output.json else ():
            call.output.line(line)
    return exits.DONE


def why(view: View) -> str | None:
    """Why it stands where it stands."""
    text: str | None = view["reason_text"] or _WHY.get(view["reason"] or "")
    return text or ("somebody paused it" if view["status"] == "paused_by_application" else None)


def unblocked_by(view: View) -> str | None:
    """What would help it on: a command, or what to do."""
    if view["needs"]:
        return str(view["needs"]["command"])
    if view["status"] == "paused_by_application":
        return f"sendoff resume {view['id']}"
    if view["status"] in ("error", "canceled") and view["reason"] != "replaced":
        return f"sendoff retry {view['id']}"
    return _HELP.get(view["reason"] or "")


def _rows(view: View) -> Iterator[tuple[str, str]]:
    yield "operation", f"{view['id']}  (number {view['number']}, round {view['round']})"
    yield "batch", view["batch"]
    yield "status", view["status"] + (f" ({view['reason']})" if view["reason"] else "")
    yield from _if_known("why", why(view))
    yield from _if_known("helped by", unblocked_by(view))
    yield from _if_known("next try", view["retry_at"])
    yield "source", view["source"]["path"] if view["source"]["kind"] == "file" else view["source"]["kind"]
    yield "target", f"{view['method']} {view['url']}" if view["method"] else view["url"]
    yield from _if_known("destination", view["destination"])
    yield "carried by", " ".join(filter(None, (view["transport"], view["protocol"] if view["protocol"] != view["transport"] else None)))
    yield "progress", _progress(view["progress"])
    for name in ("group", "label", "priority", "cost_policy"):
        yield from _if_known(name.replace("_", " "), view[name] if view[name] != "default" else None)
    yield from ((f"meta {key}", str(value)) for key, value in view["metadata"].items())
    yield from _inner(view, "response")
    yield from _inner(view, "error")
    yield from _inner(view, "receipt")
    for name in ("created_at", "started_at", "finished_at"):
        yield from _if_known(name.removesuffix("_at"), view[name])


def _if_known(name: str, value: Json) -> Iterator[tuple[str, str]]:
    if value is not None:
        yield name, str(value)


def _inner(view: View, name: str) -> Iterator[tuple[str, str]]:
    for key, value in (view[name] or {}).items():
        if value not in (None, {}, []):
            yield f"{name} {key.replace('_', ' ')}", str(value)


def _progress(progress: Json) -> str:
    text = f"{size_text(progress['bytes_sent'])} sent, {size_text(progress['bytes_confirmed'])} confirmed of {size_text(progress['total_bytes'])}"
    text += f", attempt {progress['attempt']}" if progress["attempt"] else ""
    text += f", {size_text(progress['rate'])}/s" if progress["rate"] else ""
    return text + (f", {seconds_text(progress['eta'])} to go" if progress["eta"] else "")
