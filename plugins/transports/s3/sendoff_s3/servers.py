"""Servers that speak S3, each in its own way: one row a server, with where it is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

MIB = 2**20
MOST_PARTS = 10_000
_RCLONE = "rclone's table of S3 providers (backend/s3), August 2026"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What is to be known of a server before it is asked.

    said: where it is said. hosts: ends of host names by which it is recognized. path_style: buckets stand in the path. region: where none is named.
    checksums: it takes CRC32 checksums; else no integrity header of S3's own is sent (botocore's ``when_required``).
    conditional: whether If-None-Match is honored; None = it is tried once. multipart: it knows multipart uploads at all.
    smallest_part: bytes. most_parts: of one upload. Parts are always equal but for the last: R2 and B2 want it, everybody else takes it.
    """

    said: str
    hosts: tuple[str, ...] = ()
    path_style: bool = True
    region: str = "us-east-1"
    checksums: bool = True
    conditional: bool | None = None
    multipart: bool = True
    smallest_part: int = 5 * MIB
    most_parts: int = MOST_PARTS


SERVERS: Mapping[str, Server] = {
    "aws": Server(said="Amazon S3 API reference, 2026", hosts=(".amazonaws.com", ".amazonaws.com.cn"), path_style=False, conditional=True),
    "r2": Server(said=f"Cloudflare R2, S3 API compatibility; {_RCLONE}", hosts=(".r2.cloudflarestorage.com",), region="auto"),
    "b2": Server(said=f"Backblaze B2, S3-compatible API: equal parts with Live Read; {_RCLONE}", hosts=(".backblazeb2.com",), path_style=False),
    "gcs": Server(
        said="Google Cloud Storage XML API: no checksums of S3's, no If-None-Match",
        hosts=("storage.googleapis.com",),
        region="auto",
        checksums=False,
        conditional=False,
    ),
    "scaleway": Server(said=f"Scaleway Object Storage limits: 1,000 parts; {_RCLONE}", hosts=(".scw.cloud",), path_style=False, most_parts=1000),
    "storj": Server(said=f"Storj gateway: parts of at least 64 MiB; {_RCLONE}", hosts=(".storjshare.io",), smallest_part=64 * MIB),
    "fastly": Server(said=f"Fastly Object Storage: no multipart uploads; {_RCLONE}", hosts=(".fastlystorage.app",), multipart=False),
    "ovh": Server(said="botocore issues on request_checksum_calculation: refuses trailing checksums", hosts=(".io.cloud.ovh.net",), checksums=False),
    "rclone": Server(said="seen: rclone serve s3 1.75 drops metadata and ignores If-None-Match", checksums=False, conditional=False),
    "other": Server(said="nothing is known: what it keeps of checksums and conditions is looked at"),
}


def server_for(name: str, endpoint: str | None) -> Server:
    """The row of a server that is named, or recognized by its address; ``auto`` without an address is Amazon's."""
    if name != "auto":
        return SERVERS[name]
    if endpoint is None:
        return SERVERS["aws"]
    host = f".{urlsplit(endpoint).hostname or ''}"
    return next((row for row in SERVERS.values() if any(host.endswith(end) for end in row.hosts)), SERVERS["other"])
