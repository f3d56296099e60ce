"""The configuration in force, as the work sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sendoff.model.destination import Destination
from sendoff.model.limits import HandlerRules, Limits, Retention, RetryRules
from sendoff.model.template import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSection:
    """A ``[credentials.NAME]`` section. use: the driver. kind: ``basic bearer header key``. options: the driver's own keys."""

    use: str
    kind: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkSection:
    """A ``[[sinks]]`` entry. on: what it is told of. words: what that says to people. options: the driver's own keys. uninvited: it is in no file."""

    name: str
    use: str
    on: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    words: Words = Words()
    uninvited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What follows the file while the host runs; frozen, replaced whole when the file changes.

    transports: a driver's own settings by its name. allow_schemes, allow_hosts (``*.example``): None = all. unconstrained: a program may ask that
    uploads go on while the machine saves power. seal: ``auto keyring sealed-file memory``. secrets_timeout: seconds that a credential store may take to
    answer. path: the file it came from, "" when there was none. idle_exit: seconds. settle: seconds for which the network must be another, until that
    counts.
    """

    limits: Limits = Limits()
    retry: RetryRules = RetryRules()
    retention: Retention = Retention()
    handlers: HandlerRules = HandlerRules()
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    transports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    credentials: Mapping[str, CredentialSection] = field(default_factory=dict)
    sinks: tuple[SinkSection, ...] = ()
    allow_schemes: tuple[str, ...] | None = None
    allow_hosts: tuple[str, ...] | None = None
    unconstrained: bool = False
    disabled: tuple[str, ...] = ()
    store: str = "sqlite"
    store_options: Mapping[str, Any] = field(default_factory=dict)
    network: str = "auto"
    settle: float = 5.0
    network_options: Mapping[str, Any] = field(default_factory=dict)
    seal: str = "auto"
    secrets_timeout: float = 30.0
    mode: str = "auto"
    idle_exit: float = 600.0
    log_level: str = "info"
    path: str = ""
