"""What a sink says that comes by itself, and the section that makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sendoff.model.configuration import SinkSection
from sendoff.model.template import Words

UNINVITED_ON = ("failed", "needs_person", "notification")  # where it does not say


def section_of(name: str, options: Mapping[str, Any]) -> SinkSection:
    """The section of a sink that comes by itself, as it would stand in a file."""
    words = {one.name: options[one.name] for one in fields(Words) if one.name in options}
    own = {key: value for key, value in options.items() if key not in words and key not in ("on", "name", "use")}
    on = tuple(dict.fromkeys((*options.get("on", UNINVITED_ON), "notification")))
    return SinkSection(name=name, use=name, on=on, options=own, words=Words(**words), uninvited=True)


def offer_of(section: SinkSection) -> Mapping[str, Any]:
    """What it had said when it came, fit to be kept."""
    words = {one.name: value for one in fields(Words) if (value := getattr(section.words, one.name)) is not None}
    return {**section.options, **words, "on": list(section.on)}
