"""One ``-F`` word, read as curl reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sendoff.cli.headers import headers
from sendoff.errors import InvalidArgument

Pairs = tuple[tuple[str, str], ...]
INPUT = "-"
_MARKS = {"@": "file", "<": "content"}
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_TYPE = re.compile(r"[^/\s]+/[^;,\s]+")
_NEXT = re.compile(r";\s*(filename|headers|encoder)=", re.IGNORECASE)
_QUOTE = "a value with ; in it stands in quotes, 'NAME=\"a;b\"', or is said with --form-string"


class Field(NamedTuple):
    """A part as it was asked for.

    how: ``text`` (the value itself), ``file`` (``@``, a path) or ``content`` (``<``, the path of a file whose content is the value).
    type: its Content-Type. word: as it was written, for messages.
    """

    name: str
    how: str
    value: str
    word: str
    type: str | None = None
    filename: str | None = None
    headers: Pairs = ()

    @property
    def reads_input(self) -> bool:
        """Whether it is made of standard input."""
        return self.how != "text" and self.value == INPUT


def literal(word: str) -> Field:
    """``--form-string NAME=VALUE``: the value as it stands."""
    name, value = _taken_apart(word, "--form-string")
    return Field(name, "text", value, word)


def field(word: str) -> Field:
    """``-F``: ``NAME=VALUE``, ``NAME=@FILE`` or ``NAME=<FILE``, then ``;type=``, ``;filename=`` and ``;headers=``; ``InvalidArgument`` with the word."""
    name, rest = _taken_apart(word, "-F")
    how = _MARKS.get(rest[:1], "text")
    if rest[:1] == "(":
        raise InvalidArgument(f"-F {word!r}: forms in forms are not made", hint="--form-string takes a value that begins with (")
    reading = _Reading(word, rest if how == "text" else rest[1:], list_of_files=how == "file")
    found = Field(name, how, reading.piece(), word)
    for key, value in reading.parameters():
        found = _with(found, key, value)
    if how != "text" and not found.value:
        raise InvalidArgument(f"-F {word!r}: no file is named behind the {rest[0]}")
    return found


def _taken_apart(word: str, option: str) -> tuple[str, str]:
    name, equals, rest = word.partition("=")
    if not equals or not name:
        raise InvalidArgument(f"{option} {word!r}: write it as NAME=VALUE", hint="a file is NAME=@FILE")
    return name, rest


def _with(found: Field, key: str, value: str) -> Field:
    """The part with one more thing said of it."""
    if key == "type":
        if not _TYPE.match(value):
            raise InvalidArgument(f"-F {found.word!r}: {value!r} is not a type like image/jpeg")
        return found._replace(type=value)
    if key == "filename":
        if found.how == "content":
            raise InvalidArgument(f"-F {found.word!r}: a value that is read with < has no filename", hint="@ sends it as a file")
        return found._replace(filename=value)
    if value in ("@-", "<-"):
        raise InvalidArgument(f"-F {found.word!r}: the headers of a part come from a file, and not from standard input")
    return found._replace(headers=(*found.headers, *headers([f"@{value[1:]}" if value[:1] == "<" else value])))


class _Reading:
    """The rest of a word, from left to right. list_of_files: a comma would name one more file, as curl has it."""

    def __init__(self, word: str, rest: str, *, list_of_files: bool) -> None:
        self._word, self._rest, self._ends = word, rest.lstrip(), ";," if list_of_files else ";"

    def piece(self) -> str:
        """The next value, quoted or up to the next ``;``, which is taken too."""
        self._rest = self._rest.lstrip()
        found = _QUOTED.match(self._rest)
        if found and (not self._rest[found.end() :].strip() or self._rest[found.end() :].lstrip()[0] in self._ends):
            value, self._rest = re.sub(r'\\([\\"])', r"\1", found[1]), self._rest[found.end() :].lstrip()
        elif found:
            raise InvalidArgument(f"-F {self._word!r}: there is something behind the closing quote", hint=_QUOTE)
        else:
            end = next((place for place, char in enumerate(self._rest) if char in self._ends), len(self._rest))
            value, self._rest = self._rest[:end].rstrip(), self._rest[end:]
        if self._rest[:1] == ",":
            raise InvalidArgument(
                f"-F {self._word!r}: a comma names several files", hint="write -F once for each file, or quote a name that has one: '@\"a,b\"'"
            )
        return value

    def parameters(self) -> Iterator[tuple[str, str]]:
        """``;KEY=VALUE``, as often as it comes; a type goes on with what belongs to it (``;charset=utf-8``)."""
        while self._rest:
            self._rest = self._rest[1:].lstrip()
            key, equals, value = self._rest.partition("=")
            key = key.strip().lower()
            if not equals or key not in ("type", "filename", "headers"):
                raise InvalidArgument(f"-F {self._word!r}: {self._rest!r} is none of type=, filename= and headers=", hint=_QUOTE)
            self._rest = value
            yield key, self._type() if key == "type" else self.piece()

    def _type(self) -> str:
        """As it stands, up to what is said of something else."""
        found = _NEXT.search(self._rest)
        end = found.start() if found else len(self._rest)
        value, self._rest = self._rest[:end].strip(), self._rest[end:]
        self._check_one_file(value if "," in self._ends else "")
        return value

    def _check_one_file(self, text: str) -> None:
        if "," in text:
            raise InvalidArgument(
                f"-F {self._word!r}: a comma names several files", hint="write -F once for each file, or quote a name that has one: '@\"a,b\"'"
            )
