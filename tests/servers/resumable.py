"""The single steps of a resumable upload, as plain requests."""

from __future__ import annotations

import base64
import hashlib

from tests.servers.rufh import RufhServer
from tests.servers.wire import Said, ask

REGISTRY = "https://iana.org/assignments/http-problem-types#"
NEWEST, SIX = "9", "6"  # interop versions


def digest(data: bytes, name: str = "sha-256") -> str:
    """The value of a digest field (RFC 9530)."""
    return f"{name}=:{base64.b64encode(hashlib.new(name.replace('-', ''), data).digest()).decode()}:"


def created(server: RufhServer, path: str = "a.bin", version: str = NEWEST, body: bytes = b"", **fields: str) -> str:
    """The address of an upload resource that was created carefully."""
    said = ask("PUT", server.url + path, body, Upload_Complete="?0", Upload_Draft_Interop_Version=version, **fields)
    assert said.status == 201, said
    assert said["location"]
    return said["location"]


def append(location: str, offset: int, body: bytes, complete: str = "?0", version: str = NEWEST, **fields: str) -> Said:
    """One append."""
    given = {"Content_Type": "application/partial-upload", "Upload_Offset": str(offset), "Upload_Complete": complete, **fields}
    return ask("PATCH", location, body, Upload_Draft_Interop_Version=version, **given)


def offset_of(location: str, version: str = NEWEST) -> int:
    """How far the upload came."""
    return int(ask("HEAD", location, Upload_Draft_Interop_Version=version)["upload-offset"] or "")
