"""Taking in content: appending it to an upload, within bounds, and completing the upload with its last piece."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace

from tests.servers.rufh import digest, fields
from tests.servers.rufh.answer import Answer, Refused, problem
from tests.servers.rufh.exchange import Exchange
from tests.servers.rufh.target import process
from tests.servers.rufh.upload import Upload


@dataclass(frozen=True, slots=True)
class Bound:
    """How many bytes of content are taken, what is answered to the next one, and whether that ends the upload."""

    room: int
    answer: Answer
    ends: bool


def take_in(exchange: Exchange, upload: Upload, *, complete: bool) -> Answer:
    """Appends the request's content to an upload that is held; what came before an interruption stays."""
    began = upload.offset
    stated = digest.stated(exchange.header("content-digest"))
    running = digest.Running(stated)
    bound = min(_bounds(exchange, upload), key=lambda one: one.room, default=None)
    told = began
    with closing(exchange.pieces()) as pieces:
        for piece in pieces:
            taken = piece if bound is None else piece[: bound.room - (upload.offset - began)]
            if taken:
                upload.append(taken)
                running.add(taken)
            if len(taken) < len(piece) and bound is not None:
                _over(exchange, upload, bound)
            if upload.listed and not stated and upload.offset - told >= exchange.site.progress:
                exchange.interim(("Upload-Offset", str(upload.offset)))
                told = upload.offset
    _check(exchange, upload, began, stated, running)
    return _completed(exchange, upload) if complete else _appended(exchange, upload)


def about(exchange: Exchange, upload: Upload, answer: Answer, *, final: bool = False) -> Answer:
    """An answer with what is said about the upload: ``Upload-Complete`` tells whether it comes from the target (section "Completeness")."""
    if not upload.listed:
        return answer
    said = [("Upload-Complete", fields.flag(final))]
    spoken_of = upload.active and (answer.status == 409 or not (final or exchange.site.terse))
    if exchange.dialect.offset_always or spoken_of:
        said.append(("Upload-Offset", str(upload.offset)))
    return answer.plus(*said)


def limits(exchange: Exchange, upload: Upload | None = None) -> tuple[str, str]:
    """The ``Upload-Limit`` field, for an upload with the lifetime that it still has."""
    left = None if upload is None else exchange.site.uploads.left(upload)
    return "Upload-Limit", exchange.site.limits.field(exchange.dialect.age, left)


def inconsistent() -> Answer:
    """Two indications of the length do not match (section "Inconsistent Length")."""
    return problem(400, "inconsistent length values for upload", "inconsistent-upload-length")


def too_large(what: str) -> Answer:
    """A limit on sizes would be passed (section "Limits")."""
    return problem(413, f"the {what} is larger than the limits allow")


def _bounds(exchange: Exchange, upload: Upload) -> list[Bound]:
    """What bounds this content: the length, the largest size, the largest append (sections "Upload Append" and "Limits")."""
    dialect, limited, found = exchange.dialect, exchange.site.limits, []
    if upload.state.length is not None:
        found.append(Bound(upload.state.length - upload.offset, inconsistent(), ends=dialect.excess_ends_it))
    if limited.max_size is not None:
        found.append(Bound(limited.max_size - upload.offset, too_large("representation").plus(limits(exchange, upload)), ends=True))
    if upload.listed and limited.max_append_size is not None and (exchange.method == "PATCH" or dialect.creation_is_append):
        found.append(Bound(limited.max_append_size, too_large("content").plus(limits(exchange, upload)), ends=False))
    return found


def _over(exchange: Exchange, upload: Upload, bound: Bound) -> None:
    if bound.ends or not upload.listed:
        upload.end()
    raise Refused(about(exchange, upload, bound.answer))


def _check(exchange: Exchange, upload: Upload, began: int, stated: dict[str, bytes], running: digest.Running) -> None:
    """The content is what its digest says, or none of it is appended (section "Content Digests")."""
    if running.digests() == stated:
        return
    upload.cut(began)
    raise Refused(about(exchange, upload, problem(400, "the content is not what its Content-Digest says")))


def _appended(exchange: Exchange, upload: Upload) -> Answer:
    status = 201 if exchange.method != "PATCH" else exchange.dialect.appended
    return about(exchange, upload, Answer(status))


def _completed(exchange: Exchange, upload: Upload) -> Answer:
    """The target's answer, once it has the whole representation (section "Upload Append")."""
    if upload.state.length not in (None, upload.offset):
        raise Refused(about(exchange, upload, inconsistent()))
    upload.become(replace(upload.state, length=upload.offset))
    final = process(exchange.site.shelf, upload)
    upload.become(upload.state.ended(final))
    if not upload.listed or not exchange.site.keep_completed:
        upload.end()
    return about(exchange, upload, final, final=True)
