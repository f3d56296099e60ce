"""What a Nextcloud answers, method by method."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from contrib.http_protocols.nextcloud.tests.cloud import (
    FILES,
    LEAST,
    MOST_CHUNKS,
    UPLOADS,
    Headers,
    Refusal,
    capabilities,
    dated,
    encoded,
    sha256,
)
from contrib.http_protocols.nextcloud.tests.tree import Kept, Upload

if TYPE_CHECKING:
    from contrib.http_protocols.nextcloud.tests.cloud import Cloud

EARLIEST = 86_400
Answered = tuple[int, Headers, bytes]
_SHOWN = {"DAV:": "d", "http://owncloud.org/ns": "oc"}


class Answering:
    """Called with everything locked."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud, self._tree = cloud, cloud.tree

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answered:
        """Errors: ``Refusal``."""
        if path == "/ocs/v1.php/cloud/capabilities":
            return (200, [("Content-Type", "application/json")], capabilities()) if headers.get("ocs-apirequest") == "true" else (412, [], b"")
        for root, kind in ((UPLOADS, "upload"), (FILES, "file")):
            if path == root or path.startswith(f"{root}/"):
                act = getattr(self, f"_{method.lower()}_{kind}", None)
                if act is None:
                    raise Refusal(501, f"There was no plugin in the system that was willing to handle this {method} method.")
                found: Answered = act(unquote(path.removeprefix(root).strip("/")), headers, body)
                return found
        raise Refusal(404, "Not found")

    # -- files

    def _mkcol_file(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if body:
            raise Refusal(415, "The request body for the MKCOL request must have an xml Content-Type")
        if self._tree.has(path):
            raise Refusal(405, "The resource you tried to create already exists")
        self._check_parent(path, 409)
        self._tree.folders.add(path)
        return 201, [], b""

    def _put_file(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if "content-length" not in headers:
            raise Refusal(411, "Length required")
        self._check_parent(path, 404)
        if path in self._tree.folders:
            raise Refusal(409, "PUT is not allowed on non-files.")
        if headers.get("if-none-match") == "*" and path in self._tree.files:
            raise Refusal(412, "An If-None-Match header was specified, but the ETag matched (or * was specified).")
        self._check_quota(len(body))
        return self._written(path, body, headers)

    def _head_file(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        return self._get_file(path, headers, body)

    def _get_file(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        found = self._tree.files.get(path)
        if found is None:
            raise Refusal(404, f"File with name /{path} could not be located")
        return 200, [("ETag", found.etag), ("Content-Length", str(len(found.content)))], found.content

    def _patch_file(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        found = self._tree.files.get(path)
        if found is None or headers.get("x-recalculate-hash") != "sha256":
            raise Refusal(501, "There was no plugin in the system that was willing to handle this PATCH method.")
        checksum = f"SHA256:{sha256(found.content)}"
        self._tree.files[path] = Kept(found.content, found.modified, found.etag, checksum)
        return 204, [("OC-Checksum", checksum)], b""

    def _propfind_file(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        asked = _asked(body)
        found = self._tree.files.get(path)
        if found is None and path not in self._tree.folders:
            raise Refusal(404, f"File with name /{path} could not be located")
        facts = {"{DAV:}resourcetype": "<d:collection/>", "{DAV:}getlastmodified": dated(int(time.time()))}
        if found is not None:
            facts = {"{DAV:}resourcetype": "", "{DAV:}getcontentlength": str(len(found.content)), "{DAV:}getetag": escape(found.etag)}
            facts["{DAV:}getlastmodified"] = dated(found.modified)
            if found.checksum:
                facts["{http://owncloud.org/ns}checksums"] = f"<oc:checksum>{escape(found.checksum)}</oc:checksum>"
        return _multistatus([(f"{FILES}/{path}", facts)], asked)

    def _written(self, path: str, content: bytes, headers: dict[str, str]) -> Answered:
        """A file is made or changed: its time and its checksum are what the request says."""
        told, modified = list[tuple[str, str]](), int(time.time())
        if "x-oc-mtime" in headers:
            if not headers["x-oc-mtime"].isdigit() or int(headers["x-oc-mtime"]) <= EARLIEST:
                raise Refusal(400, "X-OC-MTime header must be a valid positive unix timestamp greater than one day")
            modified = int(headers["x-oc-mtime"])
            told.append(("X-OC-MTime", "accepted"))
        if headers.get("x-hash") == "sha256":
            told.append(("X-Hash-SHA256", sha256(content)))
        new = path not in self._tree.files
        kept = self._tree.put(path, content, modified, headers.get("oc-checksum", ""))
        return 201 if new else 204, [*told, ("ETag", kept.etag), ("OC-ETag", kept.etag)], b""

    # -- uploads

    def _mkcol_upload(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        if "/" in path or not path:
            raise Refusal(403, "Permission denied to create a folder here")
        if path in self._tree.uploads:
            raise Refusal(405, "The resource you tried to create already exists")
        self._tree.uploads[path] = Upload(self._destination(headers))
        return 201, [], b""

    def _put_upload(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        upload, name = self._upload_of(path)
        if self._cloud.parts and not upload.known:
            raise Refusal(412, "Missing metadata for chunked upload. The distributed cache does not hold the information of previous requests.")
        if not (name.isdigit() and 1 <= int(name) <= MOST_CHUNKS):
            raise Refusal(400, "Invalid chunk name, must be numeric between 1 and 10000")
        self._check_destination(upload, headers)
        if not headers.get("oc-total-length", "").isdigit():
            raise Refusal(400, "no OC-Total-Length, the quota cannot be checked")
        parent = upload.destination.rpartition("/")[0]
        if parent not in self._tree.folders:
            raise Refusal(404, f"File with name /{parent} could not be located")
        self._check_quota(int(headers["oc-total-length"]))
        upload.chunks[str(int(name)) if self._cloud.parts else name] = body
        told = [("X-Hash-SHA256", sha256(body))] if headers.get("x-hash") == "sha256" and not self._cloud.parts else []
        return 201, told, b""

    def _propfind_upload(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        upload, name = self._upload_of(f"{path}/")
        if headers.get("depth") != "1" or name:
            raise Refusal(400, "only Depth: 1 of a folder is of use here")
        listed = [(f"{UPLOADS}/{path}/", {"{DAV:}resourcetype": "<d:collection/>"})]
        listed += [(f"{UPLOADS}/{path}/.file", {"{DAV:}getcontentlength": str(upload.size)})]
        listed += [(f"{UPLOADS}/{path}/.target", {"{DAV:}getcontentlength": "0"})] if self._cloud.parts else []
        listed += [(f"{UPLOADS}/{path}/{one}", {"{DAV:}getcontentlength": str(len(content))}) for one, content in upload.chunks.items()]
        return _multistatus(listed, _asked(body))

    def _delete_upload(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        upload, name = self._upload_of(path if "/" in path else f"{path}/")
        if name and not self._cloud.parts:
            if upload.chunks.pop(name, None) is None:
                raise Refusal(404, f"File with name {name} could not be located")
            return 204, [], b""
        del self._tree.uploads[path.partition("/")[0]]  # taking away one part of an object store takes away all of them
        return 204, [], b""

    def _move_upload(self, path: str, headers: dict[str, str], body: bytes) -> Answered:
        upload, name = self._upload_of(path)
        if name != ".file":
            raise Refusal(403, "Permission denied to rename this file")
        self._check_destination(upload, headers)
        target, overwrite = upload.destination, headers.get("overwrite", "T")
        if overwrite not in ("T", "F"):
            raise Refusal(400, "The HTTP Overwrite header should be either T or F")
        self._check_parent(target, 409)
        if overwrite == "F" and self._tree.has(target):
            raise Refusal(412, "The destination node already exists, and the overwrite header is set to false")
        if target in self._tree.folders:
            raise Refusal(400, f"The given destination {target} is a directory.")
        if headers.get("oc-total-length") != str(upload.size):
            raise Refusal(400, f"Chunks on server do not sum up to {headers.get('oc-total-length')} but to {upload.size} bytes")
        short = [name for name, content in sorted(upload.chunks.items(), key=lambda pair: int(pair[0]))[:-1] if len(content) < LEAST]
        if short:
            raise Refusal(400, f"Chunk {short[0]} is smaller than 5 MB")
        self._check_quota(upload.size)
        dropped = () if not self._cloud.parts else ("oc-checksum", "x-hash")  # what the storage puts together itself nobody digests
        answered = self._written(target, upload.joined(), {key: value for key, value in headers.items() if key not in dropped})
        del self._tree.uploads[path.partition("/")[0]]
        return answered

    # -- what is checked

    def _upload_of(self, path: str) -> tuple[Upload, str]:
        folder, _, name = path.partition("/")
        found = self._tree.uploads.get(folder)
        if found is None:
            raise Refusal(404, f"File with name /uploads/{folder} could not be located")
        return found, name

    def _destination(self, headers: dict[str, str]) -> str:
        """Where the header leads, below the user's files."""
        given = headers.get("destination", "")
        if not given.isascii() or not given.startswith(f"{self._cloud.origin}{FILES}/"):
            raise Refusal(400, f"The destination header was not supplied, or is not of this server: {given}")
        return unquote(urlsplit(given).path.removeprefix(f"{self._cloud.base}{FILES}")).strip("/")

    def _check_destination(self, upload: Upload, headers: dict[str, str]) -> None:
        if self._destination(headers) != upload.destination:
            raise Refusal(400, "The destination is another than when the upload was begun")

    def _check_parent(self, path: str, status: int) -> None:
        parent = path.rpartition("/")[0]
        if parent not in self._tree.folders:
            raise Refusal(status, f"Parent node /{encoded(parent)} does not exist")

    def _check_quota(self, size: int) -> None:
        if size > self._tree.free():
            raise Refusal(507, f"Insufficient space, {size} required, {self._tree.free()} available")


def _asked(body: bytes) -> list[str]:
    """The names of the properties that are asked for."""
    root = ElementTree.fromstring(body)
    if root.tag != "{DAV:}propfind":
        raise Refusal(400, f"Expected {{DAV:}}propfind but received {root.tag}")
    return [one.tag for prop in root for one in prop]


def _multistatus(listed: list[tuple[str, dict[str, str]]], asked: list[str]) -> Answered:
    """As sabre/dav writes it: what is known under 200, the rest under 404."""
    parts = ['<?xml version="1.0"?>\n<d:multistatus xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns" xmlns:oc="http://owncloud.org/ns">']
    for path, facts in listed:
        known = "".join(_element(name, facts[name]) for name in asked if name in facts)
        unknown = "".join(_element(name, "") for name in asked if name not in facts)
        parts.append(f"<d:response><d:href>{encoded(path)}</d:href>")
        parts += [f"<d:propstat><d:prop>{known}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"] if known else []
        parts += [f"<d:propstat><d:prop>{unknown}</d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>"] if unknown else []
        parts.append("</d:response>")
    return 207, [("Content-Type", "application/xml; charset=utf-8")], "".join([*parts, "</d:multistatus>\n"]).encode()


def _element(name: str, content: str) -> str:
    space, _, local = name.removeprefix("{").partition("}")
    tag = f"{_SHOWN[space]}:{local}"
    return f"<{tag}>{content}</{tag}>" if content else f"<{tag}/>"
