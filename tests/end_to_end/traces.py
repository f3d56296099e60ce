"""How a secret can stand in bytes: words in it that no escaping changes, and those in base64 whatever stands around them."""

import re
import secrets
from base64 import b64encode

LENGTH = 24
_WORD = re.compile(rf"[0-9a-f]{{{LENGTH}}}")


def word() -> str:
    """A new one; JSON, repr, percent-encoding and the like leave it as it is."""
    return secrets.token_hex(LENGTH // 2)


def traces(secret: str) -> set[bytes]:
    """What to search for: each of its words, or the secret itself where it was not made of words, also in base64 at each place in a group."""
    return {trace for piece in _WORD.findall(secret) or [secret] for trace in (piece.encode(), *_in_base64(piece.encode()))}


def _in_base64(piece: bytes) -> list[bytes]:
    """What is the same whatever stands before and after."""
    return [b64encode(b"-" * before + piece)[4 if before else 0 : (before + len(piece)) // 3 * 4] for before in range(3)]
