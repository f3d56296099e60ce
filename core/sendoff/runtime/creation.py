"""From a request to a record: checked once, in the process that owns the journal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, cast

from sendoff.errors import InvalidArgument
from sendoff.model.change import SaveNote
from sendoff.model.destination import Destination
from sendoff.model.group import checked_group
from sendoff.model.header import checked_header, is_secret_header, joined
from sendoff.model.identifier import checked_id
from sendoff.model.lane import lane_key
from sendoff.model.moment import Moment
from sendoff.model.operation import IDEMPOTENT, Record, Request, Spec, Tally
from sendoff.model.secret import STARS, is_sealed, public_url, reveal
from sendoff.model.source import Source
from sendoff.model.status import CostPolicy, Reason, TransferPriority
from sendoff.model.web_error import numbers_of
from sendoff.ports.http_protocol import HttpProtocol
from sendoff.ports.transport import Transport
from sendoff.runtime.addresses import Address, Addresses
from sendoff.runtime.bounds import check_sizes
from sendoff.runtime.connections import OTHER_KINDS, Connections, reference_for, references_of
from sendoff.runtime.credentials import Credentials, fault_of
from sendoff.runtime.demands import demand_of, if_changed
from sendoff.runtime.draft import Draft
from sendoff.runtime.installation import Installed
from sendoff.runtime.parts import check_form, check_web
from sendoff.runtime.removal import checked_then
from sendoff.runtime.secrets import Sealed, Secrets
from sendoff.runtime.sources import Sources, Taken
from sendoff.runtime.spool import Spool

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_KNOWN_METHODS = frozenset({"PUT", "POST", "PATCH", "DELETE", "GET", "HEAD", "OPTIONS", "TRACE", "CONNECT"})
_CLEARTEXT = ("http",)
_AUTO = "auto"  # the destination is asked how it takes files; what it takes lies at the target

Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True, kw_only=True)
class Creation:
    """Checks requests. boot: this boot's id. machine: this machine's, the site of every source. new_id: makes identifiers."""

    addresses: Addresses
    connections: Connections
    credentials: Credentials
    secrets: Secrets
    installed: Installed
    spool: Spool
    boot: str
    machine: str
    new_id: Callable[[], str]
    sources: Sources = field(init=False)

    def __post_init__(self) -> None:
        self.sources = Sources(self.spool, self.boot)

    def draft(
        self, request: Request, *, batch: str, environment: Mapping[str, str], now: Moment, wall: Moment, start: bool, known: Source | None = None
    ) -> Draft:  # fmt: skip
        """The record this request makes; ``InvalidArgument`` and its kin say what is wrong with it. known: what its file was, which is gone."""
        check_sizes(request)
        id = checked_id(request.id) if request.id is not None else self.new_id()
        priority, cost = word_of(TransferPriority, request.priority, "--priority"), word_of(CostPolicy, request.cost_policy.replace("-", "_"), "--cost")
        taken = self.sources.of(request) if known is None else self.sources.again(request, known)
        checked_then(request, taken.source)
        address, method = self.addressed(request)
        request = self._by_the_rules(request, address)
        headers, sealed, named = self._headers(request, address, taken)
        key, once = _once(request, batch, id)
        credential = self._credential(request)
        if request.options:
            self.connections.check_options(address.destination, request.options)
        spec = self._spec(request, address, taken.source, method, headers + once, cost, credential)
        spec = replace(spec, idempotency_key=key) if once or key else spec
        self.check_cleartext(address, spec, sealed)
        others = (reference_for(kind, address.destination, request.options) for kind in OTHER_KINDS)
        for reference in (credential, address.destination.credential, *others):
            named += self.credentials.variables(reference) if reference and not is_sealed(reference) else ()
        surroundings, note = self.secrets.keep_environment(environment, named)
        target = None if request.form is not None else self.one_thing(address, method, request.options)
        record = Record(
            id=id, batch=batch, spec=spec, created_at=wall, group=_group(request.group), priority=priority, site=self.machine,
            lane=lane_key(place=address.folder.place, group=request.group, priority=priority, cost_policy=cost, local=spec.local),
            due=now if start else None, reason=str(Reason.QUEUED) if start else None, environment=surroundings, sealed=self.secrets.seal(id, sealed),
            target=target, holds_target=start and target is not None, tally=Tally(resumable=self._driver(address).resumable),
        )  # fmt: skip
        apart = request.again or request.id is not None
        return Draft(record=record, notes=(note,) if note else (), spools=taken.spools, warning=_warning(spec, literal=request.literal), apart=apart)

    def addressed(self, request: Request) -> tuple[Address, str | None]:
        """Where it goes and by which verb; the source is not looked at."""
        if request.whole or request.form is not None:
            address = self.addresses.whole(request.destination)
            check_web(address.target)
        else:
            address = self.addresses.resolve(request.destination, request.name or os.path.basename(request.source))
        return address, self._method(request, address)

    def references(self, record: Record) -> tuple[str, ...]:
        """The credentials an operation is sent with: its destination's, and those its secret headers name."""
        destination = self.connections.destination_of(record)
        named = [reference for _, reference in self.secrets.open(record).references]
        return (*named, *references_of(destination))

    def one_thing(self, address: Address, method: str | None, asked: Mapping[str, Any]) -> str | None:
        """The key of a target that names the thing; None where each upload makes a new one.

        Errors: ``DriverMissing`` for a protocol that is not installed, ``ConfigurationError`` for one whose own options are wrong.
        """
        said = {**self.connections.options_of(address.destination), **asked}
        protocol, named = str(said.get("protocol") or _AUTO), True
        if protocol != _AUTO:
            named = cast(type[HttpProtocol], self.installed.load("http_protocols", protocol)).names_target
            self.installed.settings("http_protocols", protocol, said.get("protocol_options") or {}, section="protocol_options")
        return address.target.key if named and (method is None or method in IDEMPOTENT) else None

    def identity(self, record: Record, environment: Mapping[str, str]) -> tuple[str | None, SaveNote | None]:
        """Whose environment an operation goes on with: the key of its note, and the note to write."""
        named = [name for one in self.references(record) for name in self.credentials.variables(one)]
        return self.secrets.keep_environment(environment, named)

    def _method(self, request: Request, address: Address) -> str | None:
        """The verb: the caller's, or the transport's first, a form's is POST; refused where there are none."""
        if request.form is not None:
            check_form(request)
        known = self._driver(address).methods
        asked = request.method or request.options.get("method")
        if asked is None and known and (request.literal or request.form is not None):
            return "POST"
        if asked is None:
            asked = address.destination.options.get("method")
        if asked is None:
            return known[0] if known else None
        if not known:
            raise InvalidArgument(f"--method {asked}: {address.destination.transport} has no methods")
        return _verb(str(asked), literal=request.literal)

    def _credential(self, request: Request) -> str | None:
        """What the record calls the credential: a reference that something here can answer, or one that came along."""
        for kind, one in request.identities.items():
            fault = fault_of(one) if kind in ("server", "proxy") else "is of a kind that is not known"
            if fault or (kind == "proxy" and one.kind != "basic"):
                fault = fault or "is not a user name and a password"
                raise InvalidArgument(f"the credential for the {kind} {fault}")
        if (given := request.identities.get("server")) is not None:
            return self.secrets.reference(given)
        return self.credentials.checked(request.credential) if request.credential else None

    def _by_the_rules(self, request: Request, address: Address) -> Request:
        """The request with the options that its driver has for the literal rules, and with what it is known by to the proxy."""
        options = dict(request.options)
        if request.literal:
            said = self.connections.options_of(address.destination)
            options = {**{name: value for name, value in self._driver(address).literal.items() if name not in said}, **options}
        if (given := request.identities.get("proxy")) is not None:
            options["proxy_credential"] = self.secrets.reference(given)
        return replace(request, options=options) if options != request.options else request

    def _driver(self, address: Address) -> type[Transport]:
        return cast(type[Transport], self.installed.load("transports", address.destination.transport))

    def _headers(self, request: Request, address: Address, taken: Taken) -> tuple[Headers, Sealed, tuple[str, ...]]:
        """What may be shown, what is sealed, and the environment variables it names."""
        public: list[tuple[str, str]] = []
        secret: list[tuple[str, str]] = []
        references: list[tuple[str, str]] = []
        named: tuple[str, ...] = ()
        asked = {name.lower() for name, _ in (*request.headers, *request.secret_headers, *taken.headers)}
        configured = tuple(one for one in address.destination.headers if one[0].lower() not in asked)
        for name, value in (*configured, *taken.headers, *joined(tuple(checked_header(name, value) for name, value in request.headers))):
            hidden = is_secret_header(name)
            public.append((name, STARS if hidden else reveal(value)))
            if hidden:
                secret.append((name, reveal(value)))
        for name, value in request.secret_headers:
            checked_header(name, value)
            public.append((name, STARS))
            if self.credentials.is_reference(value):
                references.append((name, value))
                named += self.credentials.variables(value)
            else:
                secret.append((name, value))
        signed = address.target.url if address.target.public != address.target.url else None
        identities = tuple(request.identities.items())
        sealed = Sealed(url=signed, headers=tuple(secret), references=tuple(references), parts=taken.hidden, identities=identities)
        return tuple(public), sealed, named

    @staticmethod
    def _spec(request: Request, address: Address, source: Source, method: str | None, headers: Headers, cost: CostPolicy, credential: str | None) -> Spec:
        destination = address.destination
        return Spec(
            transport=destination.transport, url=address.target.public, root=shown_root(destination), name=address.name, source=source, method=method,
            destination=destination.name, exact=destination.exact, local=address.folder.local, headers=headers, credential=credential, cost_policy=cost,
            label=request.label, metadata=request.metadata, demand=demand_of(request, destination, method), retry_unsafe=request.retry_unsafe,
            idempotency_key=request.idempotency_key, patience=request.patience, attempts=request.attempts, options=request.options,
            if_changed=if_changed(request, destination), recoverable_errors=numbers_of(request.recoverable_errors), then=request.then,
            client=request.client,
        )  # fmt: skip

    @staticmethod
    def check_cleartext(address: Address, spec: Spec, sealed: Sealed) -> None:
        """A secret does not go out in clear text, except to this machine or where the destination says so."""
        scheme = address.target.url.partition(":")[0]
        if scheme not in _CLEARTEXT or address.folder.loopback or address.destination.cleartext:
            return
        if replace(sealed, identities=()) or spec.credential or address.destination.credential:
            raise InvalidArgument(
                f"a secret would go to {address.target.public} in clear text", hint="use https://, or say cleartext = true in the destination's section"
            )


