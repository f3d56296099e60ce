"""One transport instance per destination and identity: two accounts can never share a connection."""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatch
from random import Random
from typing import Any
from urllib.parse import urlsplit

from sendoff.errors import ConfigurationError, CredentialNeeded, InvalidArgument, Refused, SendoffError, UnsupportedScheme
from sendoff.model.configuration import Configuration
from sendoff.model.destination import Destination, origin_of, scheme_of
from sendoff.model.operation import Record
from sendoff.model.secret import Credential, is_sealed
from sendoff.ports.clock import Clock
from sendoff.ports.http_protocol import HttpProtocol
from sendoff.ports.toolkit import TransportToolkit
from sendoff.ports.transport import Bundling, Transport
from sendoff.runtime.child import in_child
from sendoff.runtime.closing import Closing
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.installation import Installed
from sendoff.runtime.journal import Journal
from sendoff.runtime.learned import TRUSTED, NotedLearned
from sendoff.runtime.secrets import Secrets

MOST_KEPT = 64
OTHER_KINDS = ("proxy", "passphrase")  # of credentials, besides the server's


class Connections:
    """Makes transports, keeps those in use, lets the longest unused go."""

    def __init__(
        self, installed: Installed, configuration: Callable[[], Configuration], credentials: Credentials, secrets: Secrets, journal: Journal, *,
        clock: Clock, random: Random,
    ) -> None:  # fmt: skip
        self._installed, self._configuration, self._credentials, self._secrets = installed, configuration, credentials, secrets
        self._journal, self._clock, self._random = journal, clock, random
        self._trusted = NotedLearned(journal, clock, TRUSTED, TRUSTED)
        self._kept: OrderedDict[tuple[str, ...], Transport] = OrderedDict()
        self._users: Counter[int] = Counter()
        self._lock, self._closing = threading.Lock(), Closing()

    def destination_of(self, record: Record) -> Destination:
        """Where an operation goes, as the configuration says now."""
        name = record.spec.destination
        if name is None:
            return Destination(
                url=record.spec.root, transport=record.spec.transport, credential=record.spec.credential, options=record.spec.options,
            )  # fmt: skip
        found = self.named(name)
        if found is None:
            raise ConfigurationError(f"the destination {name!r} is no longer in the configuration", hint="put its section back")
        return replace(found, credential=record.spec.credential or found.credential, options={**found.options, **record.spec.options})

    def named(self, name: str) -> Destination | None:
        """A configured destination; its scheme says which driver serves it where its section does not."""
        found = self._configuration().destinations.get(name)
        if found is None or found.transport:
            return found
        return replace(found, transport=self._installed.transport_for(scheme_of(found.url)))

    def carrier(self, record: Record) -> Hashable | None:
        """What operations must have in common to go in one run; None where the transport carries each by itself, or nobody knows."""
        try:
            if not issubclass(self._installed.load("transports", record.spec.transport), Bundling):
                return None
            return _key(self.destination_of(record), record.environment)
        except SendoffError:
            return None  # its own try finds out, and says so

    @contextmanager
    def lent(self, record: Record) -> Iterator[Transport]:
        """The transport that carries this operation; nobody closes it inside this context."""
        transport, surplus = self._taken(record)
        for one in surplus:
            self.close(one)
        try:
            yield transport
        finally:
            with self._lock:
                self._users[id(transport)] -= 1
                over = self._users[id(transport)] == 0 and all(transport is not kept for kept in self._kept.values())
                self._users += Counter()  # forgets the zeros
            if over:
                self.close(transport)

    def _taken(self, record: Record) -> tuple[Transport, list[Transport]]:
        """A transport, counted as used, and those that had to make room and are used by nobody."""
        destination = self.destination_of(record)
        key = _key(destination, record.environment)
        with self._lock:
            missing = key not in self._kept
        made = self._made(destination, record) if missing else None  # while nobody waits for it: it may ask a key store that takes long
        with self._lock:
            found = self._kept.get(key) or made or self._made(destination, record)
            self._kept[key] = found
            self._kept.move_to_end(key)
            self._users[id(found)] += 1
            surplus = [self._kept.popitem(last=False)[1] for _ in range(len(self._kept) - MOST_KEPT)]
            surplus += [made] if made and made is not found else []
            return found, [one for one in surplus if not self._users[id(one)]]

    def _made(self, destination: Destination, record: Record) -> Transport:
        """A new transport for an operation, and for all with the same identity."""
        given = any(is_sealed(reference_for(kind, destination)) for kind in ("server", *OTHER_KINDS))
        identities = dict(self._secrets.open(record).identities) if given else {}
        return self.make(destination, record.environment, identities=identities)

    def elsewhere(self, url: str) -> Transport:
        """A new transport for one try at another origin: no credential and no environment goes along. Its maker closes it."""
        return self.make(Destination(url=url, transport=self._installed.transport_for(scheme_of(url)), exact=True))

    def asking(self, destination: Destination, environment: Mapping[str, str]) -> Transport:
        """A new transport for somebody who only asks: of his environment it has what an upload of his would have, and nothing of it is kept."""
        named = [name for reference in references_of(destination) for name in self._credentials.variables(reference)]
        return self.make(destination, bundle=self._secrets.identity_of(environment, named))

    def make(
        self, destination: Destination, environment: str | None = None, *, bundle: Mapping[str, str] | None = None,
        identities: Mapping[str, Credential] = {},
    ) -> Transport:  # fmt: skip
        """A new transport; ``DriverMissing`` when it is not installed here, ``ConfigurationError`` when its settings are wrong.

        environment: the note that keeps the submitter's. bundle: what somebody's says who only asks, and of whom nothing is kept.
        identities: credentials that came with the operation, by kind.
        """
        name = destination.transport
        options = self.options_of(destination)
        section = f"destinations.{destination.name}" if destination.name else None
        settings = self._installed.settings("transports", name, options, section=section)
        driver, toolkit = self._installed.load("transports", name), self._toolkit(destination, environment, bundle, identities)
        try:
            made: Transport = driver(destination, settings, toolkit)
        except (Exception, SystemExit):
            raise
        except BaseException as cause:
            raise RuntimeError(f"{type(cause).__name__}: {cause}") from cause
        return made

    def options_of(self, destination: Destination) -> Mapping[str, Any]:
        """What the configuration says of a destination: its driver's own section, and its own."""
        return {**self._configuration().transports.get(destination.transport, {}), **destination.options}

    def check_options(self, destination: Destination, options: Mapping[str, Any]) -> None:
        """``InvalidArgument`` for what the destination's transport does not understand of what is asked for some uploads only."""
        name = destination.transport
        known = self.options_of(destination)
        try:
            self._installed.settings("transports", name, {**known, **options}, section="-o")
        except ConfigurationError as cause:
            raise InvalidArgument(cause.message.replace("[-o]", "-o:", 1), hint="it takes the keys of a [destinations] section") from cause

    def check_unconstrained(self) -> None:
        """``Refused`` where the policy lets no program ask that uploads go on while the machine saves power."""
        if not self._configuration().unconstrained:
            raise Refused("uploads pause while the machine saves power; [policy] unconstrained lets programs ask for those that do not")

    def forget(self) -> None:
        """Let all go, those in use when they are given back; the next try makes them anew, by the configuration then in force."""
        with self._lock:
            kept, self._kept = self._kept, OrderedDict()
            unused = [one for one in kept.values() if not self._users[id(one)]]
        for one in unused:
            self.close(one)

    def close(self, transport: Transport) -> None:
        """Let one go that nobody has any more; whatever that does, its tries are over."""
        self._closing.close(f"the transport {transport.destination.transport}", transport.close)

    def let_go(self, transport: Transport) -> None:
        """Lend this one no more: it hangs, and is closed when whoever has it gives it back."""
        with self._lock:
            for key in [key for key, one in self._kept.items() if one is transport]:
                del self._kept[key]

    def _toolkit(
        self, destination: Destination, environment: str | None, given: Mapping[str, str] | None, identities: Mapping[str, Credential]
    ) -> TransportToolkit:
        bundle = self._secrets.environment(environment) if given is None else given

        def credential(kind: str = "server", *, challenge: str | None = None, refused: Credential | None = None) -> Credential | None:  # noqa: ARG001
            reference = reference_for(kind, destination)
            if is_sealed(reference):
                return self._own(kind, identities.get(kind), refused)
            return self._credentials.get(reference, environment=bundle, refused=refused) if reference else None

        return TransportToolkit(
            clock=self._clock, random=self._random, log=logging.getLogger(f"sendoff.transports.{destination.transport}"), credential=credential,
            environment=bundle, rules=self._configuration().retry, learned=NotedLearned(self._journal, self._clock, repr(_key(destination, environment))),
            trusted=self._trusted, http_protocols=self._protocol, child=in_child,
            allowed=lambda url: check_allowed(url, self._configuration()),
        )  # fmt: skip

    def _own(self, kind: str, credential: Credential | None, refused: Credential | None) -> Credential:
        """The credential that came with an operation, as long as it is good for anything."""
        hint = "name another one: sendoff set ID --credential REF" if kind == "server" else None
        if credential is None:
            raise CredentialNeeded(f"the credential for the {kind} that came with this upload is gone", hint=hint)
        if refused is not None:
            raise CredentialNeeded(f"the {kind} refused the credential that came with this upload", hint=hint)
        if credential.expires_at is not None and credential.expires_at <= self._clock.wall():
            raise CredentialNeeded("the credential that came with this upload has expired", hint=hint)
        return credential

    def _protocol(self, name: str, options: Mapping[str, Any], toolkit: TransportToolkit) -> HttpProtocol:
        settings = self._installed.settings("http_protocols", name, options, section="protocol_options")
        made: HttpProtocol = self._installed.load("http_protocols", name)(settings, toolkit)
        return made


