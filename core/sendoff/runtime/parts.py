"""The parts of a form, checked: each with its whole header block, its content kept, sealed, or looked at where it lies."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, replace
from mimetypes import MimeTypes

from sendoff.errors import InvalidArgument, UnsupportedScheme
from sendoff.model.delivery import Demand
from sendoff.model.form import (
    FORM_DATA,
    MOST_KEPT,
    base_name,
    block,
    check_own_type,
    checked_boundary,
    checked_field,
    checked_name,
    checked_subtype,
    is_secret_part,
    openings,
    size_of,
)
from sendoff.model.operation import Request
from sendoff.model.source import Form, Part, Source
from sendoff.model.target import Target

MOST_PARTS, MOST_FILES = 1000, 100  # as servers take them: DATA_UPLOAD_MAX_NUMBER_FIELDS and _FILES of Django
MOST_HEADERS = 64 * 1024  # bytes
BLOCK = 2**20  # bytes of a copy that are looked at at once
USUAL_TYPE = "application/octet-stream"
Looking = Callable[[str, str], Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A form that was checked. size: of its body. spools: copies to be adopted, by name. hidden: what is to be sealed, in base64, by place."""

    form: Form
    size: int
    spools: tuple[str, ...]
    hidden: tuple[tuple[int, str], ...]


class Parts:
    """Makes forms whole.

    look: gives a file by ``kind`` and name. new_boundary: makes one where none was asked for. copy: the path of what a client has spooled, by its name.
    """

    def __init__(self, look: Looking, new_boundary: Callable[[], str], copy: Callable[[str], str] = str) -> None:
        self._look, self._new_boundary, self._copy = look, new_boundary, copy

    def whole(self, asked: Form) -> Whole:
        """The form as it goes out; ``InvalidArgument`` and its kin say what is wrong with it."""
        _check_number(asked.parts)
        form = Form(subtype=checked_subtype(asked.subtype), boundary=checked_boundary(asked.boundary or self._new_boundary()))
        parts = [self._part(place, part, form.subtype) for place, part in enumerate(asked.parts)]
        spools = tuple(part.source.path for part in asked.parts if part.source is not None and part.source.kind == "spool")
        if len(set(spools)) < len(spools):
            raise InvalidArgument("two parts of a form name the same spooled file")
        _check_kept(parts, form.boundary)
        if asked.boundary:
            _check_copies([self._copy(name) for name in spools], form.boundary)
        hidden = tuple((place, str(part.content)) for place, part in enumerate(parts) if _is_secret(part))
        form = replace(form, parts=tuple(replace(part, content=None) if _is_secret(part) else part for part in parts))
        if sum(map(len, openings(form))) > MOST_HEADERS:
            raise InvalidArgument(f"the names and headers of the parts are longer than {MOST_HEADERS // 1024} KiB")
        return Whole(form=form, size=size_of(form), spools=spools, hidden=hidden)

    def _part(self, place: int, asked: Part, subtype: str) -> Part:
        named = _named(place, asked)
        own = tuple(checked_field(name, value) for name, value in asked.headers)
        if named.name is None and subtype == FORM_DATA and not _has(own, "content-disposition"):
            raise InvalidArgument(f"part {place + 1} has no name; in multipart/form-data each has one (RFC 7578 section 4.2)")
        if named.filename is not None and not _has(own, "content-type"):
            own = (*own, ("Content-Type", _type_of(named.filename)))
        part = replace(named, headers=block(named, own))
        if asked.source is None:
            return replace(part, size=len(_content(place, asked.content)))
        if asked.content is not None or asked.source.kind not in ("file", "spool"):
            raise InvalidArgument(f"part {place + 1}: it is a file or a value, and nothing else")
        source = self._look(asked.source.kind, asked.source.path)
        return replace(part, source=source, size=source.size)


def check_web(target: Target) -> None:
    """A form, or whatever is posted to an address as it stands, needs a server that is spoken to by HTTP."""
    if not target.url.startswith(("http://", "https://")):
        raise UnsupportedScheme(f"{target.public}: a post goes over http:// and https:// only", hint="sendoff put sends files there")


def check_form(request: Request) -> None:
    """Refuses what makes no sense for a form."""
    check_own_type(name for name, _ in (*request.headers, *request.secret_headers))
    for what, given in (
        ("a source", request.source or request.spool), ("only_new", request.only_new), ("sha256", request.demand.expected_sha256),
        ("offset", request.offset), ("length", request.length is not None), ("then", request.then),
    ):  # fmt: skip
        if given:
            raise InvalidArgument(f"a form is sent without {what}: its body is made of its parts")
    for what in ("existing", "verify", "digest"):
        usual = getattr(Demand(), what)
        if getattr(request.demand, what) != usual or request.options.get(what, usual) != usual:
            raise InvalidArgument(f"{what}: a form makes a new thing each time, which is not looked for and not compared")


def _check_number(parts: tuple[Part, ...]) -> None:
    if not parts:
        raise InvalidArgument("a form has at least one part")
    files = sum(part.source is not None for part in parts)
    if len(parts) > MOST_PARTS or files > MOST_FILES:
        raise InvalidArgument(f"{len(parts)} parts, {files} of them files, are too many for one form; it takes {MOST_PARTS}, and {MOST_FILES} files")


def _check_kept(parts: list[Part], boundary: str) -> None:
    """What the operation itself keeps is not much, and does not look like the end of a part."""
    kept = [b64decode(part.content) for part in parts if part.content is not None]
    if sum(map(len, kept)) > MOST_KEPT:
        raise InvalidArgument(f"the values of a form are longer than {MOST_KEPT // 1024} KiB in all; spool the long ones")
    if any(f"--{boundary}".encode() in content for content in kept):
        raise InvalidArgument(f"the boundary {boundary!r} occurs in a value of the form; choose another one")


def _check_copies(paths: list[str], boundary: str) -> None:
    """A boundary of the caller's occurs in none of the copies either; files are read when they are sent, and nobody knows now what is in them then."""
    wanted = f"--{boundary}".encode()
    for path in paths:
        rest = b""
        with open(path, "rb") as file:
            while block := file.read(BLOCK):
                if wanted in rest + block:
                    raise InvalidArgument(f"the boundary {boundary!r} occurs in a part of the form; choose another one")
                rest = (rest + block)[-len(wanted) :]


def _named(place: int, asked: Part) -> Part:
    """With names that can go out."""
    if asked.filename and asked.name is None:
        raise InvalidArgument(f"part {place + 1} has a filename and no name")
    name = None if asked.name is None else checked_name(asked.name, "part name")
    filename = None if asked.filename is None else base_name(checked_name(asked.filename, "filename"))
    if filename == "" and asked.filename:
        raise InvalidArgument(f"filename {asked.filename!r}: there is no name behind the last slash")
    return replace(asked, name=name, filename=filename or None)


def _content(place: int, content: str | None) -> bytes:
    if content is None:
        raise InvalidArgument(f"part {place + 1} has no content")
    try:
        return b64decode(content, validate=True)
    except ValueError as cause:
        raise InvalidArgument(f"part {place + 1}: its content is not base64: {cause}") from cause


def _is_secret(part: Part) -> bool:
    return part.content is not None and is_secret_part(part.name)


def _has(headers: tuple[tuple[str, str], ...], name: str) -> bool:
    return any(one.lower() == name for one, _ in headers)


def _type_of(filename: str) -> str:
    """By the ending of its name, from Python's own table: the same on every machine."""
    found, encoding = MimeTypes().guess_type(filename, strict=True)
    return found if found and encoding is None else USUAL_TYPE
