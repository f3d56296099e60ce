"""The key by which a server proves that it is itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKey:
    """What a server shows, and what is known of it.

    host: as files of known hosts call it. kind: the type of the key. fingerprint: ``SHA256:...``.
    standing: ``known``, ``unknown``, ``changed``, ``revoked`` or ``certified`` (only an authority is known). where: the line that says so.

    >>> sendoff.ServerKey(host="h.example", kind="ssh-ed25519", fingerprint="SHA256:q1", standing="unknown").where is None
    True
    """

    host: str
    kind: str
    fingerprint: str
    standing: str
    where: str | None = None
