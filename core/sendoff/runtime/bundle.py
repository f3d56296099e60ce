"""A run: several small operations in one try of their transport, each with an end of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from sendoff.errors import Interrupted, Permanent, SendoffError, Transient
from sendoff.model.change import Unit
from sendoff.model.delivery import Delivery
from sendoff.model.session import Session
from sendoff.ports.transport import Bundling, Shipment, Shipments
from sendoff.runtime.journal import Journal
from sendoff.runtime.loading import Load, Loading
from sendoff.runtime.settling import Result
from sendoff.runtime.shipment import WorkShipment

_LOG = logging.getLogger("sendoff.attempts")


class WorkShipments:
    """Implements ``ports.transport.Shipments`` over the journal."""

    def __init__(self, shipments: Sequence[WorkShipment], journal: Journal) -> None:
        self._shipments, self._journal = shipments, journal

    def __len__(self) -> int:
        """As the port says."""
        return len(self._shipments)

    def __iter__(self) -> Iterator[Shipment]:
        """As the port says."""
        return iter(self._shipments)

    def record(self, sessions: Sequence[tuple[Shipment, Session]]) -> Sequence[tuple[Shipment, SendoffError]]:
        """As the port says."""
        with ExitStack() as inside:
            for shipment, _ in sessions:
                assert isinstance(shipment, WorkShipment)
                inside.enter_context(shipment.pulse.inside_call())
            return self._record(sessions)

    def _record(self, sessions: Sequence[tuple[Shipment, Session]]) -> Sequence[tuple[Shipment, SendoffError]]:
        failed: list[tuple[Shipment, SendoffError]] = []
        wanted: list[tuple[WorkShipment, Session, Unit]] = []
        for shipment, session in sessions:
            assert isinstance(shipment, WorkShipment)
            try:
                unit = shipment.to_record(session)
            except SendoffError as error:
                failed.append((shipment, error))
            else:
                wanted += [(shipment, session, unit)] if unit else []
        replies = self._journal.commit_many([unit for _, _, unit in wanted]) if wanted else ()
        for (ours, session, _), said in zip(wanted, replies, strict=True):
            try:
                ours.recorded(session, said)
                ours.check()
            except SendoffError as error:
                failed.append((ours, error))
        return failed


def carried(loads: Sequence[Load], loading: Loading, journal: Journal) -> Iterator[tuple[Load, Result] | None]:
    """Send these in one run of their transport; how each of them ended, as soon as it is known. A result of None: its turn did not come, it is free again.

    None instead of both: the run waits for something.
    """
    shipments = [load.shipment for load in loads if load.shipment is not None]
    left = {id(load.shipment): load for load in loads}
    transport, told, error = loads[0].transport, False, None
    assert isinstance(transport, Bundling)
    try:
        for told_of in _each(transport, WorkShipments(shipments, journal), loading.ends):
            if told_of is None:
                yield None
                continue
            shipment, result = told_of
            load = left.pop(id(shipment), None)
            if load is None:
                _LOG.error("the transport %s told twice of a shipment, or of one that it was not given", loads[0].record.spec.transport)
                continue
            told = True
            yield load, loading.checked(load, result)
    except (Exception, SystemExit) as cause:  # noqa: BLE001 - a driver is a stranger's code; the operation gets its name
        error = loading.error_of(next(iter(left.values()), loads[0]).record, cause)
    if error is None and not told:
        error = Transient(f"the transport {loads[0].record.spec.transport} did nothing with what it was given")
    yield from untold(list(left.values()), error)


def _each(transport: Bundling, run: Shipments, ends: tuple[type[BaseException], ...]) -> Iterator[tuple[Shipment, Delivery | SendoffError] | None]:
    """What a run tells; whatever else it raises than an error is made one, for it ends no thread of ours."""
    telling = iter(transport.send_bundle(run))
    while True:
        try:
            told = next(telling)
        except StopIteration:
            return
        except ends:
            raise
        except (Exception, SystemExit):
            raise
        except BaseException as cause:
            raise RuntimeError(f"{type(cause).__name__}: {cause}") from cause
        yield told


def untold(left: Sequence[Load], error: SendoffError | None) -> Iterator[tuple[Load, Result]]:
    """Whoever has begun shares the fate of the run; of the others one at most carries what went wrong, so that it is not met at once again by all.

    What would end an upload for good is said of none of several: nobody knows whose it is. Who hears of it is tried alone next, and gets its own.
    """
    begun = [load for load in left if load.shipment is not None and load.shipment.begun]
    first = next(iter([*begun, *left]), None) if error is not None or begun else None
    broken = error or Transient("the run that it went with ended before it was told what became of it")
    shared = broken if isinstance(broken, Transient | Interrupted) else Transient(f"the run that it went with broke off: {broken.message}")
    firsts = shared if isinstance(broken, Permanent) and len(left) > 1 else broken
    for load in left:
        yield load, firsts if load is first else shared if load in begun else None
