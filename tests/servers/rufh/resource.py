"""Upload resources: how far they came, appending to them, dropping them."""

from __future__ import annotations

from dataclasses import replace

from tests.servers.rufh import fault, fields
from tests.servers.rufh.answer import Answer, Refused, problem
from tests.servers.rufh.exchange import Exchange
from tests.servers.rufh.intake import about, inconsistent, limits, take_in, too_large
from tests.servers.rufh.upload import Upload

METHODS = "OPTIONS, HEAD, GET, PATCH, DELETE"
PARTIAL = "application/partial-upload"


def respond(exchange: Exchange, id: str) -> Answer:
    """The answer to a request for an upload resource."""
    upload = _found(exchange, id)
    match exchange.method:
        case "OPTIONS":
            return Answer(204, (("Allow", METHODS), ("Accept-Patch", PARTIAL)))
        case "HEAD" | "GET":
            return _retrieval(exchange, upload)
        case "PATCH":
            return _append(exchange, upload)
        case "DELETE":
            return _cancellation(exchange, upload)
    raise Refused(problem(405, f"{exchange.method} is not for uploads").plus(("Allow", METHODS)))


def _found(exchange: Exchange, id: str) -> Upload:
    """The upload, after the script has done to it what it wants."""
    uploads = exchange.site.uploads
    if exchange.planned(fault.Forget):
        uploads.forget(id)
    if exchange.planned(fault.Expire):
        uploads.expire(id)
    if isinstance(move := exchange.planned(fault.Move), fault.Move):
        uploads.move(id, move.status)
    if (moved := uploads.moved(id)) is not None:
        raise Refused(Answer(moved[1], (("Location", exchange.site.address(moved[0])),)))
    if (upload := uploads.find(id)) is None:
        raise _gone()
    return upload


def _gone() -> Refused:
    return Refused(problem(404, "no such upload, or not any more"))


def _retrieval(exchange: Exchange, upload: Upload) -> Answer:
    """The offset (section "Offset Retrieval"); whoever was appending is gone, so that it holds."""
    _bare(exchange, "upload-offset", "upload-complete", "upload-length")
    with upload.held(exchange.let_go):
        if not upload.active:
            raise _gone()
        said = [("Upload-Offset", str(upload.offset)), limits(exchange, upload), ("Cache-Control", "no-store")]
        if not exchange.site.terse or exchange.dialect.offset_always:
            said.append(("Upload-Complete", fields.flag(upload.state.complete)))
            said += [("Upload-Length", str(upload.state.length))] if upload.state.length is not None else []
        return Answer(204, tuple(said))


def _cancellation(exchange: Exchange, upload: Upload) -> Answer:
    """Deactivated; what is in flight ends first (section "Upload Cancellation")."""
    _bare(exchange, "upload-offset", "upload-complete")
    with upload.held(exchange.let_go):
        if not upload.active:
            raise _gone()
        upload.end()
    return Answer(204)


def _bare(exchange: Exchange, *names: str) -> None:
    if exchange.dialect.bare_questions and any(exchange.header(name) is not None for name in names):
        raise Refused(problem(400, f"{exchange.method} takes none of {', '.join(names)}"))


def _append(exchange: Exchange, upload: Upload) -> Answer:
    """More of the representation (section "Upload Append")."""
    if (exchange.header("content-type") or "").partition(";")[0].strip().lower() != PARTIAL:
        raise Refused(about(exchange, upload, problem(415, f"an append is {PARTIAL}")).plus(("Accept-Patch", PARTIAL)))
    complete = fields.boolean(exchange.header("upload-complete"))
    offset = fields.integer(exchange.header("upload-offset"))
    if offset is None or (complete is None and exchange.dialect.complete_required):
        raise Refused(about(exchange, upload, problem(400, "an append needs Upload-Offset and Upload-Complete")))
    with upload.held(exchange.let_go):
        if not upload.active:
            raise _gone()
        if upload.state.complete:
            return _after_the_end(exchange, upload, offset, complete is True)
        _agrees(exchange, upload, offset)
        _records_length(exchange, upload, complete is True)
        _within_limits(exchange, upload, complete is True)
        exchange.invite()
        return take_in(exchange, upload, complete=complete is True)


def _agrees(exchange: Exchange, upload: Upload, offset: int) -> None:
    """Client and server mean the same offset (section "Mismatching Offset")."""
    if offset == upload.offset:
        return
    title = "offset from request does not match offset of resource"
    answer = problem(409, title, "mismatching-upload-offset", expected_offset=upload.offset, provided_offset=offset)
    raise Refused(about(exchange, upload, answer))


def _records_length(exchange: Exchange, upload: Upload, complete: bool) -> None:
    """What this request says of the length must match what is known, and is known from now on (section "Length")."""
    said = fields.integer(exchange.header("upload-length"))
    summed = upload.offset + exchange.size if complete and exchange.size is not None else None
    known = {length for length in (said, summed, upload.state.length) if length is not None}
    if len(known) > 1 or (known and min(known) < upload.offset):
        raise Refused(about(exchange, upload, inconsistent()))
    if known and upload.state.length is None:
        upload.become(replace(upload.state, length=known.pop()))


def _within_limits(exchange: Exchange, upload: Upload, complete: bool) -> None:
    """The limits of a single append, where its size is announced (section "Limits")."""
    limited, size = exchange.site.limits, exchange.size
    if size is None:
        return
    if limited.max_append_size is not None and size > limited.max_append_size:
        raise Refused(about(exchange, upload, too_large("content").plus(limits(exchange, upload))))
    if limited.min_append_size is not None and size < limited.min_append_size and not complete:
        raise Refused(about(exchange, upload, problem(400, "the content is smaller than the limits allow").plus(limits(exchange, upload))))
    if limited.max_size is not None and upload.offset + size > limited.max_size:
        raise Refused(about(exchange, upload, too_large("representation").plus(limits(exchange, upload))))


def _after_the_end(exchange: Exchange, upload: Upload, offset: int, complete: bool) -> Answer:
    """Nothing can be appended any more; who lost the final answer gets it again, where the draft allows (section "Upload Append")."""
    if not exchange.dialect.replays:
        raise Refused(problem(400, "upload is already completed", "completed-upload").plus(("Upload-Complete", "?1"), ("Upload-Offset", str(upload.offset))))
    _agrees(exchange, upload, offset)
    if complete and exchange.size == 0:
        return about(exchange, upload, upload.state.replay(), final=True)
    raise Refused(about(exchange, upload, problem(400, "the upload is complete; nothing can be appended")))
