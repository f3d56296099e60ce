"""Credentials, resolved at use and never kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from sendoff.deadline import Deadlines, Overdue, attempted
from sendoff.errors import ConfigurationError, CredentialNeeded, InvalidArgument, SendoffError, from_json, to_json
from sendoff.model.configuration import Configuration
from sendoff.model.secret import Credential
from sendoff.ports.credentials import CredentialStore, Writable
from sendoff.ports.toolkit import Toolkit
from sendoff.runtime.installation import Installed

Answer = TypeVar("Answer")
_REPORT = "report it to whoever made the driver"
RESERVED = "key-of-journal-"  # what a name of ours in a key store begins with; no upload is sent with it, and no command touches it


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a reference leads to. kind: what its section says it is."""

    driver: str
    name: str
    store: CredentialStore
    kind: str | None = None


class Credentials:
    """References to credentials: ``driver:name``, or the name of a ``[credentials.NAME]`` section.

    hide: told every secret, so that no log shows it. late: told the reference whose store has answered after it was given up on. locked: references that
    were asked for of a store that somebody must unlock, each with its driver.
    """

    def __init__(
        self, installed: Installed, configuration: Callable[[], Configuration], toolkit: Toolkit, *, hide: Callable[[str], None] = lambda _: None,
        late: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._installed, self._configuration, self._toolkit, self._hide = installed, configuration, toolkit, hide
        self._deadlines = Deadlines(lambda: configuration().secrets_timeout, late)
        self.locked: dict[str, str] = {}

    # -- what is referred to -----------------------------------------------------------------------------------------------

    def is_reference(self, text: str) -> bool:
        """Whether a text names a credential rather than being one."""
        driver, colon, name = text.partition(":")
        return bool(colon and name and " " not in text and self.installed(driver))

    def installed(self, driver: str) -> bool:
        """Whether there is a store of this name."""
        return driver in self._installed.names("credentials")

    def checked(self, reference: str) -> str:
        """The reference, if something here can answer it; ``ConfigurationError`` names what there is."""
        self._entry(reference)
        return reference

    def variables(self, reference: str) -> tuple[str, ...]:
        """The environment variables a reference reads, which therefore travel with the operation; none where nothing here can answer it."""
        try:
            entry = self._entry(reference)
        except (ConfigurationError, CredentialNeeded):
            return ()
        return entry.store.variables(entry.name)

    def alike(self, one: str, other: str) -> bool:
        """Whether two references may lead to the same entry, one by its section perhaps."""
        return self._place(one) == self._place(other)

    # -- one credential ----------------------------------------------------------------------------------------------------

    def get(self, reference: str, *, environment: Mapping[str, str], refused: Credential | None = None, ours: bool = False) -> Credential:
        """The credential as it is now; with ``refused`` a newer one. ``CredentialNeeded`` says what to do. ours: it is the key of a journal."""
        entry = self._entry(reference, ours=ours)
        found = self._asked(reference, entry.store, lambda: entry.store.get(entry.name, environment=environment, refused=refused), about=reference)
        if not isinstance(found, Credential):
            raise CredentialNeeded(f"{reference}: the credential store answered with a {type(found).__name__}, which is no credential", hint=_REPORT)
        self._hide(found.secret.reveal())
        if refused is not None and found == refused:
            raise CredentialNeeded(f"the server refused the credential {reference}", hint="correct it")
        if found.expires_at is not None and found.expires_at <= self._toolkit.clock.wall():
            raise CredentialNeeded(f"the credential {reference} has expired", hint="renew it where it comes from")
        wanted = _of_kind(found, entry.kind)
        fault = fault_of(wanted)
        if fault:
            raise CredentialNeeded(f"the credential {reference} {fault}", hint="correct it where it comes from")
        return wanted

    def keep(self, reference: str, credential: Credential | None, *, ours: bool = False) -> None:
        """Set or remove (None) a credential where its store can be written. ours: it is the key of a journal."""
        entry = self._entry(reference, ours=ours)
        store = entry.store
        if not isinstance(store, Writable):
            raise InvalidArgument(f"{reference}: this credential store cannot be written", hint="change it where it comes from")
        if credential is None:
            if not self._asked(reference, store, lambda: store.remove(entry.name)):
                raise InvalidArgument(f"there is no credential {reference}")
            return
        self._hide(credential.secret.reveal())
        wanted = _of_kind(credential, entry.kind)
        fault = fault_of(wanted)
        if fault:
            raise InvalidArgument(f"the credential {reference} {fault}; nothing was kept")
        self._asked(reference, store, lambda: store.set(entry.name, wanted), about=reference)

    # -- the stores --------------------------------------------------------------------------------------------------------

    def usable(self, driver: str) -> str | None:
        """None, or why a store cannot be asked without a person now."""
        try:
            store = self._make(driver, {}, None)
            answer = self._asked(driver, store, store.usable)
            return answer if answer is None or isinstance(answer, str) else f"it answered with a {type(answer).__name__}, which is no reason"
        except SendoffError as error:
            return error.message

    def describe(self, driver: str) -> str:
        """Which store it is, where that can be told."""
        try:
            store = self._make(driver, {}, None)
            return self._asked(driver, store, store.describe)
        except SendoffError:
            return ""

    def stores(self) -> list[str]:
        """The names of those that are installed."""
        return sorted(self._installed.names("credentials"))

    def names(self) -> tuple[list[str], dict[str, str]]:
        """References to the sections and to what the stores that can be listed hold, never values; and by its name why a store could not be listed."""
        found, passed_by = sorted(self._configuration().credentials), dict[str, str]()
        for driver in self.stores():
            try:
                store = self._make(driver, {}, None)
                if isinstance(store, Writable):
                    found += [f"{driver}:{name}" for name in self._asked(driver, store, lambda one=store: _listed(one))]  # type: ignore[misc]
            except SendoffError as error:
                passed_by[driver] = error.message
        return found, passed_by

    # -- how they are reached ----------------------------------------------------------------------------------------------

    def _asked(self, reference: str, store: CredentialStore, question: Callable[[], Answer], *, about: str | None = None) -> Answer:
        """What a store says; nobody waits longer than the deadline for one that hangs, behind a prompt that nobody answers perhaps."""

        def asked() -> Answer:
            with closing(store):
                answer, error = attempted(question)
            if error is not None and not isinstance(error, Exception):  # it ends no thread of ours
                raise RuntimeError(type(error).__name__) from error
            if error is not None:
                raise error
            return answer  # type: ignore[return-value]

        driver, name, _ = self._place_and_options(reference)
        try:
            return self._deadlines.call(driver, asked, about=about, patience=store.patience())
        except Overdue as cause:
            still = "has not answered yet; it may be waiting for somebody to unlock it" if cause.since_before else "did not answer"
            message = f"{reference}: the credential store {still} (it is given {cause.seconds:g} seconds)"
            raise CredentialNeeded(message, hint="unlock it, or see what holds it up") from cause
        except CredentialNeeded as cause:
            self.locked |= {about: driver} if about and cause.facts.get("locked") else {}
            raise _named(cause, f"{driver}:{name}", reference) from cause
        except SendoffError:
            raise
        except Exception as cause:  # a store is a stranger's code; what it says is not repeated, for it might be the secret
            raise CredentialNeeded(f"{reference}: the credential store failed ({type(cause).__name__})", hint=_REPORT) from cause

    def _place(self, reference: str) -> tuple[str, str]:
        driver, name, _ = self._place_and_options(reference)
        return driver, name

    def _place_and_options(self, reference: str) -> tuple[str, str, Mapping[str, Any]]:
        """Driver, name and settings; a section that is not there stands for itself."""
        driver, colon, name = reference.partition(":")
        section = None if colon else self._configuration().credentials.get(reference)
        return (section.use, reference, section.options) if section else (driver, name, {})

    def _entry(self, reference: str, *, ours: bool = False) -> _Entry:
        section = self._configuration().credentials.get(reference)
        if section is None and ":" not in reference:
            raise ConfigurationError(
                f"there is no credential {reference!r}", hint=f"add a [credentials.{reference}] section, or write driver:name, such as env:NAME",
                section_missing=reference,
            )  # fmt: skip
        driver, name, options = self._place_and_options(reference)
        if name.startswith(RESERVED) and not ours:
            raise InvalidArgument(f"{reference} is the key of a journal, and no credential", hint="sendoff purge takes it away with its journal")
        store = self._make(driver, options, f"credentials.{reference}" if section and ":" not in reference else None)
        return _Entry(driver, name, store, section.kind if section and ":" not in reference else None)

    def _make(self, driver: str, options: Mapping[str, Any], section: str | None) -> CredentialStore:
        settings = self._installed.settings("credentials", driver, dict(options), section=section)
        made, error = attempted(lambda: self._installed.load("credentials", driver)(settings, self._toolkit))
        if isinstance(error, SendoffError | KeyboardInterrupt):
            raise error
        if error is not None:  # as above: what it says is not repeated
            raise CredentialNeeded(f"the credential store {driver} cannot be made ({type(error).__name__})", hint=_REPORT) from error
        return made  # type: ignore[return-value]


def _listed(store: Any) -> list[str]:
    """Names a store holds, without ours; ``CredentialNeeded`` where it cannot be opened without a person."""
    reason = store.usable()
    if reason is not None:
        raise CredentialNeeded(reason)
    return [name for name in store.names() if not name.startswith(RESERVED)]


def _of_kind(found: Credential, kind: str | None) -> Credential:
    """As the section says."""
    return found if kind is None else Credential(kind=kind, username=found.username, secret=found.secret, expires_at=found.expires_at)


def fault_of(credential: Credential) -> str | None:
    """None, or what is wrong with one that could not be sent: a control character or an outer blank in a header (RFC 9110 section 5.5), a name that lacks."""
    value, named = credential.secret.reveal(), credential.kind in ("basic", "header")
    if named and not credential.username:
        return f"lacks {'the user name' if credential.kind == 'basic' else 'the name of the header'}"
    if not value:
        return "is empty"
    if credential.kind == "basic" and ":" in credential.username:
        return "has a colon in its user name (RFC 7617 section 2)"
    if credential.kind != "key" and any(ord(char) < 32 or ord(char) == 127 for char in credential.username + value):
        return "has a line break or another control character"
    return "begins or ends with a blank" if credential.kind in ("bearer", "header") and value != value.strip() else None


def _named(cause: CredentialNeeded, place: str, reference: str) -> CredentialNeeded:
    """As whoever asked calls it: a store knows its entry, not the section that leads there."""
    if place == reference:
        return cause
    told = to_json(cause)
    return from_json({**told, "message": cause.message.replace(place, reference), "hint": cause.hint.replace(place, reference) if cause.hint else None})  # type: ignore[return-value]
