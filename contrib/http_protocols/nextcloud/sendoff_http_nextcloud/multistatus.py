"""Reading ``207 Multi-Status`` (RFC 4918 section 13) from a server that nobody vouches for: no document types, no entities, nothing without an end."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from io import RawIOBase
from urllib.parse import unquote, urlsplit
from xml.parsers.expat import ExpatError, ParserCreate

ASKED = (
    b'<?xml version="1.0" encoding="utf-8"?><d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop>'
    b"<d:resourcetype/><d:getcontentlength/><d:getetag/><d:getlastmodified/><oc:checksums/></d:prop></d:propfind>"
)
LISTED = b'<?xml version="1.0" encoding="utf-8"?><d:propfind xmlns:d="DAV:"><d:prop><d:getcontentlength/></d:prop></d:propfind>'
MOST_TEXT = 16 * 1024  # characters of one value
MOST_RESOURCES = 20_000
MOST_DEPTH = 32
_DAV, _OC = "DAV: ", "http://owncloud.org/ns "


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a server tells of one thing. modified: seconds since 1970. checksums: hex, by algorithm in capitals."""

    href: str
    folder: bool = False
    size: int | None = None
    etag: str | None = None
    modified: int | None = None
    checksums: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of its address."""
        return unquote(urlsplit(self.href).path.rstrip("/").rpartition("/")[2])


class Multistatus(RawIOBase):
    """An answer's body is written to it; afterwards ``resources`` is what was found, and ``trouble`` says why it is of no use."""

    def __init__(self) -> None:
        super().__init__()
        self.resources: list[Resource] = []
        self.trouble: str | None = None
        self._open: list[str] = []
        self._text: list[str] = []
        self._held = 0
        self._facts: dict[str, str | list[str] | bool] = {}
        self._told: dict[str, str | list[str] | bool] = {}
        self._status = ""
        self._parser = ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler, self._parser.EndElementHandler, self._parser.CharacterDataHandler = self._begins, self._ends, self._says
        self._parser.StartDoctypeDeclHandler = self._refuses

    def writable(self) -> bool:
        """It takes what is written."""
        return True

    def write(self, block: bytes) -> int:  # type: ignore[override]
        """Reads on; takes nothing more once there is trouble."""
        self._parse(bytes(block), last=False)
        return 0 if self.trouble else len(block)

    def end(self) -> list[Resource]:
        """What was found, if the document came to its end. Errors: ``ValueError`` with the trouble."""
        self._parse(b"", last=True)
        if self.trouble is not None:
            raise ValueError(self.trouble)
        return self.resources

    def _parse(self, block: bytes, *, last: bool) -> None:
        if self.trouble is not None:
            return
        try:
            self._parser.Parse(block, last)
        except (ExpatError, ValueError) as cause:
            self.trouble = str(cause)

    # -- what the parser meets

    def _refuses(self, *_: object) -> None:
        raise ValueError("a document type is not taken from a server")

    def _begins(self, name: str, _: dict[str, str]) -> None:
        self._open.append(name)
        self._text, self._held = [], 0
        if len(self._open) > MOST_DEPTH or len(self.resources) > MOST_RESOURCES:
            raise ValueError("the document has no end")
        if name == f"{_DAV}response":
            self._facts = {}
        elif name == f"{_DAV}propstat":
            self._told, self._status = {}, ""
        elif name == f"{_DAV}collection":
            self._told["folder"] = True

    def _says(self, text: str) -> None:
        self._held += len(text)
        if self._held > MOST_TEXT:
            raise ValueError("a value is longer than any value may be")
        self._text.append(text)

    def _ends(self, name: str) -> None:
        self._open.pop()
        text, above = "".join(self._text).strip(), self._open[-1] if self._open else ""
        self._text, self._held = [], 0
        if above == f"{_DAV}prop":
            self._told.setdefault(name, text)
        elif name == f"{_OC}checksum":
            self._told[name] = f"{self._told.get(name, '')} {text}".strip()
        elif name == f"{_DAV}href" and above == f"{_DAV}response":
            self._facts["href"] = text
        elif name == f"{_DAV}status" and above == f"{_DAV}propstat":
            self._status = text
        elif name == f"{_DAV}propstat":
            self._facts |= self._told if " 200" in self._status else {}
        elif name == f"{_DAV}response":
            self.resources.append(_resource(self._facts))


def _resource(facts: dict[str, str | list[str] | bool]) -> Resource:
    def told(name: str) -> str:
        return str(facts.get(name) or "")

    length = told(f"{_DAV}getcontentlength")
    return Resource(
        href=told("href"), folder=bool(facts.get("folder")), size=int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None,
        etag=told(f"{_DAV}getetag") or None, modified=_seconds_of(told(f"{_DAV}getlastmodified")), checksums=checksums_of(told(f"{_OC}checksum")),
    )  # fmt: skip


def checksums_of(text: str) -> dict[str, str]:
    """``SHA256:abc MD5:def`` by algorithm, as ``OC-Checksum`` and ``oc:checksums`` say it."""
    pairs = (word.partition(":") for word in text.split())
    return {name.upper(): value.lower() for name, colon, value in pairs if colon and value}


def _seconds_of(date: str) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp()) if date else None
    except (ValueError, OverflowError):
        return None
