"""Which answers are kept for the caller, and what of them is told."""

from __future__ import annotations

from typing import BinaryIO

from sendoff import Answer, Into, Shipment


def kept(shipment: Shipment) -> Into:
    """This one is, whatever it says; it is told as the target's, for its own address may be a session's."""

    def into(answer: Answer) -> BinaryIO:
        return shipment.answered(answer.status, _shown(answer), shipment.target.public)

    return into


def refusals(shipment: Shipment) -> Into:
    """Only one that refuses is: a success here is a step on the way, and may tell a session's address."""

    def into(answer: Answer) -> BinaryIO | None:
        return None if answer.good else shipment.answered(answer.status, _shown(answer), shipment.target.public)

    return into


def _shown(answer: Answer) -> tuple[tuple[str, str], ...]:
    """Its headers without addresses."""
    return tuple((name, value) for name, value in answer.headers if name.lower() not in ("location", "content-location", "link"))
