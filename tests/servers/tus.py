"""Real tus servers (tus.io, version 1.0.0) of other people: one is the reference, one knows checksums and concatenation."""

import importlib.util
import json
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers import nodejs
from tests.servers.program import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a server knows of one upload. size: None = its client has not said yet. held: bytes on its disk."""

    id: str
    size: int | None
    metadata: dict[str, str]
    held: int

    @property
    def complete(self) -> bool:
        return self.held == self.size


class TusServer(Program):
    """What both have in common. max_size: bytes of one upload at most. expires: seconds after which an unfinished one is gone."""

    def __init__(self, folder: Path, *, max_size: int | None = None, expires: int | None = None) -> None:
        super().__init__(folder)
        self.max_size, self.expires = max_size, expires

    @property
    def url(self) -> str:
        """The endpoint where uploads are created."""
        return f"http://127.0.0.1:{self.port}/files"

    @property
    def kept(self) -> Path:
        return self.folder / "kept"

    def held(self, upload_url: str) -> bytes:
        """The bytes it has stored for an upload, by the address that it gave, whatever host stands in it."""
        return (self.kept / urlsplit(upload_url).path.rsplit("/", 1)[-1]).read_bytes()

    def uploads(self) -> tuple[Upload, ...]:
        """All that it knows of, the oldest first; finished ones stay, terminated ones go."""
        raise TypeError(f"{type(self).__name__} does not say what it holds")

    def upload_url(self, id: str) -> str:
        return f"{self.url}/{id}"


class TusNode(TusServer):
    """The reference: npm ``@tus/server`` with ``@tus/file-store``. Creation, with upload and with deferred length, termination, expiration; no checksums.

    tokens: seconds that each token lives which it gives at ``/token`` to ``recorder:pass-word``; None = it is open to all.
    """

    def __init__(self, folder: Path, *, max_size: int | None = None, expires: int | None = None, tokens: float | None = None) -> None:
        super().__init__(folder, max_size=max_size, expires=expires)
        self.tokens = tokens

    @classmethod
    def missing(cls) -> str | None:
        return nodejs.missing("@tus/server", "@tus/file-store")

    def command(self) -> list[str]:
        words = {"directory": str(self.kept), "port": self.port, "maxSize": self.max_size, "expires": self.expires, "tokens": self.tokens}
        return nodejs.command("tusd.mjs", words)

    def uploads(self) -> tuple[Upload, ...]:
        known = [json.loads(path.read_text()) for path in self.kept.glob("*.json")]
        return tuple(self._upload(one) for one in sorted(known, key=lambda one: one["creation_date"]))

    def _upload(self, known: dict) -> Upload:
        metadata = {name: value or "" for name, value in (known.get("metadata") or {}).items()}
        return Upload(id=known["id"], size=known.get("size"), metadata=metadata, held=(self.kept / known["id"]).stat().st_size)


class TusChecksums(TusServer):
    """PyPI ``resumable-upload``: checksums (sha1, sha256, md5; 460), also in a trailer, concatenation, termination, expiration.

    It writes a body when all of it has come or the connection has ended; one that is reset loses what had come.
    """

    @classmethod
    def missing(cls) -> str | None:
        return None if importlib.util.find_spec("resumable_upload") else "resumable-upload is missing: .venv/bin/pip install -r requirements-dev.txt"

    def command(self) -> list[str]:
        words = ["--host=127.0.0.1", f"--port={self.port}", f"--upload-dir={self.kept}", f"--db-path={self.database}", "--checksum-algorithms=sha1,sha256,md5"]
        words += [f"--max-size={self.max_size}"] if self.max_size is not None else []
        words += [f"--upload-expiry={self.expires}", "--cleanup-interval=0"] if self.expires is not None else []
        return [sys.executable, "-m", "resumable_upload", "serve", *words]

    @property
    def database(self) -> Path:
        return self.folder / "uploads.db"

    def uploads(self) -> tuple[Upload, ...]:
        database = sqlite3.connect(self.database, timeout=10)
        try:
            rows = database.execute("SELECT upload_id, upload_length, metadata FROM uploads ORDER BY rowid").fetchall()
        finally:
            database.close()
        return tuple(self._upload(*row) for row in rows)

    def _upload(self, id: str, size: int, metadata: str | None) -> Upload:
        held = (self.kept / id).stat().st_size
        return Upload(id=id, size=size if size >= 0 else None, metadata=json.loads(metadata or "{}"), held=held)
