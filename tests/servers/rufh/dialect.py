"""The two drafts that are spoken here, and where they differ.

The main one is the working group's text of 1 July 2026. That text still counts itself as interop version 8; it was published five days later as
draft -12 with the number 9, which is what is spoken here. The other is draft -05 (interop version 6, as -04).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.servers.rufh import fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one draft is spoken; the two values below say all of it.

    interop: the version whose 104 the client understands; None = it gets none (section "Draft Version Identification").
    age: the key of the lifetime in ``Upload-Limit``.
    appended: the status of an append that does not complete the upload.
    offset_always: ``Upload-Offset`` is in every answer about an active upload.
    location_always: the answer to a creation names the upload resource even when it comes from the target.
    bare_questions: a HEAD or DELETE that carries a field of an upload is refused.
    complete_required: an append says ``Upload-Complete``; else silence means ``?0``.
    creation_is_append: the limits of an append hold for the content of a creation, too.
    excess_ends_it: an upload whose offset would exceed its length is over; else its bytes up to the length are kept.
    replays: an empty completing append to a completed upload gets the final answer again; else it is refused as ``completed-upload``.
    """

    interop: int | None
    age: str
    appended: int
    offset_always: bool
    location_always: bool
    bare_questions: bool
    complete_required: bool
    creation_is_append: bool
    excess_ends_it: bool
    replays: bool


NEWEST = Dialect(
    interop=9, age="max-age", appended=204, offset_always=False, location_always=False, bare_questions=False,
    complete_required=True, creation_is_append=True, excess_ends_it=True, replays=True,
)  # fmt: skip
SIX = Dialect(
    interop=6, age="expires", appended=201, offset_always=True, location_always=True, bare_questions=True,
    complete_required=False, creation_is_append=False, excess_ends_it=False, replays=False,
)  # fmt: skip


def spoken(version: str | None) -> Dialect:
    """By the ``Upload-Draft-Interop-Version`` of a request; without one that is known, the newest without any 104."""
    known = {dialect.interop: dialect for dialect in (NEWEST, SIX)}
    return known.get(fields.integer(version), replace(NEWEST, interop=None))
