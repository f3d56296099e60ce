"""Changing what an operation is sent with, from its next request on; checked as it was when it was created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from sendoff.errors import InvalidArgument, InvalidState, Json
from sendoff.model.change import SaveNote, SaveTodo
from sendoff.model.destination import is_loopback, origin_of
from sendoff.model.form import check_own_type
from sendoff.model.lane import Lane, lane_key
from sendoff.model.operation import Record, Request, Spec
from sendoff.model.secret import is_sealed
from sendoff.model.status import CostPolicy, TransferPriority, Want
from sendoff.model.target import Target
from sendoff.model.web_error import numbers_of
from sendoff.policy.decision import Decision
from sendoff.ports.clock import Clock
from sendoff.ports.store import Store
from sendoff.runtime.abandonment import abandoned
from sendoff.runtime.addresses import Address, Folder
from sendoff.runtime.bounds import check_sizes
from sendoff.runtime.creation import Creation, shown_root, word_of
from sendoff.runtime.heading import Heading
from sendoff.runtime.secrets import Sealed

NAMES = (
    "priority",
    "cost_policy",
    "headers",
    "secret_headers",
    "credential",
    "destination",
    "label",
    "metadata",
    "patience",
    "recoverable_errors",
    "unconstrained",
)
_WORDS = {"cost_policy": "cost", "metadata": "meta", "recoverable_errors": "recoverable errors"}
_SEALED = ("headers", "secret_headers", "destination")


@dataclass(slots=True)
class _Draft:
    """An operation as it will be.

    address: the new one, if it is another. named: environment variables that what is new reads. told: what changed, by name. moved: its target is another.
    """

    record: Record
    spec: Spec
    heading: Heading
    before: Sealed
    priority: TransferPriority
    address: Address | None = None
    named: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)
    moved: bool = False


class Amendment:
    """Decides what ``set`` makes of an operation."""

    def __init__(self, creation: Creation, store: Store, clock: Clock) -> None:
        self._creation, self._store, self._clock = creation, store, clock

    def decide(self, details: Mapping[str, Json], record: Record) -> tuple[Decision | None, SaveNote | None]:
        """What becomes of it, None where it is so already; and the note of its environment, where that is another."""
        if record.status.terminal:
            hint = f"sendoff retry {record.number} begins a new round, which can be changed"
            raise InvalidState(f"operation {record.number} is {record.status.word}", hint=hint)
        asked = checked(details)
        came_along = "credential" in asked and is_sealed(record.spec.credential)
        draft = self._draft(record, opened=came_along or not asked.keys().isdisjoint(_SEALED))
        if "destination" in asked:
            self._send_to(draft, str(asked["destination"]), other_origin=details.get("other_origin") is True, asked=asked)
        self._amend(draft, asked)
        return self._decision(draft, details.get("environment"))

    def _draft(self, record: Record, *, opened: bool) -> _Draft:
        """As it is. opened: with its secrets; what needs none can be changed though their key cannot be had."""
        sealed = self._creation.secrets.open(record) if opened else Sealed()
        heading = Heading(record.spec.headers, sealed, self._creation.credentials, key=record.spec.idempotency_key)
        return _Draft(record, record.spec, heading, sealed, record.priority)

    def _address(self, draft: _Draft) -> Address:
        """Where it goes, by the configuration in force."""
        if draft.address is not None:
            return draft.address
        spec, url = draft.record.spec, draft.before.url or draft.record.spec.url
        destination = self._creation.connections.destination_of(draft.record)
        folder = Folder(destination=destination, place=Lane(key=draft.record.lane, since=0).place, local=spec.local, loopback=is_loopback(url))
        return Address(folder=folder, name=spec.name, target=Target(url))

    # -- its parts -------------------------------------------------------------------------------------------------

    def _amend(self, draft: _Draft, asked: Mapping[str, Any]) -> None:
        """Everything but the address."""
        spec, more = draft.spec, dict[str, Any]()
        if spec.source.form is not None:
            check_own_type(str(name) for name, _ in (*asked.get("headers", ()), *asked.get("secret_headers", ())))
        if "priority" in asked:
            draft.priority = word_of(TransferPriority, str(asked["priority"]), "--priority")
            draft.told += ["priority"] * (draft.priority is not draft.record.priority)
        if "cost_policy" in asked:
            more["cost_policy"] = word_of(CostPolicy, str(asked["cost_policy"]).replace("-", "_"), "--cost")
        if "credential" in asked:
            more["credential"] = self._creation.credentials.checked(asked["credential"]) if asked["credential"] else None
            draft.named += self._creation.credentials.variables(asked["credential"]) if asked["credential"] else ()
            draft.heading.forget_identity("server")
        if "label" in asked:
            more["label"] = asked["label"] or None
        if "metadata" in asked:
            more["metadata"] = {key: value for key, value in {**spec.metadata, **asked["metadata"]}.items() if value is not None}
        if "patience" in asked:
            more["patience"] = asked["patience"]
        if "recoverable_errors" in asked:
            more["recoverable_errors"] = numbers_of(asked["recoverable_errors"])
        if asked.get("unconstrained"):
            self._creation.connections.check_unconstrained()
            more["unconstrained"] = True
        draft.told += [_WORDS.get(name, name) for name, value in more.items() if getattr(spec, name) != value]
        draft.told += draft.heading.change(asked.get("headers", ()), asked.get("secret_headers", ()))
        draft.named += draft.heading.named
        draft.spec = replace(spec, **more, headers=draft.heading.shown)

    def _send_to(self, draft: _Draft, destination: str, *, other_origin: bool, asked: Mapping[str, Any]) -> None:
        """Another address: on the same origin, or whatever was given to the old one must be given anew."""
        record, old = draft.record, self._address(draft)
        source = record.spec.source
        name, whole = PurePosixPath(record.spec.name).name, source.form is not None or not record.spec.name
        request = Request(source=source.path, form=source.form, destination=destination, name=name, method=record.spec.method, whole=whole)
        new, method = self._creation.addressed(request)
        if new.target.url == old.target.url and new.destination.name == record.spec.destination:
            return
        before, after = origin_of(old.target.url), origin_of(new.target.url)
        elsewhere = before != after or new.destination.transport != record.spec.transport
        if elsewhere and not other_origin:
            raise InvalidArgument(
                f"operation {record.number} goes to {before}, and {new.target.public} lies at {after}",
                hint="--other-origin sends it there: from the first byte, and what is secret must be given anew",
            )
        draft.moved = elsewhere or _without_query(old.target.url) != _without_query(new.target.url)
        if draft.moved and record.owner is not None:
            raise InvalidState(f"operation {record.number} is running; pause it before you send it elsewhere", hint=f"sendoff pause {record.number}")
        draft.heading.exchange(old.destination.headers, new.destination.headers, url=new.target.url if new.target.public != new.target.url else None)
        if record.spec.options:
            self._creation.connections.check_options(new.destination, record.spec.options)
        if elsewhere:
            self._nothing_secret_goes_along(draft, asked, after)
        draft.address = new
        draft.spec = replace(
            record.spec, transport=new.destination.transport, url=new.target.public, root=shown_root(new.destination), name=new.name, method=method,
            destination=new.destination.name, exact=new.destination.exact, local=new.folder.local,
        )  # fmt: skip
        draft.told.append("url")

    @staticmethod
    def _nothing_secret_goes_along(draft: _Draft, asked: Mapping[str, Any], origin: str) -> None:
        """What was given for one server is not shown to another."""
        number = draft.record.number
        if draft.record.spec.credential is not None and "credential" not in asked:
            raise InvalidArgument(
                f"the credential of operation {number} was given for another origin than {origin}", hint="name the one to use there with --credential"
            )
        given = {str(name).lower() for name, _ in (*asked.get("headers", ()), *asked.get("secret_headers", ()))}
        kept = [name for name in draft.heading.secret if name.lower() not in given]
        if kept:
            raise InvalidArgument(
                f"the secret header {kept[0]} of operation {number} was given for another origin than {origin}",
                hint=f"give it anew with --header-secret, or remove it: --header '{kept[0]}:'",
            )
        if draft.record.spec.source.sealed:
            part = draft.record.spec.source.sealed[0]
            raise InvalidArgument(f"the part {part} of operation {number} was given for another origin than {origin}", hint="post the form there anew")

    # -- and the whole ---------------------------------------------------------------------------------------------

    def _decision(self, draft: _Draft, environment: Any) -> tuple[Decision | None, SaveNote | None]:
        record, sealed = draft.record, draft.heading.sealed
        if not draft.told:
            return None, None
        if any(name in ("url", "credential") or name.startswith("header ") for name in draft.told):
            self._creation.check_cleartext(self._address(draft), draft.spec, sealed)
        _check_whole(draft)
        fields: dict[str, Any] = {"spec": draft.spec, "priority": draft.priority, "lane": _lane(draft)}
        if sealed != draft.before:
            fields["sealed"] = self._creation.secrets.seal(record.id, sealed)
        note = None
        if draft.named and isinstance(environment, Mapping):
            fields["environment"], note = self._surroundings(replace(record, **fields), environment)
        todos: tuple[SaveTodo, ...] = ()
        if draft.address is not None:
            form = draft.spec.source.form is not None
            fields["target"] = None if form else self._creation.one_thing(draft.address, draft.spec.method, draft.spec.options)
        if draft.moved:
            fields["tally"] = replace(record.tally, confirmed=0, best=0, restarted=True)
            todos = self._leftovers(record)
        told = {"set": sorted(set(draft.told)), **({"url": draft.spec.url} if "url" in draft.told else {})}
        return Decision(fields=fields, lines=(("changed", told),), forget=draft.moved and bool(record.epoch), todos=todos), note

    def _surroundings(self, record: Record, environment: Mapping[str, str]) -> tuple[str | None, SaveNote | None]:
        """The caller's variables over those that came with the operation: what is already named there is still read there."""
        return self._creation.identity(record, {**self._creation.secrets.environment(record.environment), **environment})

    def _leftovers(self, record: Record) -> tuple[SaveTodo, ...]:
        """What the server of the old address keeps is removed there, by what was known of it."""
        checkpoint = self._store.checkpoint(record.number) if record.epoch else None
        return abandoned(record, checkpoint, self._clock.steady())


