"""What every driver is given when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from logging import Logger
from pathlib import Path
from random import Random
from typing import Protocol

from sendoff.model.limits import RetryRules
from sendoff.model.secret import Credential
from sendoff.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """Clock, chance and a log; a store also gets its folder, a credential store the configuration folder as ``folder``."""

    clock: Clock
    random: Random
    log: Logger
    folder: Path = Path()


class CredentialLookup(Protocol):
    """Where a sink asks for a credential that its settings name."""

    def __call__(self, reference: str) -> Credential:
        """The credential of ``driver:name`` or ``[credentials.NAME]``, as it is now. Errors: ``CredentialNeeded``, ``ConfigurationError``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkToolkit(Toolkit):
    """What a sink is given besides: the credentials that the configuration names, ``env:`` from the environment of the process that does the work."""

    credential: CredentialLookup


class CredentialSource(Protocol):
    """Where a transport asks for the credential to use now."""

    def __call__(self, kind: str = "server", *, challenge: str | None = None, refused: Credential | None = None) -> Credential | None:
        """The credential; None when none is configured; with ``refused`` a newer one, or ``CredentialNeeded``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportToolkit:
    """What a transport is given, bound to one destination and one identity.

    environment: what the submitter's environment says about identity (proxies, CA files, agents). rules: the time limits in force.
    """

    clock: Clock
    random: Random
    log: Logger
    credential: CredentialSource
    environment: Mapping[str, str] = field(default_factory=dict)
    rules: RetryRules = RetryRules()
