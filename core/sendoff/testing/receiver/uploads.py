"""The receiver as a tus server: half-done uploads that stay, with creation, termination and checksums (tus 1.0.0)."""

from __future__ import annotations

import hashlib
import os
import tempfile
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import replace
from pathlib import PurePosixPath
from threading import Lock
from typing import BinaryIO
from urllib.parse import quote

from sendoff.testing.receiver.fault import Fields
from sendoff.testing.receiver.reading import Head
from sendoff.testing.receiver.shelf import Shelf

VERSION = "1.0.0"
ALGORITHMS = ("sha1", "sha256")
PATIENCE = 3.0  # seconds that a request waits for another on the same upload to end
_SPOKEN = (("Tus-Resumable", VERSION),)

Outcome = tuple[int, Fields, bytes]


class Upload:
    """One upload, whole or half. place: the address it was created at. offset: bytes it has."""

    def __init__(self, id: str, place: str, length: int, metadata: dict[str, str], file: BinaryIO) -> None:
        self.id, self.place, self.length, self.metadata, self.file = id, place, length, metadata, file
        self.offset, self.whole, self.busy = 0, False, Lock()

    @property
    def address(self) -> str:
        """Where it is asked for."""
        return f"{self.place.rstrip('/')}/{self.id}"

    @property
    def name(self) -> str:
        """What it is called."""
        return self.metadata.get("relativePath") or self.metadata.get("filename") or self.id


class Uploads:
    """Those of one receiver. most: the largest it takes. checksums: whether it compares them."""

    def __init__(self, shelf: Shelf, *, most: int | None = None, checksums: bool = True) -> None:
        self._shelf, self._most, self._checksums = shelf, most, checksums
        self._known: dict[str, Upload] = {}
        self._files: list[BinaryIO] = []
        self._lock = Lock()
        self.made = 0

    def speaks(self, head: Head) -> bool:
        """Whether a request is one of the protocol."""
        return head.method == "OPTIONS" or head.header("tus-resumable") != ""

    def begin(self, head: Head) -> Visit:
        """A request comes in; POST may stand for a method that does not get through everywhere."""
        meant = head.header("x-http-method-override") if head.method == "POST" else ""
        return Visit(self, replace(head, method=meant) if meant else head)

    def find(self, address: str) -> Upload | None:
        """The upload of an address."""
        with self._lock:
            return self._known.get(address.partition("?")[0])

    def all(self) -> list[Upload]:
        """Every one there is."""
        with self._lock:
            return list(self._known.values())

    def forget(self) -> None:
        """The server loses everything it knew."""
        with self._lock:
            gone, self._known = list(self._known.values()), {}
        for upload in gone:
            if upload.busy.acquire(timeout=PATIENCE):
                upload.file.close()
                upload.busy.release()

    def close(self) -> None:
        """Nobody sends any more: lets go of its files."""
        with self._lock:
            while self._files:
                self._files.pop().close()

    def options(self) -> Outcome:
        """What it offers."""
        extensions = ["creation", "termination", *(["checksum"] if self._checksums else [])]
        most = () if self._most is None else (("Tus-Max-Size", str(self._most)),)
        checksums = (("Tus-Checksum-Algorithm", ",".join(ALGORITHMS)),) if self._checksums else ()
        return 204, (*_SPOKEN, ("Tus-Version", VERSION), ("Tus-Extension", ",".join(extensions)), *most, *checksums), b""

    def create(self, head: Head) -> Outcome:
        """A new one."""
        length = head.header("upload-length")
        if not length.isdigit():
            return 400, _SPOKEN, b"no Upload-Length"
        if self._most is not None and int(length) > self._most:
            return 413, _SPOKEN, b""
        id = os.urandom(8).hex()
        made = Upload(id, head.target.partition("?")[0], int(length), _metadata(head.header("upload-metadata")), self._file(id))
        with self._lock:
            self._known[made.address] = made
            self._files.append(made.file)
            self.made += 1
        self.publish_whole(made)
        return 201, (*_SPOKEN, ("Location", made.address)), b""

    def append(self, upload: Upload, visit: Visit) -> Outcome:
        """A chunk came whole."""
        if visit.mismatched():
            visit.take_back()
            return 460, _SPOKEN, b""
        self.publish_whole(upload)
        return 204, (*_SPOKEN, ("Upload-Offset", str(upload.offset))), b""

    def end(self, upload: Upload) -> Outcome:
        """It is not wanted any more."""
        with self._lock:
            self._known.pop(upload.address, None)
        upload.file.close()
        return 204, _SPOKEN, b""

    def _file(self, id: str) -> BinaryIO:
        if self._shelf.folder is None:
            return tempfile.TemporaryFile()
        self._shelf.folder.mkdir(parents=True, exist_ok=True)
        return (self._shelf.folder / f".{id}.part").open("w+b", buffering=0)

    def publish_whole(self, upload: Upload) -> None:
        """What is complete lies under its name, below the place it was created at."""
        if upload.whole or upload.offset != upload.length:
            return
        upload.whole = True
        path = self._shelf.path(str(PurePosixPath(upload.place) / quote(upload.name)))
        if path is not None and self._shelf.folder is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            upload.file.close()
            os.replace(self._shelf.folder / f".{upload.id}.part", path)