def checked(details: Mapping[str, Json]) -> dict[str, Any]:
    """What is to be changed, each value of its type; ``InvalidArgument`` says what is wrong."""
    known = {name: value for name, value in details.items() if name not in ("environment", "other_origin")}
    for name, value in known.items():
        if name not in NAMES:
            raise InvalidArgument(f"an operation's {name} cannot be changed; these can: {', '.join(NAMES)}")
        _check_type(name, value)
    if not known:
        raise InvalidArgument("nothing to set was named")
    return known


def _check_type(name: str, value: Json) -> None:
    fine = value is None or isinstance(value, str)
    if name in ("headers", "secret_headers"):
        fine = isinstance(value, list | tuple) and all(isinstance(one, list | tuple) and len(one) == 2 and isinstance(one[0], str) for one in value)
    elif name == "recoverable_errors":
        fine = isinstance(value, list | tuple)
    elif name == "metadata":
        fine = isinstance(value, Mapping)
    elif name == "patience":
        fine = value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)
    elif name == "unconstrained":
        fine = value is True
    elif name in ("priority", "cost_policy", "destination"):
        fine = isinstance(value, str)
    if not fine:
        raise InvalidArgument(f"{name}: {type(value).__name__} is not what is expected")


def _check_whole(draft: _Draft) -> None:
    """As long as a new operation may be, and no longer."""
    spec, secret = draft.spec, draft.heading.sealed.headers
    url = draft.address.target.url if draft.address else spec.url
    check_sizes(
        Request(
            source=spec.source.path, form=spec.source.form, destination=url, headers=spec.headers, secret_headers=secret,
            credential=spec.credential, label=spec.label, metadata=spec.metadata,
        )
    )  # fmt: skip


def _lane(draft: _Draft) -> str:
    spec, record = draft.spec, draft.record
    place = draft.address.folder.place if draft.address else Lane(key=record.lane, since=0).place
    return lane_key(
        place=place, group=record.group, priority=draft.priority, cost_policy=spec.cost_policy, local=spec.local,
        at_once=record.want == Want.NOW and record.owner is None, unconstrained=spec.unconstrained,
    )  # fmt: skip


def _without_query(url: str) -> str:
    return url.partition("?")[0]
