"""Half-done uploads at a server: finding them, and making sure that nothing of them is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from sendoff import Leftover, Session, Transient

from sendoff_s3.address import Place
from sendoff_s3.answers import ABSENT, GONE, Refusal
from sendoff_s3.thing import Thing

KIND = "s3-multipart/1"
_MOST_TURNS = 5  # parts under way may land after an abort (Amazon S3 API reference, AbortMultipartUpload)
_SLACK = 300_000_000  # microseconds that the server's clock may be behind ours


class Uploads:
    """What is unfinished of one object, or below one prefix."""

    def __init__(self, thing: Thing) -> None:
        self._thing = thing

    def parts(self, upload: str) -> Iterator[dict[str, Any]]:
        """The parts that the server has, page by page. ``Refusal`` with NoSuchUpload where there is no such upload."""
        marker = 0
        while True:
            page = self._thing.upload("list_parts", upload, **({"PartNumberMarker": marker} if marker else {}), **self._thing.customer_key())
            found = page.get("Parts") or []
            yield from found
            following = int(page.get("NextPartNumberMarker") or 0)
            if not page.get("IsTruncated") or following <= marker:
                return
            marker = following

    def orphan(self, session: Session) -> str | None:
        """The upload that was begun for this session when its answer was lost: the only one of this very key, begun at that time, without a part."""
        asked_at, limits = int(session.data["asked_at"]), self._thing.wire.limits
        latest = asked_at + _SLACK + round((limits.connect + limits.response) * 1_000_000)
        try:
            here = [one for one in self._below(self._thing.place.key) if one["Key"] == self._thing.place.key]
        except Refusal:
            return None  # they may not be listed: an upload without a part costs nothing
        new = [one for one in here if "Initiated" not in one or asked_at - _SLACK <= one["Initiated"].timestamp() * 1_000_000 <= latest]
        return str(new[0]["UploadId"]) if len(new) == 1 and not any(True for _ in self.parts(str(new[0]["UploadId"]))) else None

    def all(self, root: str) -> Iterator[Leftover]:
        """Everything unfinished whose key begins like this place's. root: ``s3://bucket/``."""
        for one in self._below(self._thing.place.key):
            thing = Thing(self._thing.service, Place(self._thing.place.bucket, one["Key"]), self._thing.wire)
            size: int | None = None
            try:
                size = sum(int(part.get("Size") or 0) for part in Uploads(thing).parts(str(one["UploadId"])))
            except Refusal as refusal:
                if refusal.code in GONE:
                    continue  # else its size may not be seen, or not with this key
            began = round(one["Initiated"].timestamp() * 1_000_000) if "Initiated" in one else None
            session = Session(kind=KIND, data={"id": str(one["UploadId"])}, leaves=True)
            yield Leftover(url=f"{root}{quote(one['Key'])}", session=session, began_at=began, size=size)

    def _below(self, prefix: str) -> Iterator[dict[str, Any]]:
        """Unfinished uploads by prefix, page by page."""
        marker: dict[str, str] = {}
        while True:
            page = self._page(prefix, marker)
            encoded = page.get("EncodingType") == "url"
            for one in page.get("Uploads") or []:
                yield {**one, "Key": _plain(one["Key"], encoded=encoded)}
            following = {"KeyMarker": _plain(page.get("NextKeyMarker") or "", encoded=encoded), "UploadIdMarker": page.get("NextUploadIdMarker") or ""}
            if not page.get("IsTruncated") or following == marker:
                return
            marker = following

    def _page(self, prefix: str, marker: dict[str, str]) -> dict[str, Any]:
        words: dict[str, Any] = {"Prefix": prefix, "EncodingType": "url", **self._thing.about_the_bucket(), **marker}
        try:
            return self._thing.service.call(self._thing.wire, "list_multipart_uploads", **words)
        except Refusal as refusal:
            if refusal.code in GONE:  # how rclone says that there are none
                return {}
            raise


def _plain(key: str, *, encoded: bool) -> str:
    """A key as it is, where XML could not have held it (Amazon S3 API reference, ``encoding-type``)."""
    return unquote(key) if encoded else key


def remove(thing: Thing, upload: str) -> None:
    """Returns when the server was seen to hold nothing more of it. Errors: ``Refusal``, ``Transient`` when parts keep landing."""
    for _ in range(_MOST_TURNS):
        try:
            thing.upload("abort_multipart_upload", upload)
            if not any(True for _ in Uploads(thing).parts(upload)):
                return
        except Refusal as refusal:
            if refusal.code in GONE | ABSENT | {"NoSuchBucket"}:
                return
            raise
    raise Transient(f"{thing.wire.where}: parts of the aborted upload are still there", side="server")
