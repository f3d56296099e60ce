"""One blob as it is asked for: which words go with which request."""

from __future__ import annotations

import mimetypes
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import IO, Any, TypeVar, cast

from azure.core import MatchConditions
from azure.storage.blob import BlobBlock, BlobClient, BlobProperties, ContentSettings, StandardBlobTier
from sendoff import Headers, InvalidArgument, Secret

from sendoff_azure_blob.address import Place
from sendoff_azure_blob.answers import ABSENT, Refusal
from sendoff_azure_blob.part import Part
from sendoff_azure_blob.service import Service
from sendoff_azure_blob.wire import Wire

TOKEN = "sendoff_op"  # the name of the mark in a blob's metadata
_META = "x-ms-meta-"
_FIELDS = {
    "content-type": "content_type", "cache-control": "cache_control", "content-disposition": "content_disposition", "content-encoding": "content_encoding",
    "content-language": "content_language",
}  # fmt: skip
ANEW: dict[str, Any] = {"match_condition": MatchConditions.IfMissing}  # If-None-Match: *

T = TypeVar("T")
Lists = tuple[list[BlobBlock], list[BlobBlock]]


class Thing:
    """A blob at its server, for one try. Errors of its calls: ``Refusal``."""

    def __init__(self, service: Service, place: Place, wire: Wire, headers: Headers = ()) -> None:
        self.service, self.place, self.wire, self._headers = service, place, wire, headers

    def put(self, part: Part, token: str, *, anew: bool) -> dict[str, Any]:
        """All of it in one request. anew: only where nothing is."""
        words = {**self._described(token), "headers": _checked_by(part.md5), "length": part.length, "overwrite": not anew}
        return self._call(lambda blob: dict(blob.upload_blob(_file(part), **words)), part)

    def stage(self, name: str, part: Part) -> bytes | None:
        """One block; the MD5 of what the server received, if it tells it."""
        told = self._call(lambda blob: blob.stage_block(name, _file(part), length=part.length, headers=_checked_by(part.md5)), part)
        return _bytes(told.get("content_md5"))

    def commit(self, names: Sequence[str], token: str, *, anew: bool, md5: bytes | None) -> dict[str, Any]:
        """These blocks become the blob. anew: only where nothing is."""
        words = self._described(token, md5) | (ANEW if anew else {})
        return self._call(lambda blob: dict(blob.commit_block_list([BlobBlock(name) for name in names], **words)))

    def lists(self) -> Lists:
        """The blocks of the blob, and those that wait to become one."""
        try:
            return self._call(lambda blob: blob.get_block_list("all"))
        except Refusal as refusal:
            if refusal.code in ABSENT:
                return [], []
            raise

    def head(self) -> BlobProperties | None:
        """What lies there; None = nothing. ``Refusal`` where it may not be seen."""
        try:
            return self._call(lambda blob: blob.get_blob_properties())
        except Refusal as refusal:
            if refusal.code in ABSENT:
                return None
            raise

    def put_nothing(self, token: str) -> str:
        """An empty blob where none is, put together of no blocks, which takes away all that wait there; its ETag."""
        return str(self._call(lambda blob: blob.commit_block_list([], metadata={TOKEN: token}, **ANEW))["etag"])

    def delete(self, etag: str) -> None:
        """The blob, if it is still this one."""
        self._call(lambda blob: blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified))

    def read(self, each: Callable[[bytes], object]) -> None:
        """All that lies there, piece by piece."""

        def ask(blob: BlobClient) -> None:
            for piece in blob.download_blob(max_concurrency=1).chunks():
                each(piece)

        self._call(ask)

    def _call(self, ask: Callable[[BlobClient], T], part: Part | None = None) -> T:
        return self.service.call(self.wire, lambda client: ask(client.get_blob_client(self.place.container, self.place.name)), part)

    def _described(self, token: str, md5: bytes | None = None) -> dict[str, Any]:
        """What a new blob is to be: tier, tags, headers, metadata with our mark."""
        settings = self.service.settings
        metadata, fields = {**settings.metadata, TOKEN: token}, {"content_type": self._content_type()}
        for name, value in self._headers:
            text = value.reveal() if isinstance(value, Secret) else value
            if name.lower() == f"{_META}{TOKEN}":
                raise InvalidArgument(f"{name} is the mark by which sendoff knows its uploads again; choose another name")
            if name.lower().startswith(_META):
                metadata[name[len(_META) :]] = text
            elif name.lower() in _FIELDS:
                fields[_FIELDS[name.lower()]] = text
            else:
                raise InvalidArgument(f"Azure keeps no header {name}; it keeps {_META}NAME and {', '.join(_FIELDS)}")
        words: dict[str, Any] = {"metadata": metadata, "content_settings": ContentSettings(**fields, content_md5=bytearray(md5) if md5 else None)}
        if settings.access_tier:
            words["standard_blob_tier"] = StandardBlobTier(settings.access_tier)
        return words | ({"tags": settings.tags} if settings.tags else {})

    def _content_type(self) -> str:
        asked = self.service.settings.content_type
        return (mimetypes.guess_type(self.place.name)[0] or "application/octet-stream") if asked == "auto" else asked


def mark_of(held: BlobProperties) -> str | None:
    """Whose upload a blob is, as its metadata says."""
    metadata = {name.lower(): value for name, value in (held.metadata or {}).items()}
    return metadata.get(TOKEN)


def md5_in(held: BlobProperties) -> bytes | None:
    """The MD5 that a blob carries."""
    return _bytes(held.content_settings.content_md5)


def _file(part: Part) -> IO[bytes]:
    """As the library knows one."""
    return cast("IO[bytes]", part)


def _bytes(told: Any) -> bytes | None:
    return bytes(told) if told else None


def _checked_by(md5: bytes) -> dict[str, str]:
    """The server compares what it receives with this."""
    return {"Content-MD5": b64encode(md5).decode()}
