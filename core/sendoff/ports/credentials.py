"""Proofs of identity, fetched when they are used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from sendoff.model.secret import Credential
from sendoff.ports.toolkit import Toolkit


class CredentialStore(ABC):
    """The word before ``:`` in a reference.

    Settings: a pydantic model of ``[credentials.NAME]``; unknown keys are errors.

    Example: ``sendoff_credentials_basic.env:EnvCredentials``.
    """

    Settings: ClassVar[type]

    def __init__(self, settings: Any, toolkit: Toolkit) -> None:
        """No input or output happens here."""
        self.settings, self.toolkit = settings, toolkit

    @abstractmethod
    def get(self, name: str, *, environment: Mapping[str, str], refused: Credential | None = None) -> Credential:
        """The credential as it is now; with ``refused`` a newer one.

        name: what stands behind the colon. environment: of the submitter, what it says about identity and ``variables``. refused: the one that a server did
        not take. The caller sets the deadline and never caches.

        Errors: ``CredentialNeeded`` that says what to do; with ``absent=True`` that there surely is none, with ``locked=True`` that ``usable`` will tell when
        somebody has unlocked it.
        """

    def variables(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Variables of the submitter's environment that ``get`` reads for this one, which therefore travel with the operation, sealed.

        name: what stands behind the colon. Errors: none.
        """
        return ()

    def usable(self) -> str | None:
        """None, or the reason why this store does not work here and now."""
        return None

    def patience(self) -> float | None:
        """Seconds an answer may take where the driver limits that itself; None = as long as any other."""
        return None

    def describe(self) -> str:
        """Which one it is, where there are several of its kind; asked without making a prompt appear."""
        return ""

    def close(self) -> None:
        """Let go of what it holds."""


class Writable(ABC):
    """A credential store that can be written.

    Example: ``sendoff_credentials_basic.file:FileCredentials``.
    """

    @abstractmethod
    def set(self, name: str, credential: Credential) -> None:
        """Keep it; read back before this returns.

        name: what stands behind the colon. credential: to be kept.
        Errors: ``CredentialNeeded`` where it cannot be, ``InvalidArgument`` for one that has no place.
        """

    @abstractmethod
    def remove(self, name: str) -> bool:
        """Forget it; whether it was there. name: what stands behind the colon. Errors: ``CredentialNeeded`` where it cannot be."""

    @abstractmethod
    def names(self) -> Iterator[str]:
        """What it holds; never values."""
