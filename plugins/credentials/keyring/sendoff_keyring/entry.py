"""A credential as one text, which is all that a key store keeps."""

from __future__ import annotations

import json

from sendoff import Credential, Secret

_MARK = "sendoff-credential/1"


def text_of(credential: Credential) -> str:
    """With its kind and user name."""
    held = {"form": _MARK, "kind": credential.kind, "username": credential.username, "expires_at": credential.expires_at}
    return json.dumps({**held, "secret": credential.secret.reveal()})


def credential_of(text: str, username: str) -> Credential:
    """What was kept; any other text is a secret that somebody has put there by other means. username: with it, that is its password."""
    try:
        held = json.loads(text)
    except ValueError:
        held = None
    if isinstance(held, dict) and held.get("form") == _MARK:
        return Credential(kind=held["kind"], username=held["username"], secret=Secret(held["secret"]), expires_at=held["expires_at"])
    return Credential(kind="basic" if username else "bearer", username=username, secret=Secret(text))
