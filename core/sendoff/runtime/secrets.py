"""What an operation keeps sealed: its secret headers, the signed part of its address, the submitter's environment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sendoff.model.change import SaveNote
from sendoff.model.operation import Record
from sendoff.model.session import Session, checked_session
from sendoff.ports.store import Store
from sendoff.runtime.vault import Vault

NOTE = "environment"
_IDENTITY = re.compile(r"AWS_\w+|(?:https?|all|no)_proxy|SSH_AUTH_SOCK|SSL_CERT_\w+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The opened secrets of an operation. headers: ``(name, value)``; references: ``(name, driver:name)``, resolved at each try."""

    url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return "Sealed(***)"

    def __bool__(self) -> bool:
        return bool(self.url or self.headers or self.references)


@dataclass(slots=True)
class Secrets:
    """Seals and opens, by operation. hide: told every secret value, so that no log shows it."""

    vault: Vault
    store: Store
    hide: Callable[[str], None] = lambda _: None
    _opened: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def seal(self, id: str, sealed: Sealed) -> bytes | None:
        """The secrets of an operation as its row keeps them; None when it has none."""
        if not sealed:
            return None
        for _, value in sealed.headers:
            self.hide(value)
        plain = json.dumps({"url": sealed.url, "headers": sealed.headers, "references": sealed.references})
        return self.vault.seal(plain.encode(), f"operation {id}")

    def open(self, record: Record) -> Sealed:
        """The secrets of an operation; ``CredentialNeeded`` when the key cannot be had."""
        if record.sealed is None:
            return Sealed()
        found = json.loads(self.vault.open(record.sealed, f"operation {record.id}"))
        pairs = {name: tuple((one[0], one[1]) for one in found[name]) for name in ("headers", "references")}
        for _, value in pairs["headers"]:
            self.hide(value)
        return Sealed(url=found["url"], headers=pairs["headers"], references=pairs["references"])

    def seal_session(self, id: str, session: Session) -> bytes:
        """A server's record of a half-done upload, as the checkpoint keeps it."""
        plain = {"kind": session.kind, "data": session.data, "expires_at": session.expires_at, "leaves": session.leaves}
        return self.vault.seal(checked_session(json.dumps(plain).encode()), f"session {id}")

    def open_session(self, id: str, sealed: bytes) -> Session:
        """The session that was sealed."""
        return Session(**json.loads(self.vault.open(sealed, f"session {id}")))

    def keep_environment(self, environment: Mapping[str, str], named: Sequence[str]) -> tuple[str | None, SaveNote | None]:
        """What the submitter's environment says about identity: the key of its note, and the note to write."""
        kept = {name: value for name, value in sorted(environment.items()) if _IDENTITY.fullmatch(name) or name in named}
        if not kept:
            return None, None
        plain = json.dumps(kept).encode()
        key = self.vault.fingerprint(plain)
        if key in self._opened:
            return key, None
        sealed = self.vault.seal(plain, f"environment {key}")
        self._opened[key] = kept
        return key, SaveNote(kind=NOTE, key=key, value={"sealed": sealed.hex()})

    def environment(self, key: str | None) -> Mapping[str, str]:
        """The submitter's environment that an operation names; empty when it brought none."""
        if key is None:
            return {}
        if key not in self._opened:
            note: Any = self.store.note(NOTE, [key]).get(key)
            if note is None:
                return {}
            self._opened[key] = json.loads(self.vault.open(bytes.fromhex(note.value["sealed"]), f"environment {key}"))
        return self._opened[key]
