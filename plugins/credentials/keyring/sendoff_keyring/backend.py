"""Which key store the library keyring uses here, and whether it may be trusted with anything."""

from __future__ import annotations

import sys
from contextlib import closing
from threading import Lock
from typing import TYPE_CHECKING

from sendoff import CredentialNeeded

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

HEADLESS = "with no desktop, keep credentials with env:, file: or systemd:"
_PROMPTING = ("keyring.backends.kwallet", "keyring.backends.libsecret")
_ONE_AT_A_TIME = Lock()  # keyring gathers its backends in globals of its own when it is first asked, and fails where two threads do that at once
LOCKED = "log in to the desktop, or unlock its key store there"


def chosen(named: str | None) -> KeyringBackend:
    """The backend that is named, or keyring's own choice: ``PYTHON_KEYRING_BACKEND``, its configuration, else the one of highest priority.

    Of several it chains, the first that may be used. Errors: ``CredentialNeeded`` with the reason, for one that keeps nothing, or keeps it in clear text.
    """
    with _ONE_AT_A_TIME:
        _leave_out_other_systems()
        found = _named(named) if named else _own_choice()
        chained = _chained(found)
    for backend in chained:
        reason = refusal(backend)
        if reason is None:
            return backend
    raise CredentialNeeded(f"the key store {title(found)} is not used: {refusal(found) or 'none of those that it chains may be'}", hint=HEADLESS)


def refusal(backend: KeyringBackend) -> str | None:
    """None, or why nothing may be entrusted to it. keyring's null backend forgets in silence; those of keyrings.alt write clear text."""
    from keyring.backends import fail, null

    if isinstance(backend, null.Keyring):
        return "it keeps nothing, and says nothing about it"
    if isinstance(backend, fail.Keyring):
        return "there is no key store here that the library keyring knows (a SecretService needs the D-Bus of a login)"
    kinds = " ".join(f"{kind.__module__}.{kind.__qualname__}" for kind in type(backend).__mro__)
    return "it keeps what it is given in clear text" if "plaintext" in kinds.lower() else None


def locked(backend: KeyringBackend) -> str | None:
    """None, or why it cannot be opened without a person now; asked without making a prompt appear. Only a SecretService can be asked that."""
    from keyring.backends import SecretService

    if not isinstance(backend, SecretService.Keyring):
        return None
    import secretstorage
    from secretstorage.exceptions import ItemNotFoundException

    try:
        with closing(secretstorage.dbus_init()) as connection:
            path = getattr(backend, "preferred_collection", None)
            collection = secretstorage.Collection(connection, path) if path else secretstorage.Collection(connection)
            return "it is locked" if collection.is_locked() else None
    except ItemNotFoundException:
        return "it has no collection to keep anything in yet"
    except Exception as cause:  # noqa: BLE001 - D-Bus and who answers there are strangers
        return f"it cannot be reached ({type(cause).__name__}: {cause})"


def unasked(backend: KeyringBackend) -> str | None:
    """None, or that nobody can tell whether it would make a prompt appear; of a SecretService ``locked`` can."""
    kind = type(backend).__module__
    return "whether it is open cannot be asked, and a prompt might appear" if kind in _PROMPTING else None


def title(backend: KeyringBackend) -> str:
    """Its class, as ``PYTHON_KEYRING_BACKEND`` would name it."""
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _leave_out_other_systems() -> None:
    """keyring imports its backends of all systems; that of macOS looks for libraries, which elsewhere starts a compiler on files in the temporary folder."""
    if sys.platform != "darwin":
        sys.modules.setdefault("keyring.backends.macOS.api", None)  # type: ignore[arg-type]


def _named(name: str) -> KeyringBackend:
    from keyring import core

    try:
        return core.load_keyring(name)
    except Exception as cause:  # the name of any class may stand there
        raise CredentialNeeded(f"the key store {name} cannot be used: {cause}", hint="correct backend in the section") from cause


def _own_choice() -> KeyringBackend:
    """keyring chooses when it is imported; where it found nothing then, it looks again, for a login may have come since.

    Whatever class or settings of somebody's it finds then may fail with anything.
    """
    try:
        import keyring
        from keyring.backends import fail

        if isinstance(keyring.get_keyring(), fail.Keyring):
            keyring.core.init_backend()
        return keyring.get_keyring()
    except Exception as cause:
        raise CredentialNeeded(
            f"the library keyring cannot choose a key store: {type(cause).__name__}: {cause}", hint="correct PYTHON_KEYRING_BACKEND or keyringrc.cfg"
        ) from cause


def _chained(backend: KeyringBackend) -> list[KeyringBackend]:
    from keyring.backends import chainer

    return list(backend.backends) if isinstance(backend, chainer.ChainerBackend) else [backend]
