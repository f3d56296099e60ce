"""What must still happen after an operation's end: worked off with growing pauses until it was seen done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any, cast

from sendoff.errors import SendoffError
from sendoff.model.change import SaveTodo, Update
from sendoff.model.document import decode
from sendoff.model.limits import RetryRules
from sendoff.model.note import Todo
from sendoff.model.operation import Record, Spec
from sendoff.model.session import Leftover
from sendoff.model.status import TransferStatus
from sendoff.policy.retry import pause_before_next
from sendoff.ports.clock import Clock
from sendoff.ports.transport import Aborting
from sendoff.runtime.connections import Connections
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.outgoing import Outgoing
from sendoff.runtime.secrets import Secrets
from sendoff.runtime.spool import Spool

Done = bool | None  # None: it is done, and whoever did it has removed the to-do
LONGEST = 3600.0


class Afterwards:
    """Works off to-dos; each kind has one function that returns whether it is done."""

    def __init__(
        self, ledger: Ledger, connections: Connections, credentials: Credentials, secrets: Secrets, spool: Spool, *, clock: Clock, random: Random,
        more: Mapping[str, Callable[[Todo], Done]] | None = None,
    ) -> None:  # fmt: skip
        self._ledger, self._connections, self._secrets, self._spool = ledger, connections, secrets, spool
        self._clock, self._random, self._outgoing = clock, random, Outgoing(secrets, credentials)
        self._works = {"abort": self._abort, "spool": self._remove, **(more or {})}
        self._log = logging.getLogger("sendoff.afterwards")

    def work(self, limit: int = 100) -> int:
        """Try what is due once; how many of them were seen done."""
        store, now = self._ledger.journal.store, self._clock.steady()
        return sum(self._work_off(todo) for kind in self._works for todo in store.todos(now, kind=kind, limit=limit))

    def _work_off(self, todo: Todo) -> bool:
        asked, done = None, cast(Done, False)
        try:
            done = self._works[todo.kind](todo)
        except SendoffError as error:
            self._log.warning("%s of %s is not done yet: %s", todo.kind, todo.about, error)
            asked = error.retry_after
        except Exception:  # noqa: BLE001 - a driver is a stranger's code; the to-do stays
            self._log.exception("%s of %s failed", todo.kind, todo.about)
        if done is not None:
            self._ledger.journal.commit([_removed(todo) if done else self._later(todo, asked)])
        return done is not False

    def _abort(self, todo: Todo) -> Done:
        """Remove what an upload that was given up left at the server, then its secrets; or what one left that goes elsewhere since."""
        record = self._ledger.read(todo.payload["number"])
        if record is None:
            return True
        before = todo.payload.get("before")
        if before is not None:
            record = _as_it_was(record, before)
        session = self._secrets.open_session(record.id, bytes.fromhex(todo.payload["session"]))
        with self._connections.lent(record) as transport:
            if session.leaves and isinstance(transport, Aborting):
                opened = self._secrets.open(record)
                transport.abort(Leftover(url=opened.url or record.spec.url, session=session, headers=self._outgoing.headers(record, opened)))
        if before is None:
            self._erase(record)
        return True

    def _remove(self, todo: Todo) -> Done:
        """Forget a spooled copy."""
        self._spool.remove(todo.payload["path"])
        return True

    def _erase(self, record: Record) -> None:
        """An operation that is given up, and of which nothing is left at the server, keeps no secrets."""
        while _given_up(record) and (record.sealed or record.environment):
            change = Update(record.number, record.version, {"sealed": None, "environment": None})
            if self._ledger.journal.commit([change])[0].refused is None:
                return
            newest = self._ledger.read(record.number)
            if newest is None:
                return
            record = newest

    def _later(self, todo: Todo, asked: float | None) -> SaveTodo:
        rules = RetryRules(longest_pause=LONGEST)
        due = self._clock.steady() + pause_before_next(todo.tries + 1, rules, self._random, asked)
        return SaveTodo(kind=todo.kind, about=todo.about, seen=todo.version, payload=todo.payload, due=due, tries=todo.tries + 1)


def _as_it_was(record: Record, before: Mapping[str, Any]) -> Record:
    """The operation as it was when it left something; older to-dos do not say in whose environment."""
    sealed = bytes.fromhex(before["sealed"]) if before["sealed"] else None
    return replace(record, spec=decode(Spec, before["spec"]), sealed=sealed, environment=before.get("environment", record.environment))


def _given_up(record: Record) -> bool:
    """Canceled, or failed and put aside by somebody."""
    return record.status is TransferStatus.CANCELED or (record.status is TransferStatus.ERROR and record.acknowledged_at is not None)


def _removed(todo: Todo) -> SaveTodo:
    return SaveTodo(kind=todo.kind, about=todo.about, seen=todo.version, payload=None)
