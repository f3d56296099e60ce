"""The transports in memory, carrying several small ones in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sendoff.errors import SendoffError, Transient
from sendoff.model.delivery import Delivery
from sendoff.model.session import Session
from sendoff.ports.transport import Bundling, Shipment, Shipments
from sendoff.testing.memory_transport import MemoryProtocol, PlainTransport, SessionTransport, no_exchange, read_block

Told = tuple[Shipment, Delivery | SendoffError]


def _each(steps: Sequence[tuple[Shipment, Callable[[], Delivery | None]]]) -> Iterator[Told]:
    """Take these steps; what a source, an order or the server says of one is told of this one; the ``Transient`` of a broken connection is raised."""
    for shipment, step in steps:
        try:
            done = step()
        except Transient:
            raise
        except SendoffError as error:
            yield shipment, error
        else:
            if done is not None:
                yield shipment, done


class _Run:
    """One run over one connection: who has begun and was not told yet."""

    def __init__(self) -> None:
        self.begun: list[Shipment] = []

    def told(self, steps: Sequence[tuple[Shipment, Callable[[], Delivery | None]]]) -> Iterator[Told]:
        """The steps, with who was told taken off the list."""
        for shipment, result in _each(steps):
            self.begun = [one for one in self.begun if one is not shipment]
            yield shipment, result

    def over(self, error: Transient) -> Iterator[Told]:
        """The connection broke."""
        for shipment in self.begun:
            yield shipment, error


class PlainRuns(PlainTransport, Bundling):
    """Reads all of a run first, then completes one after the other, the last first."""

    def send_bundle(self, shipments: Shipments) -> Iterator[Told]:
        """As the port says."""
        run, bodies = _Run(), dict[int, bytes]()
        self.server.point("connect", "")

        def read(shipment: Shipment) -> None:
            run.begun.append(shipment)
            bodies[id(shipment)] = read_block(shipment, 0, shipment.size)
            self.server.point("body", shipment.operation.id)

        def complete(shipment: Shipment) -> Delivery:
            body, id_ = bodies[id(shipment)], shipment.operation.id
            shipment.commit_point()
            self.server.point("last", id_)
            self._take(shipment, body)
            self.server.point("answer", id_)
            shipment.answered(200, (("Server", "memory"),), shipment.target.url)
            shipment.confirm(len(body))
            return Delivery(url=shipment.target.url, size=len(body), verified="size")

        try:
            yield from run.told([(shipment, partial(read, shipment)) for shipment in shipments])
            yield from run.told([(shipment, partial(complete, shipment)) for shipment in reversed(run.begun)])
        except Transient as error:
            yield from run.over(error)


class SessionRuns(SessionTransport, Bundling):
    """Makes the sessions of a run first and records them together; then each goes on by itself."""

    def send_bundle(self, shipments: Shipments) -> Iterator[Told]:
        """As the port says."""
        run, protocol, made = _Run(), MemoryProtocol(self.settings, self.toolkit), list[tuple[Shipment, Session]]()
        self.server.point("connect", "")

        def make(shipment: Shipment) -> None:
            if shipment.session is None:
                made.append((shipment, protocol.create(shipment, no_exchange)))

        def go_on(shipment: Shipment) -> Delivery:
            run.begun.append(shipment)
            return protocol.send(shipment, no_exchange)

        everyone = list(shipments)
        try:
            yield from run.told([(shipment, partial(make, shipment)) for shipment in everyone])
            failed = shipments.record(made)
            yield from failed
            gone = {id(shipment) for shipment, _ in failed}
            yield from run.told([(shipment, partial(go_on, shipment)) for shipment in everyone if id(shipment) not in gone])
        except Transient as error:
            yield from run.over(error)
