"""One try to send one file."""

from __future__ import annotations

from sendoff import Delivery, SessionLost, Shipment

from sendoff_s3.address import place_of
from sendoff_s3.leftovers import KIND
from sendoff_s3.multipart import Multipart
from sendoff_s3.plan import Plan
from sendoff_s3.service import Service
from sendoff_s3.single import Single
from sendoff_s3.thing import Thing
from sendoff_s3.wire import TimeLimits, Wire


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
    plan = Plan.of(shipment.size, thing.service.settings, thing.service.server)
    token = _token(shipment)
    small = session is None and plan.count == 1
    shipment.carried("put" if small else "multipart", resumable=not small)
    if small:
        return Single(shipment, thing, token).run()
    return Multipart(shipment, thing, plan, token).run()


def _token(shipment: Shipment) -> str:
    """The mark by which this upload is known again: of the operation, its round, and the source as it was."""
    operation = shipment.operation
    identity = operation.spec.source.identity
    return f"{operation.id}.{operation.round}.{identity.mtime_ns if identity else 0:x}"
