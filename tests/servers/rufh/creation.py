"""Creating an upload with the request that would be the whole of it (section "Upload Creation"), and requests that really are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.servers.rufh import digest, fields
from tests.servers.rufh.answer import Answer, Refused, problem
from tests.servers.rufh.exchange import Exchange
from tests.servers.rufh.intake import inconsistent, limits, take_in, too_large
from tests.servers.rufh.target import METHODS, early, given
from tests.servers.rufh.upload import State


def respond(exchange: Exchange) -> Answer:
    """The answer to any request that is not for an upload resource."""
    if exchange.method == "OPTIONS":
        return _discovery(exchange)
    try:
        path = exchange.site.shelf.path(exchange.path)
    except ValueError as cause:
        raise Refused(problem(404 if exchange.method in ("GET", "HEAD") else 405, str(cause)).plus(("Allow", "OPTIONS"))) from cause
    if exchange.method in ("GET", "HEAD"):
        return given(exchange, path)
    if exchange.method in ("PUT", "POST"):
        return _upload(exchange, path)
    raise Refused(problem(405, f"{exchange.method} is not for this resource").plus(("Allow", METHODS)))


def _discovery(exchange: Exchange) -> Answer:
    """The limits of what could be created here (section "Limits"): to OPTIONS without ``Upload-Complete``."""
    answer = Answer(204, (("Allow", METHODS),))
    site = exchange.site
    announced = site.resumable and site.announces and exchange.header("upload-complete") is None
    return answer.plus(limits(exchange)) if announced else answer


def _upload(exchange: Exchange, path: Path) -> Answer:
    """Resumable if the client offers that and the server cares (section "Upgrading To Resumable Uploads")."""
    complete = fields.boolean(exchange.header("upload-complete")) if exchange.site.resumable else None
    offered = complete is not None
    try:
        early(exchange, path)
    except Refused as refusal:
        raise Refused(refusal.answer.plus(("Upload-Complete", "?1")) if offered else refusal.answer) from refusal
    length = _length(exchange, complete is not False) if offered else exchange.size
    listed = offered and _worth_it(exchange, length, complete is True)
    _within_limits(exchange, length, listed, complete is not False)
    return _created(exchange, _state(exchange, length), listed=listed, complete=complete is not False)


def _created(exchange: Exchange, state: State, *, listed: bool, complete: bool) -> Answer:
    site = exchange.site
    upload = site.uploads.create(state, listed=listed)
    location = ("Location", site.address(upload.state.id))
    try:
        with upload.held(exchange.let_go):
            if listed:
                exchange.interim(location, limits(exchange, upload))
            exchange.invite()
            answer = take_in(exchange, upload, complete=complete)
            if not listed:
                return answer
            if complete:
                return _named(answer, location) if exchange.dialect.location_always else answer
            return answer.plus(location, limits(exchange, upload))
    except Refused as refusal:
        # the upload is still there, so whoever got no 104 learns of it here
        raise Refused(_named(refusal.answer, location) if listed and upload.active else refusal.answer) from refusal
    finally:
        if not listed and upload.active:
            upload.end()


def _named(answer: Answer, location: tuple[str, str]) -> Answer:
    """With this ``Location`` and no other."""
    return replace(answer, fields=tuple(pair for pair in answer.fields if pair[0] != "Location")).plus(location)


def _state(exchange: Exchange, length: int | None) -> State:
    """What the upload is to remember of this request: its method and fields say how the whole is processed."""
    age = exchange.site.limits.max_age
    return State(
        id="", method=exchange.method, path=exchange.path, length=length,
        expires_at=None if age is None else exchange.site.uploads.now() + age,
        digests={name: value.hex() for name, value in digest.stated(exchange.header("repr-digest")).items()},
        wanted=digest.wanted(exchange.header("want-repr-digest")),
        only_new=exchange.header("if-none-match") == "*",
    )  # fmt: skip


def _length(exchange: Exchange, complete: bool) -> int | None:
    """The length, by the one or the other indication, which must match (section "Length")."""
    said = fields.integer(exchange.header("upload-length"))
    size = exchange.size if complete else None
    if None not in (said, size) and said != size:
        raise Refused(inconsistent().plus(("Upload-Complete", "?0")))
    return size if said is None else said


def _worth_it(exchange: Exchange, length: int | None, complete: bool) -> bool:
    """Whether an upload resource is made: not for less than ``min-size``, which is taken without one if it comes whole (section "Limits")."""
    least = exchange.site.limits.min_size
    if least is None or (length is not None and length >= least):
        return True
    if complete:
        return False
    raise Refused(problem(400, "too small, or of no known length, to be resumable").plus(limits(exchange), ("Upload-Complete", "?0")))


def _within_limits(exchange: Exchange, length: int | None, listed: bool, complete: bool) -> None:
    limited, size = exchange.site.limits, exchange.size
    more = (limits(exchange), ("Upload-Complete", "?0")) if listed else ()
    if limited.max_size is not None and (length or 0) > limited.max_size:
        raise Refused(too_large("representation").plus(*more))
    if not listed or size is None or not exchange.dialect.creation_is_append:
        return
    if limited.max_append_size is not None and size > limited.max_append_size:
        raise Refused(too_large("content").plus(*more))
    if limited.min_append_size is not None and 0 < size < limited.min_append_size and not complete:
        raise Refused(problem(400, "the content is smaller than the limits allow").plus(*more))
