"""Where the data key of a journal lives."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sendoff.errors import ConfigurationError, CredentialNeeded, InvalidArgument, SendoffError
from sendoff.model.secret import Credential, Secret
from sendoff.runtime.credentials import RESERVED, Credentials
from sendoff.runtime.key_file import KeyFile

KEY_NOTE = "vault"  # which key it is
KEYRING = "keyring"  # the credential store that a login opens
UNLOCK = "unlock it: what waits goes on then"


class Key(Protocol):
    """Where the data key lives. place: as ``seal`` names it, and which. lasting: it may come back after it could not be had."""

    place: str
    lasting: bool

    def usable(self) -> str | None:
        """None, or why it cannot be had without a person now; asked without waiting for one."""
        ...

    def load(self) -> bytes | None:
        """The key, 32 bytes; None when there is none yet. Errors: ``CredentialNeeded`` and ``ConfigurationError`` where that cannot be said."""
        ...

    def make(self) -> bytes:
        """A new key, kept before this returns."""
        ...

    def describe(self) -> str:
        """Where it lives and what that protects from, one sentence."""
        ...

    def discard(self) -> str | None:
        """Remove it with the journal that has it, unless somebody else gave it; what became of it, None where there was none."""
        ...


class MemoryKey:
    """Nowhere: after the process's death sealed secrets are gone and must be given again."""

    place = "memory"
    lasting = False

    def __init__(self) -> None:
        self._key: bytes | None = None

    def usable(self) -> str | None:
        """Always."""
        return None

    def load(self) -> bytes | None:
        """The key made in this process."""
        return self._key

    def make(self) -> bytes:
        """A new key, in memory only."""
        self._key = os.urandom(32)
        return self._key

    def discard(self) -> str | None:
        """It went with the process."""
        return None

    def describe(self) -> str:
        """What that protects from."""
        return "memory: the key is nowhere on disk; after the host's death operations with secrets wait for them to be given again"


class StoreKey:
    """In a credential store of the machine, which a person's login opens. name: of its entry."""

    place = KEYRING
    lasting = True

    def __init__(self, credentials: Credentials, driver: str, name: str) -> None:
        self._credentials, self._driver, self._name = credentials, driver, name

    @property
    def _reference(self) -> str:
        return f"{self._driver}:{self._name}"

    def usable(self) -> str | None:
        """None, or why it cannot be asked without a person now."""
        return self._credentials.usable(self._driver)

    def load(self) -> bytes | None:
        """The key, None where the store says that it has none; ``CredentialNeeded`` where it cannot say, without a person perhaps."""
        reason = self.usable()
        if reason is not None:
            raise CredentialNeeded(f"the key store {self._driver} cannot be opened: {reason}", hint=UNLOCK)
        try:
            text = self._credentials.get(self._reference, environment={}, ours=True).secret.reveal()
        except CredentialNeeded as cause:
            if cause.facts.get("absent"):
                return None
            raise CredentialNeeded(cause.message, hint=UNLOCK) from cause
        try:
            key = bytes.fromhex(text)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ConfigurationError(f"what the key store holds as {self._reference} is not a key of sendoff", hint="take it away there")
        return key

    def make(self) -> bytes:
        """A new key, in the store and read back before this returns."""
        key = os.urandom(32)
        try:
            self._credentials.keep(self._reference, Credential(kind="key", secret=Secret(key.hex())), ours=True)
        except SendoffError as cause:
            raise ConfigurationError(f"the key that secrets are sealed with cannot be kept by {self._driver}: {cause.message}", hint=cause.hint) from cause
        return key

    def discard(self) -> str | None:
        """Take it out of the store."""
        try:
            self._credentials.keep(self._reference, None, ours=True)
        except InvalidArgument:
            return None
        except SendoffError as cause:
            return f"the key stays in the key store, as {self._reference}: {cause.message}"
        return f"the key in {self._reference} is gone: what was sealed with it cannot be opened any more, in a copy of the journal either"

    def describe(self) -> str:
        """Where it lives and what that protects from."""
        which = self._credentials.describe(self._driver)
        where = f"keyring: the key is in the key store of this login{f' ({which})' if which else ''}, as {self._reference}"
        return f"{where}; a copy of this machine's disk tells nothing, a program of yours while you are logged in can read it"


def keys_for(seal: str, *, environment: Mapping[str, str], folder: Path, journal: str, credentials: Credentials) -> tuple[Sequence[Key], Sequence[Key]]:
    """The places that a ``seal`` setting names, the best first; and those where a key may be that was made while it named others.

    folder: the configuration folder. journal: its id, one key each.
    """
    memory, store = MemoryKey(), StoreKey(credentials, KEYRING, f"{RESERVED}{journal}")
    given, made = _given(environment), KeyFile(folder / "keys" / f"{journal}.key", given=False)
    file = given or made
    stores = (store,) if credentials.installed(KEYRING) else ()
    wanted: Mapping[str, tuple[Key, ...]] = {"memory": (memory,), "keyring": (store,), "sealed-file": (file,), "auto": (*stores, file)}
    earlier = (*stores, *((given,) if given else ()), made)
    return wanted[seal], tuple(one for one in earlier if one not in wanted[seal])


def _given(environment: Mapping[str, str]) -> KeyFile | None:
    """The file that somebody else makes: a service manager, or whoever names it."""
    handed = environment.get("CREDENTIALS_DIRECTORY")
    if handed and os.path.exists(os.path.join(handed, "sendoff-key")):
        return KeyFile(Path(handed) / "sendoff-key", given=True, forbidden=0)  # who reads it is the service manager's to say
    if environment.get("SENDOFF_KEY_FILE"):
        return KeyFile(Path(environment["SENDOFF_KEY_FILE"]), given=True, forbidden=0o007)
    return None
