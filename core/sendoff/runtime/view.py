"""An operation as JSON shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sendoff.errors import Json
from sendoff.model.delivery import Receipt
from sendoff.model.moment import Moment, moment_text
from sendoff.model.operation import Failure, Record
from sendoff.model.progress import UploadProgress
from sendoff.model.query import View
from sendoff.model.response import length_of
from sendoff.model.secret import public_url
from sendoff.model.source import Part, Source
from sendoff.model.status import TransferStatus
from sendoff.runtime.waiting import Standing, waiting

SCHEMA = 1


def view(record: Record, live: UploadProgress | None, standing: Standing | None = None, *, slept: Moment = 0) -> View:
    """What ``list`` and ``show`` print. standing: what is known around it. slept: what the clock on the wall is ahead of the one that waits go by."""
    record = replace(record, due=record.due + slept) if slept and record.due is not None else record
    spec, standing = record.spec, standing or Standing()
    told, needs = waiting(record, standing), record.needs or (standing.asking.needs if standing.asking is not None else None)
    return {
        "schema": SCHEMA, "id": record.id, "number": record.number, "batch": record.batch, "round": record.round,
        "status": record.status.word, "reason": told.reason, "reason_text": told.text, "unblocked_by": told.unblocked_by,
        "waiting_since": _time(told.since + slept if told.since is not None else None),
        "needs": dict(needs) if needs else None,
        "retry_at": _time(record.due if record.status is TransferStatus.RUNNING and record.owner is None and not standing.overdue else None),
        "method": spec.method, "url": spec.url, "destination": spec.destination, "transport": spec.transport,
        "protocol": live.protocol if live else record.tally.protocol,
        "resumable": live.resumable if live else record.tally.resumable,
        "source": _source(spec.source),
        "group": record.group, "priority": record.priority.name.lower(), "cost_policy": spec.cost_policy.word, "unconstrained": spec.unconstrained,
        "recoverable_errors": list(spec.recoverable_errors), "then": spec.then, "if_changed": spec.if_changed,
        "label": spec.label, "metadata": dict(spec.metadata), "headers": [list(pair) for pair in spec.headers],
        "progress": _progress(record, live), "response": _response(record),
        "error": _failure(record.error) if record.error and record.status is not TransferStatus.COMPLETED else None,
        "receipt": receipt_view(record.receipt), "want": record.want, "acknowledged_at": _time(record.acknowledged_at),
        "created_at": _time(record.created_at), "started_at": _time(record.started_at), "finished_at": _time(record.finished_at),
    }  # fmt: skip


def receipt_view(receipt: Receipt | None) -> dict[str, Json] | None:
    """A receipt as JSON shows it."""
    if receipt is None:
        return None
    return {
        "url": public_url(receipt.url), "size": receipt.size, "digests": dict(receipt.digests), "verified": receipt.verified, "etag": receipt.etag,
        "version_id": receipt.version_id, "bytes_resent": receipt.bytes_resent, "attempts": receipt.attempts, "road": receipt.road,
        "existing": receipt.existing, "finished_at": moment_text(receipt.finished_at),
    }  # fmt: skip


def _source(source: Source) -> dict[str, Any]:
    """What is sent; of a form what its parts are called and how long they are, never what a value says."""
    if source.form is None:
        return {"kind": source.kind, "path": source.path, "size": source.size, "offset": source.offset, "origin": source.origin}
    return {"kind": source.kind, "parts": [_part(part) for part in source.form.parts], "size": source.size}


def _part(part: Part) -> dict[str, Any]:
    type_ = next((value for name, value in part.headers if name.lower() == "content-type"), None)
    return {"name": part.name, "filename": part.filename, "type": type_, "kind": part.kind, "path": part.path, "size": part.size}


def _progress(record: Record, live: UploadProgress | None) -> dict[str, Any]:
    done = record.status is TransferStatus.COMPLETED
    size = record.spec.source.size
    resting = UploadProgress(
        bytes_sent=size if done else record.tally.confirmed, bytes_confirmed=size if done else record.tally.confirmed, total_bytes=size,
        bytes_received=record.response.body if record.response else 0, attempt=record.tally.attempts, answers=record.tally.answers,
        total_bytes_to_receive=length_of(record.response.headers) if record.response else 0,
        has_restarted=done and record.tally.restarted and record.tally.attempts > 1,
    )  # fmt: skip
    shown = live or resting
    return {
        "bytes_sent": shown.bytes_sent, "bytes_confirmed": shown.bytes_confirmed, "total_bytes": shown.total_bytes, "bytes_received": shown.bytes_received,
        "total_bytes_to_receive": shown.total_bytes_to_receive, "attempt": shown.attempt, "has_restarted": shown.has_restarted, "answers": shown.answers,
        "rate": shown.rate, "eta": shown.eta,
    }  # fmt: skip


def _response(record: Record) -> dict[str, Any] | None:
    response = record.response
    if response is None:
        return None
    headers = [[name, value] for name, value in response.headers]
    return {
        "number": record.tally.answers, "status": response.status, "headers": headers, "url": public_url(response.url), "body": response.body,
        "truncated": response.truncated,
    }  # fmt: skip


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "code": failure.code, "web_error_status": failure.web_error, "http_status": failure.http_status, "message": failure.message, "side": failure.side,
        "retryable": failure.retryable, "hint": failure.hint,
    }  # fmt: skip


def _time(moment: Moment | None) -> str | None:
    return moment_text(moment) if moment is not None else None
