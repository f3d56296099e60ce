"""The resource at the server that a half-done upload grows in, as a session remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sendoff import Answer, Exchange, Leftover, Shipment, public_url

from sendoff_http.answers import is_page, stranger

_GONE = frozenset({404, 410})


def data_of(shipment: Shipment) -> Mapping[str, Any]:
    """What its session remembers."""
    return shipment.session.data if shipment.session is not None else {}


def url_of(shipment: Shipment) -> str:
    """Its address; a secret."""
    return str(data_of(shipment)["url"])


def note_move(shipment: Shipment, answer: Answer) -> None:
    """It has answered from elsewhere, after a redirect that was followed: that is its address from now on."""
    if shipment.session is not None and answer.url != url_of(shipment):
        shipment.record(replace(shipment.session, data={**shipment.session.data, "url": answer.url}))


def check_taken_away(leftover: Leftover, answer: Answer, exchange: Exchange) -> None:
    """Raises unless it was taken away now, or is not known any more."""
    if answer.good and is_page(answer):
        raise stranger(public_url(leftover.url), answer)
    if not (answer.good or answer.status in _GONE):
        raise exchange.refusal(answer)
