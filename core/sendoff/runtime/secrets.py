"""What an operation keeps sealed: its secret headers, the signed part of its address, the submitter's environment."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sendoff.model.change import SaveNote
from sendoff.model.operation import Record
from sendoff.model.query import Query
from sendoff.model.secret import SEALED, Credential, Secret, is_secret_word
from sendoff.model.session import Session, checked_session
from sendoff.ports.store import Store
from sendoff.runtime.vault import Vault

NOTE = "environment"
_LONGEST_HIDDEN = 8192  # characters in base64; longer ones are documents, which no log repeats
_SHORTEST_PATH = 16  # characters; a shorter one is hardly a secret, and could stand anywhere
_IDENTITY = re.compile(r"AWS_\w+|(?:https?|all|no)_proxy|SSH_AUTH_SOCK|SSL_CERT_\w+", re.IGNORECASE)
_PUBLIC = re.compile(
    r"AWS_(?:DEFAULT_)?(?:REGION|OUTPUT|PROFILE)|AWS_\w*(?:_FILE|_URL|_MODE)|\w+_proxy|SSH_AUTH_SOCK|SSL_CERT_\w+"
    r"|(?-i:HOME|USER|LOGNAME|XDG_CONFIG_HOME|XDG_RUNTIME_DIR|DBUS_SESSION_BUS_ADDRESS)",
    re.IGNORECASE,
)


def is_identity(name: str) -> bool:
    """Whether a variable says who somebody is, or by which way and whose word servers are reached."""
    return _IDENTITY.fullmatch(name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The opened secrets of an operation. headers: ``(name, value)``; references: ``(name, driver:name)``, resolved at each try.

    parts: what parts of its form hold, in base64, by their place. identities: credentials that came with it, by kind: ``server``, ``proxy``.
    """

    url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[int, str], ...] = ()
    identities: tuple[tuple[str, Credential], ...] = ()

    def __repr__(self) -> str:
        return "Sealed(***)"

    def __bool__(self) -> bool:
        return bool(self.url or self.headers or self.references or self.parts or self.identities)