def _verb(asked: str, *, literal: bool) -> str:
    """An HTTP method, which is told apart by case (RFC 9110 section 9.1). literal: as it stands, and those without a file, too."""
    if not _METHOD.fullmatch(asked):
        raise InvalidArgument(f"--method {asked!r} is not an HTTP method")
    method = asked.upper() if asked.upper() in _KNOWN_METHODS and not literal else asked
    if method in ("TRACE", "CONNECT") or (method in ("GET", "HEAD") and not literal):
        raise InvalidArgument(f"--method {method} carries no file; use PUT or POST")
    return method


def shown_root(destination: Destination) -> str:
    """A configured root is looked up when it is used, and may be signed; a bare one has no query."""
    return destination.url if destination.name is None else public_url(destination.url)


def _once(request: Request, batch: str, id: str) -> tuple[str | None, Headers]:
    """The key that all tries of this operation carry and no other's, and its header where it is not the standard one."""
    if request.idempotency_key is None:
        return None, ()
    name, key = request.idempotency_key, blake2b(f"{batch} {id}".encode(), digest_size=16).hexdigest()
    checked_header(name, key)
    return key, () if name.lower() == "idempotency-key" else ((name, key),)


def word_of(kind: Any, text: str, option: str) -> Any:
    """The member of an enumeration that an option's word names; ``InvalidArgument`` lists the words."""
    try:
        return kind[text.upper()]
    except KeyError:
        words = ", ".join(one.name.lower().replace("_", "-") for one in kind)
        raise InvalidArgument(f"{option} {text!r}: choose from {words}") from None


def _group(name: str | None) -> str | None:
    return None if name is None else checked_group(name)


def _warning(spec: Spec, *, literal: bool) -> str | None:
    if spec.repeatable:
        return None
    if literal:
        return f"a {spec.method} is not sent again when its answer is lost; a PUT always is: set method, where the server takes it"
    return f"a {spec.method} cannot be repeated safely: if its answer is lost it is not sent again (see --idempotency-key and --retry-unsafe)"
