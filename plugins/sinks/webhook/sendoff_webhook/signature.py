"""Signing, as the Standard Webhooks specification 1.0.0 says: the receiver's library verifies it, whoever sent it."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from hmac import digest
from urllib.parse import quote

from sendoff import InvalidArgument, Secret

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a key; section "Signature scheme"


def id_of(notice: str) -> str:
    """A notice's id as a header carries it: percent-encoded, and without the full stop that divides what is signed. Different ones stay different."""
    return quote(notice.encode("utf-8", "replace"), safe="").replace(".", "%2E")


def signature(secret: Secret, id: str, timestamp: int, body: bytes) -> str:
    """``v1,`` and the HMAC-SHA256 of ``id.timestamp.body``, in base64."""
    return "v1," + b64encode(digest(key_of(secret), f"{id}.{timestamp}.".encode() + body, "sha256")).decode("ascii")


def key_of(secret: Secret) -> bytes:
    """The bytes that ``whsec_...`` stands for. Errors: ``InvalidArgument`` where it stands for none."""
    text = secret.reveal().strip().removeprefix(PREFIX)
    try:
        key = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if SHORTEST <= len(key) <= LONGEST:
        return key
    raise InvalidArgument(f"the secret of the sink is not {PREFIX} and {SHORTEST} to {LONGEST} bytes in base64", hint=HOW)


HOW = """make one: python -c 'import secrets, base64; print("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())'"""
