"""One durable upload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sendoff.model.delivery import Demand, Receipt
from sendoff.model.moment import Moment
from sendoff.model.response import Response
from sendoff.model.secret import Credential
from sendoff.model.source import Form, Source, SourceIdentity
from sendoff.model.status import CostPolicy, TransferPriority, TransferStatus

IDEMPOTENT = frozenset({"PUT", "DELETE", "GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 section 9.2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a caller asks, in the caller's words; nothing here is checked yet.

    source: absolute path. spool: name of a file in the spool's incoming folder, instead of a path; with a path it is a copy of that file, which was
    ``taken`` then. form: several parts as one body, instead of both; a spooled one's path is such a name.
    offset, length: bytes of the file; length None = all from there. then: what becomes of the file, ``delete`` or ``move:`` and an absolute folder.
    destination: an address, or ``NAME:path``. name: path below a destination that is a folder. whole: the destination is the whole address, also
    where it ends in ``/``.
    headers, secret_headers: ``(name, value)``; a secret value may be a reference ``driver:name``. credential: a reference. identities: credentials
    themselves, for the ``server`` and for the ``proxy``, which are kept sealed. literal: by the rules of the Windows pages, where the driver has some.
    priority: ``high default low``. cost_policy: ``unrestricted-only default always``.
    idempotency_key: name of the header that carries the same key at each try.
    patience: microseconds, None = as configured. attempts: requests, where patience is 0. recoverable_errors: numbers of ``WebErrorStatus``, or HTTP statuses,
    that it waits at instead of failing. again: a new operation even where an unchanged source is still queued for the same target.
    only_new: ``(size, mtime in ns)`` of the source as the caller saw it; what has a receipt for the same target with both is skipped without being opened.
    found: by a walk, and not named by anybody: skipped where it is gone by now. client: a program that lives (``desk.hold``), by whose life it goes.

    >>> sendoff.Request(source="/home/me/a.iso", destination="archive:").priority
    'default'
    """

    source: str = ""
    spool: str | None = None
    taken: SourceIdentity | None = None
    form: Form | None = None
    offset: int = 0
    length: int | None = None
    then: str | None = None
    destination: str = ""
    name: str | None = None
    method: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    secret_headers: tuple[tuple[str, str], ...] = ()
    credential: str | None = None
    identities: Mapping[str, Credential] = field(default_factory=dict)
    id: str | None = None
    group: str | None = None
    priority: str = "default"
    cost_policy: str = "default"
    label: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    demand: Demand = Demand()
    idempotency_key: str | None = None
    retry_unsafe: bool = False
    patience: int | None = None
    attempts: int | None = None
    if_changed: str = "fail"
    recoverable_errors: tuple[int, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    again: bool = False
    only_new: tuple[int, int] | None = None
    found: bool = False
    whole: bool = False
    literal: bool = False
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What was asked, checked and fixed when the operation was created; public: secrets are sealed beside it.

    root, url: public forms. name: path below the root. local: reachable without a network.
    headers: secret values as three stars. idempotency_key: the key itself, by which the server knows a repeat.
    patience: microseconds. attempts: requests, where patience is 0. recoverable_errors: numbers at which it waits instead of failing.
    then: what becomes of the caller's file once the server was seen to hold it.
    client: the program by whose life it goes, as the Windows pages have it (``policy.parting``); None = it goes on without one.
    unconstrained: it goes on while the machine saves power.

    Example: ``operation.spec`` of a listener's ``Record``: ``spec.url``, ``spec.source.size``, ``spec.metadata``.
    """

    transport: str
    url: str
    root: str
    name: str
    source: Source
    method: str | None = None
    destination: str | None = None
    exact: bool = False
    local: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    credential: str | None = None
    cost_policy: CostPolicy = CostPolicy.DEFAULT
    label: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    demand: Demand = Demand()
    idempotency_key: str | None = None
    retry_unsafe: bool = False
    patience: int | None = None
    attempts: int | None = None
    if_changed: str = "fail"
    recoverable_errors: tuple[int, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    then: str | None = None
    client: str | None = None
    unconstrained: bool = False

    @property
    def idempotent(self) -> bool:
        """Its method may be repeated, whatever was said beside (RFC 9110 section 9.2.2)."""
        return self.method is None or self.method in IDEMPOTENT

    @property
    def repeatable(self) -> bool:
        """A whole request may be sent again without doing the thing twice (RFC 9110 section 9.2.2)."""
        return self.idempotent or self.retry_unsafe or self.idempotency_key is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What an operation has spent in its round. Lengths of time are microseconds of allowed trying.

    attempts: tries begun. requests: tries since the last newly confirmed byte. spent: patience used since then.
    pause: the wait that was planned before the next try. confirmed: bytes the server has now. best: most it ever had. sent: of all tries.
    resent: bytes sent again without a session since the last confirmed byte. lost: sessions lost without progress.
    unsettled: tries begun in a row whose end nobody recorded. restarted: the next try starts anew. protocol: how the last one was carried.
    blind: a try ended with the machine, and nobody knows how much it had sent. answers: of the server, that were kept one after the other.

    >>> sendoff.Tally(attempts=2, confirmed=65536).best
    0
    """

    attempts: int = 0
    requests: int = 0
    spent: int = 0
    pause: int = 0
    confirmed: int = 0
    best: int = 0
    sent: int = 0
    resent: int = 0
    lost: int = 0
    unsettled: int = 0
    restarted: bool = False
    resumable: bool | None = None
    protocol: str | None = None
    blind: bool = False
    answers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why it failed, or why it waits; as JSON shows it.

    code: of the error. side: whose trouble it is, ``source network server credential configuration local``. http_status: of the answer, when there was one.
    web_error: a number of ``WebErrorStatus``. retryable: whether waiting helps. hint: what to do.

    >>> sendoff.Failure(code="too_large", message="h.example does not take it", side="server", http_status=413, web_error=413).retryable
    False
    """

    code: str
    message: str
    side: str = "local"
    http_status: int | None = None
    web_error: int = 0
    retryable: bool = False
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One operation as the journal holds it.

    number: short, given by the store. version: grows with every update. epoch: grows with every claim. owner: who claimed it. round: one more with each retry.
    want: an order a try has not yet obeyed, see ``Want``. due: when it may start; None = nothing to start. rank: its place in its lane;
    None = at the end. target: the key of its target, None where each upload makes a new thing. holds_target: later ones to the
    same target wait for it. open: not terminal. point: a request that must not be repeated may have gone out whole.
    environment: the note that keeps the submitter's. sealed: the secrets. needs: what a person must do, ``{"what", "command"}``.

    Example: a listener's hooks get one, and the store keeps them: ``operation.spec.url``, ``operation.status.word``, ``operation.tally.attempts``.
    """

    id: str
    batch: str
    spec: Spec
    lane: str
    created_at: Moment
    number: int = 0
    version: int = 1
    epoch: int = 0
    owner: str | None = None
    round: int = 1
    status: TransferStatus = TransferStatus.IDLE
    reason: str | None = None
    reason_text: str | None = None
    needs: Mapping[str, str] | None = None
    want: str | None = None
    point: bool = False
    group: str | None = None
    priority: TransferPriority = TransferPriority.DEFAULT
    rank: float | None = None
    site: str = ""
    due: Moment | None = None
    target: str | None = None
    holds_target: bool = False
    open: bool = True
    acknowledged_at: Moment | None = None
    started_at: Moment | None = None
    finished_at: Moment | None = None
    environment: str | None = None
    sealed: bytes | None = None
    tally: Tally = Tally()
    response: Response | None = None
    error: Failure | None = None
    receipt: Receipt | None = None

    @property
    def place(self) -> tuple[float, int]:
        """Where it stands in line: whoever has less comes first."""
        return float(self.number) if self.rank is None else self.rank, self.number