def reference_for(kind: str, destination: Destination, asked: Mapping[str, Any] | None = None) -> str | None:
    """The credential that a destination names: the server's, or the proxy's; one is never used in the other's place. asked: for one upload only."""
    return destination.credential if kind == "server" else _text({**destination.options, **(asked or {})}.get(f"{kind}_credential"))


def references_of(destination: Destination) -> tuple[str, ...]:
    """All the credentials that a destination names."""
    named = (reference_for(kind, destination) for kind in ("server", *OTHER_KINDS))
    return tuple(one for one in named if one and not is_sealed(one))


def check_allowed(url: str, configuration: Configuration) -> None:
    """The policy's word on schemes and hosts. Errors: ``UnsupportedScheme``, ``Refused``."""
    parts = urlsplit(url)
    if configuration.allow_schemes is not None and parts.scheme not in configuration.allow_schemes:
        raise UnsupportedScheme(f"{parts.scheme}:// is not allowed here; [policy] allow_schemes has {', '.join(configuration.allow_schemes)}")
    host = parts.hostname or ""
    if configuration.allow_hosts is not None and not any(fnmatch(host, pattern.lower()) for pattern in configuration.allow_hosts):
        raise Refused(f"{host} is not allowed here; [policy] allow_hosts has {', '.join(configuration.allow_hosts)}")


def _key(destination: Destination, environment: str | None) -> tuple[str, ...]:
    """What two uploads must have in common to share a connection: place and identity."""
    place = destination.name or f"{urlsplit(destination.url).username or ''}@{origin_of(destination.url)}"
    return destination.transport, place, destination.credential or "", environment or "", repr(sorted(destination.options.items()))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
