"""A part of a form: what a program hands over, and what an operation tells of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sendoff.api.source import Readable, absolute, reading
from sendoff.desk.packing import Loose
from sendoff.errors import InvalidArgument
from sendoff.model.form import checked_field, checked_name
from sendoff.model.query import View
from sendoff.model.source import Part, Source


class ContentPart:
    """One part of a form: a name, and one of a text, bytes, a file or a stream.

    Parameters
    ----------
    name: of the field; None where ``set_header`` says the ``Content-Disposition``.
    filename: as which the server gets it; only what stands behind the last slash goes out. That of the file where ``set_file`` has one; ``""`` = none.

    Errors: ``InvalidArgument``, also when a second content is set.

    >>> notes = sendoff.ContentPart("notes", "notes.txt").set_bytes(b"all went well").set_header("Content-Type", "text/plain")
    """

    def __init__(self, name: str | None = None, filename: str | None = None) -> None:
        self._name = None if name is None else _text(name, "part name")
        self._filename = None if filename is None else _text(filename, "filename")
        self._headers: list[tuple[str, str]] = []
        self._content: bytes | Callable[[], bytes] | None = None
        self._file: str | None = None
        self._taken = False

    def __repr__(self) -> str:
        return f"<ContentPart {self._name!r}>"

    def set_text(self, value: str) -> Self:
        """It holds a text. value: sent as UTF-8, as it stands. Errors: ``InvalidArgument``."""
        if not isinstance(value, str):
            raise InvalidArgument(f"the text of part {self._name!r} is a {type(value).__name__}")
        self._only_once()
        try:
            self._content = value.encode()
        except UnicodeEncodeError:
            raise InvalidArgument(f"the text of part {self._name!r} cannot be written as UTF-8") from None
        return self

    def set_bytes(self, value: bytes | bytearray | memoryview) -> Self:
        """It holds bytes. value: any number of them. Errors: ``InvalidArgument``."""
        if not isinstance(value, bytes | bytearray | memoryview):
            raise InvalidArgument(f"the bytes of part {self._name!r} are a {type(value).__name__}")
        self._only_once()
        self._content = bytes(value)
        return self

    def set_file(self, path: str | os.PathLike[str]) -> Self:
        """It holds a file. path: is read when the form is sent and must not change until then. Errors: ``InvalidArgument``, ``SourceUnsuitable``."""
        if not isinstance(path, str | os.PathLike):
            raise InvalidArgument(f"the file of part {self._name!r} is a {type(path).__name__}, and no path")
        self._only_once()
        self._file = absolute(path)
        return self

    def set_stream(self, stream: Readable) -> Self:
        """It holds what can be read once; the part can be handed over once.

        stream: a readable binary object, which is read to its end when the form is handed over. Errors: ``InvalidArgument``.
        """
        if not callable(getattr(stream, "read", None)):
            raise InvalidArgument(f"the stream of part {self._name!r} is a {type(stream).__name__}, which cannot be read")
        self._only_once()
        read = reading(stream)

        def taken() -> bytes:
            self._taken = True
            return read()

        self._content = taken
        return self

    def set_header(self, name: str, value: str) -> Self:
        """Give the part a header, such as its ``Content-Type``; one of the same name is replaced.

        name, value: as they are written. Errors: ``InvalidArgument``.
        """
        field = checked_field(_text(name, "part header"), _text(value, f"part header {name}"))
        self._headers = [one for one in self._headers if one[0].lower() != name.lower()] + [field]
        return self

    def loose(self) -> Loose:
        """The part on its way to be handed over."""
        if self._file is None and self._content is None:
            raise InvalidArgument(f"part {self._name!r} has no content; set_text, set_bytes, set_file or set_stream gives it one")
        if self._taken:
            raise InvalidArgument(f"the stream of part {self._name!r} was read already")
        if self._file is None:
            return Loose(Part(name=self._name, filename=self._filename, headers=tuple(self._headers)), self._content)
        filename = os.path.basename(self._file) if self._filename is None and self._name is not None else self._filename
        return Loose(Part(name=self._name, filename=filename, headers=tuple(self._headers), source=Source(path=self._file)))

    def _only_once(self) -> None:
        if self._content is not None or self._file is not None:
            raise InvalidArgument(f"part {self._name!r} has its content already; a part holds one thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPart:
    """What an operation tells of a part of its form; never what a value says.

    type: its ``Content-Type``. kind: ``value``, ``file`` or ``spool``. path: of its file. size: bytes.

    >>> posted = sendoff.post("archive:up", [sendoff.ContentPart("title").set_text("films")])
    >>> [(part.name, part.size) for part in posted.parts]
    [('title', 5)]
    """

    name: str | None
    filename: str | None
    type: str | None
    kind: str
    path: Path | None
    size: int


def parts_of(source: View) -> tuple[FormPart, ...]:
    """The parts that JSON tells of; none where it is no form."""
    return tuple(FormPart(**{**one, "path": None if one["path"] is None else Path(one["path"])}) for one in source.get("parts", ()))


def checked_parts(parts: object) -> tuple[ContentPart, ...]:
    """What a program says are the parts of a form."""
    found = tuple(parts) if isinstance(parts, Iterable) and not isinstance(parts, str | bytes) else ()
    if not found or not all(isinstance(one, ContentPart) for one in found):
        raise InvalidArgument("parts: one or more ContentPart are expected")
    return found


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{what} {value!r}: a text is expected")
    return checked_name(value, what)
