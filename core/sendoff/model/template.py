"""Words for people with places in them: ``{name} is at {destination}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter

from sendoff.errors import InvalidArgument
from sendoff.model.complaint import nearest

PLACES = (
    "name", "destination", "size", "rate", "error", "finished", "total", "failed", "canceled", "command", "event", "label", "group", "url", "id", "number",
    "batch",
)  # fmt: skip
Fact = Callable[[], object]


def checked_template(text: str) -> str:
    """The same text; ``InvalidArgument`` names a place that does not exist, and the nearest that does."""
    for place, form, conversion in _places(text):
        if place not in PLACES:
            known = nearest(place, PLACES) or f"; there are {', '.join(PLACES)}"
            raise InvalidArgument(f"there is nothing to put in {{{place}}}{known}")
        if form or conversion:
            raise InvalidArgument(f"{{{place}}} stands for itself, without anything after a colon or a !")
    return text


def filled(text: str, facts: Mapping[str, Fact]) -> str:
    """The text with its places filled; only what stands in it is looked up, and what is not known is left empty."""
    found = {place: facts[place]() if place in facts else None for place, _, _ in _places(text)}
    return text.format_map({place: "" if value is None else str(value) for place, value in found.items()})


def _places(text: str) -> list[tuple[str, str | None, str | None]]:
    try:
        return [(place, form, conversion) for _, place, form, conversion in Formatter().parse(text) if place is not None]
    except ValueError as cause:
        raise InvalidArgument(f"{text[:80]!r} is not a template: {cause}; a brace of its own is written twice") from cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a sink tells people. None = as it comes. failure: something failed. person: it waits for somebody. tag: a later one with the same replaces it."""

    title: str | None = None
    text: str | None = None
    failure_title: str | None = None
    failure_text: str | None = None
    person_title: str | None = None
    person_text: str | None = None
    tag: str | None = None
