"""The loop of every HTTP protocol that resumes: create, record, append, ask, finish."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from sendoff.errors import OutcomeUnknown, SendoffError, ServerBusy, SessionLost
from sendoff.model.delivery import Delivery
from sendoff.model.session import Session
from sendoff.ports.http_protocol import Exchange, Finished, HttpProtocol
from sendoff.ports.transport import Shipment

MOST_STILL = 4  # chunks in a row after which the server has no more than it ever had


class SessionProtocol(HttpProtocol):
    """A protocol whose server keeps a half-done upload and can be asked how far it is.

    An author writes the five steps; in which order they come, what is on disk before what, and which of the server's words are believed is said here.
    kind: of its sessions, with a version (``"tus/1"``).

    Example: ``sendoff_http.tus:Tus``.
    """

    kind: ClassVar[str]

    @abstractmethod
    def create(self, shipment: Shipment, exchange: Exchange) -> Session:
        """Open a session at the server; not one byte of the source goes out.

        shipment: what is to be sent. exchange: to ask by. Errors: those of ``Exchange``, and ``exchange.refusal(answer)``.
        """

    @abstractmethod
    def ask(self, shipment: Shipment, exchange: Exchange) -> int | Finished:
        """How many bytes the server has.

        shipment: with its session. exchange: to ask by. Errors: ``self.gone(...)`` where it does not know the session; those of ``Exchange``.
        """

    @abstractmethod
    def append(self, shipment: Shipment, exchange: Exchange, offset: int) -> int | Finished:
        """Send one chunk: how many bytes the server has then. On any doubt raise, or ask and give what it says.

        shipment: with its session. exchange: to ask by. offset: of the first byte of the chunk.
        Errors: those of ``Exchange``, and ``exchange.refusal(answer)``.
        """

    @abstractmethod
    def finish(self, shipment: Shipment, exchange: Exchange, ended: Finished | None) -> Delivery:
        """Every byte is there: complete it, and verify what ``shipment.demand`` asks.

        shipment: with its session. exchange: to ask by. ended: what said that it is complete already; None = nothing.
        Errors: ``Unverified``, and those of ``Exchange``.
        """

    def send(self, shipment: Shipment, exchange: Exchange) -> Delivery:
        """One try. The session is on disk before the first byte that depends on it; a session that stands is asked for first.

        shipment: what is to be sent. exchange: to ask by. Errors: as ``Transport.send``.
        """
        reached = self._begun(shipment, exchange) if shipment.session is None else self._asked(shipment, exchange)
        most, still = (0, 0) if isinstance(reached, Finished) else (reached, 0)
        while not isinstance(reached, Finished) and reached < shipment.size:
            reached = self.append(shipment, exchange, reached)
            self._confirm(shipment, reached)
            if not isinstance(reached, Finished):
                most, still = max(most, reached), 0 if reached > most else still + 1
            if still == MOST_STILL:
                raise ServerBusy(f"{shipment.target.public} takes bytes and has no more of them than before: {most} of {shipment.size}")
        return self.finish(shipment, exchange, reached if isinstance(reached, Finished) else None)

    def refused(self, shipment: Shipment, exchange: Exchange) -> int | Finished:
        """``ask`` after a refusal to append: a server that does not know the session has completed nothing by that request, nor had it before.

        shipment: with its session. exchange: to ask by. Errors: ``SessionLost``, and those of ``ask``.
        """
        try:
            return self.ask(shipment, exchange)
        except OutcomeUnknown as unknown:
            raise SessionLost(f"{shipment.target.public} no longer knows the half-done upload") from unknown

    def gone(self, shipment: Shipment) -> SendoffError:
        """The error for a session that the server does not know: it is begun anew, unless everything had gone out and it may have been completed.

        shipment: with its session. Errors: none; it gives one.
        """
        session = shipment.session
        expired = session is not None and session.expires_at is not None and session.expires_at <= self.toolkit.clock.wall()
        if shipment.furthest is None or shipment.furthest < shipment.size:
            how = "dropped the half-done upload after its time" if expired else "no longer knows the half-done upload"
            return SessionLost(f"{shipment.target.public} {how}")
        return OutcomeUnknown(
            f"{shipment.target.public} no longer knows the upload, of which every byte had gone out: it may have been completed",
            hint="look whether the server has the file; sendoff retry sends it again",
        )

    def _begun(self, shipment: Shipment, exchange: Exchange) -> int:
        if shipment.size == 0:
            shipment.commit_point()  # some servers publish an empty file as soon as they hear of it
        shipment.record(self.create(shipment, exchange))
        return 0

    def _asked(self, shipment: Shipment, exchange: Exchange) -> int | Finished:
        session = shipment.session
        if session is None or session.kind != self.kind:
            raise SessionLost(f"the half-done upload was begun in another way than {self.kind}")
        reached = self.ask(shipment, exchange)
        self._confirm(shipment, reached)
        return reached

    def _confirm(self, shipment: Shipment, reached: int | Finished) -> None:
        """What the server has; completed is all of it, unless it completed with a refusal. ``SessionLost`` where it cannot have that much."""
        if not isinstance(reached, Finished):
            shipment.confirm(reached)
        elif reached.answer is None or reached.answer.good:
            shipment.confirm(shipment.size)
