"""What every driver is given when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from logging import Logger
from pathlib import Path
from random import Random
from typing import Any, Protocol

from sendoff.errors import DriverMissing, Json
from sendoff.model.limits import RetryRules
from sendoff.model.secret import Credential
from sendoff.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """Clock, chance and a log; a store also gets its folder, a credential store the configuration folder as ``folder``.

    Example: ``self.toolkit.log.warning("%s answers slowly", host)``, ``self.toolkit.random.random()``.
    """

    clock: Clock
    random: Random
    log: Logger
    folder: Path = Path()


class CredentialLookup(Protocol):
    """Where a sink asks for a credential that its settings name.

    Example: ``secret = self.toolkit.credential(self.settings.credential).secret``.
    """

    def __call__(self, reference: str) -> Credential:
        """The credential of ``driver:name`` or ``[credentials.NAME]``, as it is now. Errors: ``CredentialNeeded``, ``ConfigurationError``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkToolkit(Toolkit):
    """What a sink is given besides: the credentials that the configuration names, ``env:`` from the environment of the process that does the work.

    Example: ``self.toolkit.credential("env:HOOK_TOKEN")``.
    """

    credential: CredentialLookup


class CredentialSource(Protocol):
    """Where a transport asks for the credential to use now.

    Example: ``newer = self.toolkit.credential(refused=old)``.
    """

    def __call__(self, kind: str = "server", *, challenge: str | None = None, refused: Credential | None = None) -> Credential | None:
        """The credential; None when none is configured; with ``refused`` a newer one, or ``CredentialNeeded``."""
        ...


class Learned(Protocol):
    """Facts about one destination, as one identity sees it; kept over restarts. Whoever relied on one that proves wrong forgets it.

    Example: ``self.toolkit.learned.put("chunk", 8 * 2**20)``.
    """

    def get(self, key: str) -> Json:
        """What was learned; None = nothing. key: its name. Errors: none."""
        ...

    def put(self, key: str, value: Json) -> None:
        """Keep it. key: its name. value: JSON, a few hundred bytes at most. Errors: none."""
        ...

    def forget(self, key: str) -> None:
        """It is no longer so. key: its name. Errors: none."""
        ...


class MemoryLearned:
    """Facts that are forgotten with the process."""

    def __init__(self) -> None:
        self._known: dict[str, Json] = {}

    def get(self, key: str) -> Json:
        """As ``Learned`` says."""
        return self._known.get(key)

    def put(self, key: str, value: Json) -> None:
        """As ``Learned`` says."""
        self._known[key] = value

    def forget(self, key: str) -> None:
        """As ``Learned`` says."""
        self._known.pop(key, None)


class ProtocolSource(Protocol):
    """Where the HTTP transport gets the protocols that are installed.

    Example: ``self.toolkit.http_protocols("tus", {}, self.toolkit)``.
    """

    def __call__(self, name: str, options: Mapping[str, Any], toolkit: TransportToolkit) -> Any:
        """The ``HttpProtocol`` of this name, with these options. Errors: ``DriverMissing``, ``DriverBroken``, ``ConfigurationError``."""
        ...


def no_protocol(name: str, options: Mapping[str, Any], toolkit: TransportToolkit) -> Any:  # noqa: ARG001
    """Where nothing is installed."""
    raise DriverMissing(f"no HTTP protocol {name!r} is installed here")


class Child(Protocol):
    """Where a transport has something done that reads the environment, as the libraries' own credential chains do.

    Example: ``self.toolkit.child(chain.found, self.toolkit.environment, profile="work")``.
    """

    def __call__(self, function: Callable[..., Json], environment: Mapping[str, str], **words: Json) -> Json:
        """What ``function(**words)`` gives in a process of its own, which sees this environment beside the host's.

        function: a module's own, found there by its name; words and what it gives are JSON. Errors: those of ``function`` that are sendoff's, as they are;
        ``Transient`` where it does not come to an end, ``Permanent`` for any other.
        """
        ...


def no_child(function: Callable[..., Json], environment: Mapping[str, str], **words: Json) -> Json:  # noqa: ARG001
    """Where no process can be started."""
    raise DriverMissing("nothing here starts other processes")


def anywhere(url: str) -> None:
    """No policy forbids an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportToolkit:
    """What a transport is given, bound to one destination and one identity.

    environment: what the submitter's environment says about identity (proxies, CA files, agents). rules: the time limits in force.
    learned: facts about the destination. trusted: keys of servers that a person accepted, by host; the same for all destinations.
    http_protocols: those installed. child: runs a function in a process of its own.
    allowed: raises ``Refused`` or ``UnsupportedScheme`` for an address that the policy forbids; ask it before a server's word leads to another origin.

    Example: ``socket.create_connection(address, timeout=self.toolkit.rules.connect_timeout)``.
    """

    clock: Clock
    random: Random
    log: Logger
    credential: CredentialSource
    environment: Mapping[str, str] = field(default_factory=dict)
    rules: RetryRules = RetryRules()
    learned: Learned = field(default_factory=MemoryLearned)
    trusted: Learned = field(default_factory=MemoryLearned)
    http_protocols: ProtocolSource = no_protocol
    child: Child = no_child
    allowed: Callable[[str], None] = anywhere
