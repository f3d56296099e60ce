"""A form as a line of JSON brings it, checked for the types of its fields; unknown ones are ignored."""

from __future__ import annotations

from sendoff.desk.kinds import mapping, pairs, shown, text, text_or_none
from sendoff.errors import InvalidArgument, Json
from sendoff.model.source import Form, Part, Source


def read_form(name: str, value: Json) -> Form:
    """The form that ``as_document`` described."""
    found, usual = mapping(name, value), Form()
    parts = found.get("parts", [])
    if type(parts) is not list:
        raise InvalidArgument(f"{name}.parts: a list is expected, not {shown(parts)}")
    return Form(
        parts=tuple(_part(f"{name}.parts[{place}]", one) for place, one in enumerate(parts)),
        subtype=text(f"{name}.subtype", found.get("subtype", usual.subtype)),
        boundary=text(f"{name}.boundary", found.get("boundary", usual.boundary)),
    )


def _part(name: str, value: Json) -> Part:
    found = mapping(name, value)
    called, filename, content = (text_or_none(f"{name}.{key}", found.get(key)) for key in ("name", "filename", "content"))
    headers, source = pairs(f"{name}.headers", found.get("headers", [])), _source(f"{name}.source", found.get("source"))
    return Part(name=called, filename=filename, content=content, headers=headers, source=source)


def _source(name: str, value: Json) -> Source | None:
    if value is None:
        return None
    found = mapping(name, value)
    return Source(kind=text(f"{name}.kind", found.get("kind", "file")), path=text(f"{name}.path", found.get("path", "")))
