"""``keyring:NAME``: a credential in the key store of a login."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field
from sendoff import Credential, CredentialNeeded, CredentialStore, InvalidArgument, SendoffError, Writable

from sendoff_keyring.backend import HEADLESS, LOCKED, chosen, locked, title, unasked
from sendoff_keyring.entry import credential_of, text_of

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_TRIES, _NOT_THERE = 3, ("ItemNotFoundException", "InitError")
_NAMES = "(names)"  # the entry that lists the others: a key store cannot be asked for that


class KeyringCredentials(CredentialStore, Writable):
    """An entry of the service ``sendoff`` in SecretService (GNOME, KDE), KWallet, or whatever the library keyring finds.

    Asking a store that is locked makes a prompt appear where somebody is logged in; nobody waits for it longer than ``[secrets] timeout``.
    """

    class Settings(BaseModel):
        """service: under which the entries stand. backend: a class of keyring's, instead of its own choice. username: of a secret that somebody has put there
        by other means; with it, that is a password."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        service: str = Field(default="sendoff", min_length=1)
        backend: str | None = None
        username: str = ""

    settings: Settings

    def get(self, name: str, *, environment: Mapping[str, str], refused: Credential | None = None) -> Credential:  # noqa: ARG002 it is the login's
        """What the key store holds now. Errors: ``CredentialNeeded``."""
        _checked(name)
        with self._opened(name) as backend:
            text = _held(backend, self.settings.service, name)
        if not text:
            raise CredentialNeeded(f"keyring:{name}: the key store {title(backend)} holds none", hint=f"sendoff credentials set keyring:{name}", absent=True)
        found = credential_of(text, self.settings.username)
        if refused is not None and (found.username, found.secret) == (refused.username, refused.secret):
            raise CredentialNeeded(f"keyring:{name}: the server refused it", hint=f"sendoff credentials set keyring:{name}")
        return found

    def set(self, name: str, credential: Credential) -> None:
        """Kept, read back, and listed. Errors: ``CredentialNeeded`` for a store that does not give back what it was given."""
        _checked(name)
        with self._opened(name) as backend:
            backend.set_password(self.settings.service, name, text_of(credential))
            kept = backend.get_password(self.settings.service, name)
        if kept is None or credential_of(kept, "") != credential:
            raise CredentialNeeded(f"keyring:{name}: the key store {title(backend)} does not give back what it was given", hint=HEADLESS)
        self._list({*self.names(), name})

    def remove(self, name: str) -> bool:
        """Whether it was there."""
        _checked(name)
        with self._opened(name) as backend:
            there = backend.get_password(self.settings.service, name) is not None
            if there:
                backend.delete_password(self.settings.service, name)
        self._list({*self.names()} - {name})
        return there

    def names(self) -> Iterator[str]:
        """Those that were set through sendoff."""
        with self._opened(_NAMES) as backend:
            text = _held(backend, self.settings.service, _NAMES)
        try:
            listed = json.loads(text or "[]")
        except ValueError:
            listed = []
        yield from sorted(one for one in listed if isinstance(one, str))

    def usable(self) -> str | None:
        """None, or why it cannot be opened without a person now; makes no prompt appear."""
        try:
            backend = chosen(self.settings.backend)
        except CredentialNeeded as cause:
            return cause.message
        reason = locked(backend) or unasked(backend)
        return f"the key store {title(backend)}: {reason}" if reason is not None else None

    def describe(self) -> str:
        """The backend."""
        try:
            return title(chosen(self.settings.backend))
        except CredentialNeeded:
            return ""

    def _list(self, names: Collection[str]) -> None:
        with self._opened(_NAMES) as backend:
            if {*names} != {*self.names()}:
                backend.set_password(self.settings.service, _NAMES, json.dumps(sorted(names)))

    @contextmanager
    def _opened(self, name: str) -> Iterator[KeyringBackend]:
        """The key store; whatever it raises, in sendoff's words."""
        from keyring.errors import KeyringLocked

        backend = chosen(self.settings.backend)
        try:
            yield backend
        except SendoffError:
            raise
        except KeyringLocked as cause:
            raise CredentialNeeded(f"keyring:{name}: the key store {title(backend)} is locked", hint=LOCKED, locked=True) from cause
        except Exception as cause:  # a backend is a stranger's code, and raises what its own library does
            raise CredentialNeeded(f"keyring:{name}: the key store {title(backend)} failed: {type(cause).__name__}: {cause}", hint=HEADLESS) from cause


def _held(backend: KeyringBackend, service: str, name: str) -> str | None:
    """What a key store holds under a name.

    GNOME's, asked by several at once, at times says that a thing which it holds, or has just found, is not there. It is asked again if it is open.
    """
    for _ in range(_TRIES - 1):
        try:
            return backend.get_password(service, name)
        except Exception as cause:
            if type(cause).__name__ not in _NOT_THERE or locked(backend) is not None:
                raise
    return backend.get_password(service, name)


def _checked(name: str) -> None:
    if not name or not name.isprintable() or name == _NAMES:
        raise InvalidArgument(f"keyring:{name!r}: the name of a credential has no control characters and is not empty")
