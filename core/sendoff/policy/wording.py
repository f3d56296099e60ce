"""What a notice says to people."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from sendoff.errors import Json
from sendoff.model.message import Message
from sendoff.model.moment import SECOND, moment_of
from sendoff.model.quantity import size_text
from sendoff.model.template import Fact, Words, filled

LONGEST_TAG = 64  # characters, as the Windows pages have it
NEEDS_PERSON = "needs_person"  # a word of ``on``: an event `waiting` that a person can end
_KEPT_OF_TAG = 40  # characters of a longer one; the others stand for the rest
_LONGEST_TITLE, _LONGEST_TEXT = 200, 2000  # characters
_FAILED = ("failed", "notice_failed", "handler_failed")
_AS_IT_COMES = {
    "completed": ("Uploaded: {name}", "{size} to {destination}"),
    "failed": ("Failed: {name}", "{error}"),
    "canceled": ("Canceled: {name}", "to {destination}"),
    NEEDS_PERSON: ("Needs you: {name}", "{error}\n{command}"),
    "batch_completed": ("Uploaded: {name}", "{finished} of {total} to {destination}"),
    "batch_failed": ("{failed} of {total} uploads failed", "{error}"),
    "batch_partly": ("{finished} of {total} uploaded", "{canceled} canceled, to {destination}"),
    "batch_canceled": ("Canceled: {name}", "{canceled} of {total}"),
}


def message_of(words: Words, type: str, data: Mapping[str, Json], facts: Mapping[str, Fact], about: str) -> Message:
    """The words of one notice. type: of the event, or ``needs_person``. about: what replaces what, where no tag is said."""
    bad = type in _FAILED or data.get("outcome") == "failure"
    title, text = _AS_IT_COMES.get(_of_a_batch(data) if type == "batch_completed" else type, ("{name}: {event}", "{error}"))
    own = (words.person_title, words.person_text) if type == NEEDS_PERSON else (words.failure_title, words.failure_text) if bad else (words.title, words.text)
    return Message(
        title=" ".join(filled(title if own[0] is None else own[0], facts).split())[:_LONGEST_TITLE],
        text=filled(text if own[1] is None else own[1], facts).strip()[:_LONGEST_TEXT],
        tag=_tag((filled(words.tag, facts).strip() if words.tag else "") or about),
        high=type == NEEDS_PERSON, failed=bad,
    )  # fmt: skip


def _tag(text: str) -> str:
    """At most so long, and different where the texts are."""
    if len(text) <= LONGEST_TAG:
        return text
    rest = sha256(text[_KEPT_OF_TAG:].encode("utf-8", "surrogatepass")).hexdigest()
    return text[:_KEPT_OF_TAG] + rest[: LONGEST_TAG - _KEPT_OF_TAG]


def _of_a_batch(data: Mapping[str, Json]) -> str:
    """Which words are of a batch that ended so; what was canceled has not been uploaded."""
    outcome = data.get("outcome", "success")
    if outcome != "success":
        return "batch_canceled" if outcome is None else "batch_failed"
    return "batch_partly" if data.get("canceled") else "batch_completed"


def facts_of(view: Mapping[str, Any], event: Mapping[str, Json]) -> dict[str, Fact]:
    """What there is to say of an operation. view: as JSON shows it. event: the data of what happened."""
    return {
        "name": lambda: name_of(view), "destination": lambda: destination_of(view), "size": lambda: size_text(view["source"]["size"]),
        "rate": lambda: rate_of(view), "error": lambda: _error(view, event), "command": lambda: (view["needs"] or event.get("needs") or {}).get("command"),
        **{place: lambda place=place: view[place] for place in ("label", "group", "url", "id", "number")},  # type: ignore[misc]
    }  # fmt: skip


def name_of(view: Mapping[str, Any]) -> str:
    """What people call an upload: the label they gave it, its file, or the end of its address."""
    source = view["source"]
    paths = [part["path"] for part in source["parts"] if part["path"]] if source["kind"] == "form" else [source["path"]] if source["kind"] == "file" else []
    return str(view["label"] or PurePosixPath(str(paths[0] if paths else view["url"])).name or view["url"])


def destination_of(view: Mapping[str, Any]) -> str:
    """Where it goes, by its name in the configuration where it has one."""
    return str(view["destination"] or view["url"])


def rate_of(view: Mapping[str, Any]) -> str | None:
    """How fast it was from the first try to the end; None where it did not get there."""
    if view["status"] != "completed" or not view["started_at"]:
        return None
    took = moment_of(view["finished_at"]) - moment_of(view["started_at"])
    return f"{size_text(view['source']['size'] * SECOND / max(took, 1))}/s"


def _error(view: Mapping[str, Any], event: Mapping[str, Json]) -> str | None:
    told = event.get("error")
    said = told.get("message") if isinstance(told, Mapping) else event.get("message")
    known = said or (view["error"] or {}).get("message") or view["reason_text"]
    return str(known) if known else None
