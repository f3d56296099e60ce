"""The seven verbs. ``runtime.app`` implements them where the journal is, ``desk.client`` over the socket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from sendoff.errors import Json, SendoffError
from sendoff.model.event import Event
from sendoff.model.operation import Request
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Applied, Created, Order, Page, Query, Question, Selection, View
from sendoff.model.secret import Credential

SLICE = 1000


class Desk(Protocol):
    """Everything a program can ask of the work."""

    def create(
        self,
        requests: Iterable[Request],
        *,
        start: bool = True,
        dry_run: bool = False,
        together: bool = False,
        environment: Mapping[str, str] | None = None,
        batch: str | None = None,
    ) -> Iterator[Created | SendoffError]:
        """One answer per request, in order; durable when yielded; one batch per call; ``SLICE`` requests a commit.

        An unchanged source that is still queued for its target is not stored again, and what had not begun with an older state of it is replaced.
        ``dry_run``: check, say what would be there already or skipped, store nothing.
        ``together``: within a slice one bad request refuses all (each of the others is answered ``Refused``).
        ``environment``: the submitter's; None = this process's own. Only what says something about identity is kept, sealed.
        ``batch``: one that this process holds open (``desk.hold``), instead of a new one; ``InvalidState`` when it is closed.
        """
        ...

    def order(self, order: Order, which: Selection) -> Applied:
        """``start pause resume cancel retry acknowledge move set group attach``, with the details that ``Order`` names; durable when it returns.

        An order for many is in force at once and written out in slices. Why one that was named alone cannot obey is raised; of many, ``Applied`` says it.
        """
        ...

    def page(self, query: Query, *, after: str | None = None, limit: int = 100) -> Page[View]:
        """Operations as JSON shows them. ``UnknownOperation``, or ``InvalidArgument`` with the candidates, for a name that means none or several."""
        ...

    def follow(self, query: Query, *, after: int | None, progress: bool = False) -> Iterator[Event | UploadProgress | None]:
        """Events after a position, then live ones; None once it has caught up, then about once a second. ``after=None``: from now on.

        Names are understood as in ``page``. A slow reader loses progress, never events.
        """
        ...

    def answer(self, id: str, offset: int = 0) -> Iterator[bytes]:
        """The kept body of the server's response, from ``offset``."""
        ...

    def ask(self, question: Question) -> Json:
        """``status plugins config credentials check todos batch group open remains``; ``gc``, which forgets at once what is past its time;
        ``trust``, a server's key (``destination``), to be accepted (``fingerprint``) or forgotten (``forget``); and ``seal``: nothing is added to the
        ``batch`` that this process holds open any more, and once all of it has ended its ``handler`` is called, if it has one; and ``clients``: what goes by
        the life of a program that is gone, or is ``over``, has been left when this returns.

        A host's desk also knows ``stop``: it leaves at a safe point.
        """
        ...

    def keep(self, reference: str, credential: Credential | None) -> None:
        """Set or remove (None) a credential; wakes who waited for it."""
        ...