@dataclass(slots=True)
class Secrets:
    """Seals and opens, by operation. hide: told every secret value, so that no log shows it."""

    vault: Vault
    store: Store
    hide: Callable[[str], None] = lambda _: None
    _opened: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _notes: dict[str, SaveNote] = field(default_factory=dict)

    def seal(self, id: str, sealed: Sealed) -> bytes | None:
        """The secrets of an operation as its row keeps them; None when it has none."""
        if not sealed:
            return None
        self._hide_sealed(sealed)
        plain: dict[str, Any] = {"url": sealed.url, "headers": sealed.headers, "references": sealed.references, "parts": sealed.parts}
        plain |= {"identities": [(kind, _written(one)) for kind, one in sealed.identities]} if sealed.identities else {}
        return self.vault.seal(json.dumps(plain).encode(), f"operation {id}")

    def reference(self, credential: Credential) -> str:
        """What a record calls a credential that came with it: the same for the same one, and it tells nothing of it."""
        return SEALED + self.vault.fingerprint(json.dumps(_written(credential)).encode())

    def open(self, record: Record) -> Sealed:
        """The secrets of an operation; ``CredentialNeeded`` when the key cannot be had."""
        if record.sealed is None:
            return Sealed()
        found = json.loads(self.vault.open(record.sealed, f"operation {record.id}"))
        pairs = {name: tuple((one[0], one[1]) for one in found.get(name, ())) for name in ("headers", "references", "parts")}
        identities = tuple((kind, _read(one)) for kind, one in found.get("identities", ()))
        sealed = Sealed(url=found["url"], **pairs, identities=identities)
        self._hide_sealed(sealed)
        return sealed

    def seal_session(self, id: str, session: Session) -> bytes:
        """A server's record of a half-done upload, as the checkpoint keeps it. Whoever knows its address can write there: no log shows it."""
        self._hide_session(session)
        plain = {"kind": session.kind, "data": session.data, "expires_at": session.expires_at, "leaves": session.leaves}
        return self.vault.seal(checked_session(json.dumps(plain).encode()), f"session {id}")

    def open_session(self, id: str, sealed: bytes) -> Session:
        """The session that was sealed."""
        session = Session(**json.loads(self.vault.open(sealed, f"session {id}")))
        self._hide_session(session)
        return session

    def keep_environment(self, environment: Mapping[str, str], named: Sequence[str]) -> tuple[str | None, SaveNote | None]:
        """What the submitter's environment says about identity: the key of its note, and the note to write."""
        kept = {name: value for name, value in sorted(environment.items()) if is_identity(name) or name in named}
        if not kept:
            return None, None
        plain = json.dumps(kept).encode()
        key = self.vault.fingerprint(plain)
        if key not in self._notes:
            sealed = self.vault.seal(plain, f"environment {key}")
            self._notes[key] = SaveNote(kind=NOTE, key=key, value={"sealed": sealed.hex()})
        return key, self._notes[key]

    def identity_of(self, environment: Mapping[str, str], named: Sequence[str] = ()) -> Mapping[str, str]:
        """What an environment says about identity, for one question alone, with what credentials read of it; nothing of it is kept."""
        found = {name: value for name, value in environment.items() if is_identity(name) or name in named}
        self._hide_all(found)
        return found

    def environment(self, key: str | None) -> Mapping[str, str]:
        """The submitter's environment that an operation names; empty when it brought none."""
        if key is None:
            return {}
        if key not in self._opened:
            note: Any = self.store.note(NOTE, [key]).get(key)
            if note is None:
                return {}
            self._opened[key] = json.loads(self.vault.open(bytes.fromhex(note.value["sealed"]), f"environment {key}"))
        self._hide_all(self._opened[key])
        return self._opened[key]

    def forget_environment(self, key: str) -> None:
        """No operation names it any more."""
        self._opened.pop(key, None)
        self._notes.pop(key, None)

    def _hide_sealed(self, sealed: Sealed) -> None:
        for _, value in sealed.headers:
            self.hide(value)
        for _, credential in sealed.identities:
            self.hide(credential.secret.reveal())
        for _, content in sealed.parts:
            if len(content) <= _LONGEST_HIDDEN:
                self.hide(b64decode(content).decode(errors="replace").strip())
        for name, value in parse_qsl(urlsplit(sealed.url or "").query):
            if is_secret_word(name):
                self.hide(value)

    def _hide_session(self, session: Session) -> None:
        """An address, and what of it stands in a log that names the server in its own way."""
        for value in session.data.values():
            if isinstance(value, str) and "://" in value:
                self.hide(value)
                path = urlsplit(value).path
                if len(path) >= _SHORTEST_PATH:
                    self.hide(path)

    def _hide_all(self, environment: Mapping[str, str]) -> None:
        """What is secret in an environment: by its name, or a password in an address."""
        for name, value in environment.items():
            if not _PUBLIC.fullmatch(name):
                self.hide(value)
            login = value.partition("://")[2].rpartition("@")[0]
            if login:
                self.hide(login.partition(":")[2])


def _written(credential: Credential) -> dict[str, Any]:
    return {"kind": credential.kind, "username": credential.username, "secret": credential.secret.reveal(), "expires_at": credential.expires_at}


def _read(found: Mapping[str, Any]) -> Credential:
    return Credential(kind=found["kind"], username=found["username"], secret=Secret(found["secret"]), expires_at=found["expires_at"])


def holds_sealed(store: Store) -> bool:
    """Whether a journal holds anything that is sealed; looks at every operation that may have secrets, so it is asked rarely."""
    if store.notes(NOTE, limit=1).items:
        return True
    for query in (Query(open=True), Query(statuses=("error", "canceled"))):
        after: str | None = None
        while True:
            page = store.find(query, after=after, limit=1000)
            if any(record.sealed is not None or _has_session(store, record) for record in page.items):
                return True
            after = page.next
            if after is None:
                break
    return False


def _has_session(store: Store, record: Record) -> bool:
    checkpoint = store.checkpoint(record.number)
    return checkpoint is not None and checkpoint.session is not None
