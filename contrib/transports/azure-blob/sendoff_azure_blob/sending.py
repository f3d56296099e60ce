"""One try: which way a shipment goes."""

from __future__ import annotations

from sendoff import Delivery, SessionLost, Shipment

from sendoff_azure_blob.address import place_of
from sendoff_azure_blob.blocks import Blocks
from sendoff_azure_blob.leftovers import KIND
from sendoff_azure_blob.plan import USUAL, Plan
from sendoff_azure_blob.service import Service
from sendoff_azure_blob.single import Single
from sendoff_azure_blob.thing import Thing
from sendoff_azure_blob.wire import TimeLimits, Wire


def sent(service: Service, shipment: Shipment) -> Delivery:
    """The delivery; every refusal of the server is one of sendoff's errors."""
    place = place_of(shipment.target.url)
    wire = Wire(
        service.toolkit.clock, TimeLimits.of(service.settings, service.toolkit.rules), where=shipment.target.public, deadline=shipment.deadline,
    )  # fmt: skip
    with shipment.on_interrupt(wire.stop), service.translated(wire):
        return _sent(shipment, Thing(service, place, wire, shipment.headers))


def _sent(shipment: Shipment, thing: Thing) -> Delivery:
    session = shipment.session
    if session is not None and session.kind != KIND:
        raise SessionLost(f"the half-done upload was begun in another way than {KIND}", left=True)
    plan = Plan.of(shipment.size, thing.service.settings)
    token = _token(shipment)
    small = session is None and plan.count == 1 and shipment.size <= USUAL
    shipment.carried("put" if small else "blocks", resumable=not small)
    if small:
        return Single(shipment, thing, token).run()
    return Blocks(shipment, thing, plan, token).run()


def _token(shipment: Shipment) -> str:
    """The mark by which this upload is known again: of the operation, its round, and the source as it was."""
    operation = shipment.operation
    identity = operation.spec.source.identity
    return f"{operation.id}.{operation.round}.{identity.mtime_ns if identity else 0:x}"
