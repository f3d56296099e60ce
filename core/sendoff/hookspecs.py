"""Every lifecycle hook: its signature, its moment, and what raising does.

``before_`` may refuse; a past participle is history and is told after the journal has it. A listener that raises there is named in the
log and silences nobody. Implementations may take any subset of the arguments.

Any other exception in a ``before_`` hook counts as ``Refused``: what was to be stored is not, and an upload whose attempt was to begin fails.

A listener is told everything in one thread, in order. One that does not return within 30 seconds is named in the log and misses what happens until it
does; one that does not answer ``sendoff_before_attempt`` puts that attempt off for a minute, and ``sendoff_before_queue`` refuses what was to be stored.

With ``SENDOFF_TRACE_HOOKS=1`` in the environment of the process that does the work, each call of a listener is a line of its log: the hook, the listener, how
it ended and how long it took. That log is ``host.log`` in the state folder; a program that embeds sendoff and logs nowhere has the lines on its standard
error. A host that runs already keeps the environment it has: ``sendoff host stop``, then ``SENDOFF_TRACE_HOOKS=1 sendoff host start``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pluggy

from sendoff.model.delivery import Receipt
from sendoff.model.moment import Moment
from sendoff.model.operation import Failure, Record
from sendoff.model.progress import UploadProgress

PROJECT = "sendoff"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a listener's function as the implementation of the hook of its name: ``@hookimpl`` above ``def sendoff_completed(operation)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What ``sendoff_before_attempt`` may return: another address or further headers, for this attempt only.

    >>> sendoff.Change(headers=(("X-Trace", "17"),)).url is None
    True
    """

    url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@hookspec
def sendoff_before_queue(operation: Record) -> None:
    """Checked, not yet stored. Raising ``Refused`` refuses it; nothing is stored."""


@hookspec
def sendoff_queued(operation: Record) -> None:
    """Stored."""


@hookspec
def sendoff_before_attempt(operation: Record, attempt: int) -> Change | None:
    """Claimed, not yet connected. Return a ``Change``, raise ``Postpone`` or ``Refused``."""


@hookspec
def sendoff_attempt_started(operation: Record, attempt: int) -> None:
    """The try begins."""


@hookspec
def sendoff_progressed(operation: Record, progress: UploadProgress) -> None:
    """Some bytes went out; at most once a second and operation, and may go back."""


@hookspec
def sendoff_attempt_failed(operation: Record, attempt: int, error: Failure, retry_at: Moment | None) -> None:
    """A try failed and that is recorded; ``retry_at`` is None when it was the last."""


@hookspec
def sendoff_paused(operation: Record) -> None:
    """It waits; ``operation.status`` and ``operation.reason`` say for what."""


@hookspec
def sendoff_resumed(operation: Record) -> None:
    """It goes on."""


@hookspec
def sendoff_completed(operation: Record, receipt: Receipt) -> None:
    """The file is there; the receipt says how surely."""


@hookspec
def sendoff_failed(operation: Record, error: Failure) -> None:
    """It failed for good."""


@hookspec
def sendoff_canceled(operation: Record) -> None:
    """It was canceled."""


@hookspec
def sendoff_batch_completed(batch: str, operations: Iterable[Record]) -> None:
    """Every operation of a batch has ended; ``operations`` is read as you go."""


@hookspec
def sendoff_opened(client: Any) -> None:
    """The process that does the work has opened its journal. ``client.status()`` counts what runs and waits, and for what."""


@hookspec
def sendoff_closed(client: Any) -> None:
    """The process that does the work is about to leave."""


__all__ = ["PROJECT", "Change", "hookimpl", "hookspec"]