class Visit:
    """One request of the protocol, from its body to its answer."""

    def __init__(self, uploads: Uploads, head: Head) -> None:
        self._uploads, self._head = uploads, head
        self._upload = uploads.find(head.target) if head.method not in ("OPTIONS", "POST") else None
        self._holds = self._upload is not None and self._upload.busy.acquire(timeout=PATIENCE)
        self._digest, self._begun_at = hashlib.sha256(), self._upload.offset if self._upload else 0
        self._check = self._checksum()
        self._takes = self._holds and head.method == "PATCH" and head.header("upload-offset") == str(self._begun_at)

    def write(self, data: memoryview) -> None:
        """Some more bytes."""
        self._digest.update(data)
        if self._check is not None:
            self._check[0].update(data)
        if self._takes and self._upload is not None:
            os.pwrite(self._upload.file.fileno(), data, self._upload.offset)
            self._upload.offset += len(data)

    @property
    def sha256(self) -> str:
        """Of what came in this request, hex."""
        return self._digest.hexdigest()

    def outcome(self) -> Outcome:
        """The answer, the work being done."""
        head, upload = self._head, self._upload
        if head.method == "OPTIONS":
            return self._uploads.options()
        if head.method == "POST":
            return self._uploads.create(head)
        if upload is None:
            return 404, _SPOKEN, b""
        if not self._holds:
            return 423, _SPOKEN, b""
        if head.method == "HEAD":
            return 200, (*_SPOKEN, ("Upload-Offset", str(upload.offset)), ("Upload-Length", str(upload.length)), ("Cache-Control", "no-store")), b""
        if head.method == "DELETE":
            return self._uploads.end(upload)
        if head.method == "PATCH":
            answer = self._uploads.append(upload, self) if self._takes else (409, _SPOKEN, b"")
            self._check = None
            return answer
        return 405, _SPOKEN, b""

    def mismatched(self) -> bool:
        """The chunk is not the one that its checksum tells of."""
        return self._check is not None and self._check[0].digest() != self._check[1]

    def take_back(self) -> None:
        """The chunk was never there."""
        if self._upload is not None:
            self._upload.offset = self._begun_at

    def drop(self) -> None:
        """It is over. What came of a chunk stays, unless it was to be compared and did not come whole."""
        if self._check is not None and self._takes:
            self.take_back()
        if self._holds and self._upload is not None:
            if self._takes:
                self._uploads.publish_whole(self._upload)
            self._upload.busy.release()
            self._holds = False

    def _checksum(self) -> tuple[hashlib._Hash, bytes] | None:
        algorithm, _, value = self._head.header("upload-checksum").partition(" ")
        try:
            return (hashlib.new(algorithm), b64decode(value, validate=True)) if algorithm in ALGORITHMS else None
        except Base64Error:
            return None


def _metadata(value: str) -> dict[str, str]:
    pairs = (pair.strip().partition(" ") for pair in value.split(",") if pair.strip())
    return {key: b64decode(text).decode(errors="surrogateescape") for key, _, text in pairs}
