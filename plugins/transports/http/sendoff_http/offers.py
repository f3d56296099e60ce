"""What a destination announces: asked for once, and kept among what is learned of it."""

from __future__ import annotations

from sendoff import Answer, Exchange, HttpProtocol, Learned, Offer, Rejected, Shipment, TooLarge, public_url

from sendoff_http.answers import is_page, stranger

_NO_OPTIONS = frozenset({404, 405, 501})  # whoever answers so knows of no such question, and announces nothing


class Offers:
    """What one protocol was heard to offer. name: the protocol's."""

    def __init__(self, learned: Learned, name: str) -> None:
        self._learned, self._name = learned, name

    def known(self) -> Offer | None:
        """What was heard before; None = nothing."""
        kept = self._learned.get(self._name)
        return Offer(most=kept["most"], facts=kept["facts"]) if kept else None

    def keep(self, offer: Offer) -> None:
        """For the next one who asks."""
        self._learned.put(self._name, {"most": offer.most, "facts": dict(offer.facts)})

    def forget(self) -> None:
        """It did not hold."""
        if self._learned.get(self._name) is not None:
            self._learned.forget(self._name)


def offered(protocol: HttpProtocol, name: str, shipment: Shipment, exchange: Exchange, *, at: str) -> Offer:
    """What a destination offers for this file, heard before or asked for at an address.

    Errors: ``Rejected`` where it announces nothing, ``TooLarge``, and those of the question.
    """
    offers = Offers(protocol.toolkit.learned, name)
    offer = offers.known()
    if offer is None:
        offer = protocol.offer(exchange, at)
        if offer is None:
            hint = f'take protocol = "{name}" out, or correct the address: it must be the one where uploads are created'
            raise Rejected(f"{public_url(at)} does not announce {name}", hint=hint, side="configuration")
        offers.keep(offer)
    if offer.most is not None and shipment.size > offer.most:
        raise TooLarge(f"{public_url(at)} takes files of {offer.most} bytes at most, and this one has {shipment.size}")
    return offer


def check_told(answer: Answer, exchange: Exchange, at: str) -> None:
    """Raises where an answer to OPTIONS says nothing about what is offered: a failure, a login page."""
    if answer.good and is_page(answer):
        raise stranger(public_url(at), answer)
    if not answer.good and answer.status not in _NO_OPTIONS:
        raise exchange.refusal(answer)
