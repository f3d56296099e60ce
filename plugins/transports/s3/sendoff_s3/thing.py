"""One object as it is asked for: which words go with which request."""

from __future__ import annotations

import mimetypes
from base64 import b64encode
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sendoff import ConfigurationError, Headers, InvalidArgument, Secret

from sendoff_s3.address import Place
from sendoff_s3.answers import ABSENT, Refusal
from sendoff_s3.service import Service
from sendoff_s3.settings import Settings
from sendoff_s3.wire import Wire

TOKEN = "sendoff-op"  # the name of the mark in an object's metadata
_FIELDS = {
    "content-type": "ContentType", "cache-control": "CacheControl", "content-disposition": "ContentDisposition", "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage", "expires": "Expires",
}  # fmt: skip


class Thing:
    """An object at its server, for one try. Errors of its calls: ``Refusal``."""

    def __init__(self, service: Service, place: Place, wire: Wire, headers: Headers = ()) -> None:
        self.service, self.place, self.wire, self._headers = service, place, wire, headers

    def call(self, operation: str, **words: Any) -> dict[str, Any]:
        """One request about this object."""
        return self.service.call(self.wire, operation, Key=self.place.key, **self.about_the_bucket(), **words)

    def upload(self, operation: str, upload: str, **words: Any) -> dict[str, Any]:
        """One request about a half-done upload of it."""
        return self.call(operation, UploadId=upload, **words)

    def head(self) -> dict[str, Any] | None:
        """What lies there; None = nothing. ``Refusal`` where it may not be seen."""
        try:
            return self._head()
        except Refusal as refusal:
            if not refusal.wordless or refusal.status not in (400, 401, 403):
                raise
        self._asked_in_words()
        return self._head()

    def _head(self) -> dict[str, Any] | None:
        checksum = {"ChecksumMode": "ENABLED"} if self.checksums else {}
        try:
            return self.call("head_object", **checksum, **self.customer_key())
        except Refusal as refusal:
            if refusal.code in ABSENT:
                return None
            raise

    def _asked_in_words(self) -> None:
        """The same question by a request whose refusal says why: a session that has expired is renewed, a key or a clock that is wrong is named."""
        try:
            self.call("get_object", reading=lambda body: body.read(), Range="bytes=0-0", **self.customer_key())
        except Refusal as refusal:
            if refusal.code not in ABSENT and refusal.status != 416:
                raise

    @property
    def checksums(self) -> bool:
        """Whether S3's checksums are sent and asked for."""
        wanted = self.service.settings.checksum
        return wanted == "crc32" or (wanted == "auto" and self.service.server.checksums)

    def described(self, token: str) -> dict[str, Any]:
        """What a new object is to be: class, encryption, tags, metadata with our mark."""
        settings = self.service.settings
        words: dict[str, Any] = {"Metadata": {**settings.metadata, TOKEN: token}, "ContentType": self._content_type()}
        words |= _given(StorageClass=settings.storage_class, ServerSideEncryption=settings.sse, SSEKMSKeyId=settings.sse_kms_key_id, ACL=settings.acl)
        if settings.tags:
            words["Tagging"] = urlencode(settings.tags)
        for name, value in self._headers:
            text = value.reveal() if isinstance(value, Secret) else value
            if name.lower() == f"x-amz-meta-{TOKEN}":
                raise InvalidArgument(f"{name} is the mark by which sendoff knows its uploads again; choose another name")
            if name.lower().startswith("x-amz-meta-"):
                words["Metadata"][name[len("x-amz-meta-") :]] = text
            elif name.lower() in _FIELDS:
                words[_FIELDS[name.lower()]] = text
            else:
                raise InvalidArgument(f"S3 keeps no header {name}; it keeps x-amz-meta-NAME and {', '.join(_FIELDS)}")
        return words | self.customer_key()

    def customer_key(self) -> dict[str, Any]:
        """The key of SSE-C, which goes with every request about the content."""
        path = self.service.settings.sse_customer_key_file
        return _customer_key(path) if path else {}

    def _content_type(self) -> str:
        asked = self.service.settings.content_type
        return (mimetypes.guess_type(self.place.key)[0] or "application/octet-stream") if asked == "auto" else asked

    def about_the_bucket(self) -> dict[str, Any]:
        """Which it is, whose it has to be, and who pays."""
        settings = self.service.settings
        payer = "requester" if settings.request_payer else None
        return {"Bucket": self.place.bucket} | _given(ExpectedBucketOwner=settings.expected_bucket_owner, RequestPayer=payer)


def mark_of(held: dict[str, Any]) -> str | None:
    """Whose upload an object is, as its metadata says."""
    metadata = {name.lower(): value for name, value in held.get("Metadata", {}).items()}
    found = metadata.get(TOKEN)
    return str(found) if found is not None else None


def checked_settings(settings: Settings) -> Settings:
    """The settings, if the files they name can be read."""
    if settings.sse_customer_key_file:
        _customer_key(settings.sse_customer_key_file)
    return settings


def _customer_key(path: str) -> dict[str, Any]:
    try:
        key = Path(path).expanduser().read_bytes()
    except OSError as cause:
        raise ConfigurationError(f"sse_customer_key_file: {path} cannot be read: {cause.strerror}") from cause
    if len(key) != 32:
        raise ConfigurationError(f"sse_customer_key_file: {path} has {len(key)} bytes; a key of SSE-C has 32")
    return {
        "SSECustomerAlgorithm": "AES256",
        "SSECustomerKey": b64encode(key).decode(),
        "SSECustomerKeyMD5": b64encode(md5(key, usedforsecurity=False).digest()).decode(),
    }


def _given(**words: Any) -> dict[str, Any]:
    """Those that are set."""
    return {name: value for name, value in words.items() if value is not None}
