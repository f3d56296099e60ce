"""Credentials, resolved at use and never kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sendoff.errors import ConfigurationError, CredentialNeeded, InvalidArgument
from sendoff.model.configuration import Configuration
from sendoff.model.secret import Credential
from sendoff.ports.credentials import CredentialStore, Writable
from sendoff.ports.toolkit import Toolkit
from sendoff.runtime.installation import Installed


class Credentials:
    """References to credentials: ``driver:name``, or the name of a ``[credentials.NAME]`` section."""

    def __init__(
        self, installed: Installed, configuration: Callable[[], Configuration], toolkit: Toolkit, *, hide: Callable[[str], None] = lambda _: None
    ) -> None:
        self._installed, self._configuration, self._toolkit, self._hide = installed, configuration, toolkit, hide

    def is_reference(self, text: str) -> bool:
        """Whether a text names a credential rather than being one."""
        driver, colon, name = text.partition(":")
        return bool(colon and name and " " not in text and driver in self._installed.names("credentials"))

    def checked(self, reference: str) -> str:
        """The reference, if something here can answer it; ``ConfigurationError`` names what there is."""
        self._store_of(reference)
        return reference

    def variables(self, reference: str) -> tuple[str, ...]:
        """The environment variables a reference reads, which therefore travel with the operation."""
        driver, colon, name = reference.partition(":")
        section = None if colon else self._configuration().credentials.get(reference)
        if section is not None:
            driver, name = section.use, str(section.options.get("variable", reference))
        return (name, f"{name}_USERNAME", f"{name}_PASSWORD") if driver == "env" else ()

    def get(self, reference: str, *, environment: Mapping[str, str], refused: Credential | None = None) -> Credential:
        """The credential as it is now; with ``refused`` a newer one. ``CredentialNeeded`` says what to do."""
        store, name, kind = self._store_of(reference)
        try:
            found = store.get(name, environment=environment, refused=refused)
        finally:
            store.close()
        self._hide(found.secret.reveal())
        if refused is not None and found == refused:
            raise CredentialNeeded(f"the server refused the credential {reference}", hint="correct it")
        return found if kind is None else Credential(kind=kind, username=found.username, secret=found.secret, expires_at=found.expires_at)

    def keep(self, reference: str, credential: Credential | None) -> None:
        """Set or remove (None) a credential where its store can be written."""
        store, name, _ = self._store_of(reference)
        if not isinstance(store, Writable):
            raise InvalidArgument(f"{reference}: this credential store cannot be written", hint="change it where it comes from")
        if credential is not None:
            store.set(name, credential)
        elif not store.remove(name):
            raise InvalidArgument(f"there is no credential {reference}")

    def _store_of(self, reference: str) -> tuple[CredentialStore, str, str | None]:
        driver, colon, name = reference.partition(":")
        kind, options = None, {}
        if not colon:
            section = self._configuration().credentials.get(reference)
            if section is None:
                raise ConfigurationError(
                    f"there is no credential {reference!r}", hint=f"add a [credentials.{reference}] section, or write driver:name, such as env:NAME"
                )
            driver, name, kind, options = section.use, reference, section.kind, dict(section.options)
        return self._make(driver, options, None if colon else f"credentials.{reference}"), name, kind

    def _make(self, driver: str, options: Mapping[str, Any], section: str | None) -> CredentialStore:
        settings = self._installed.settings("credentials", driver, options, section=section)
        made: CredentialStore = self._installed.load("credentials", driver)(settings, self._toolkit)
        return made
