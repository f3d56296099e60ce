"""The end of an upload: the server puts the chunks together at the target, and may take longer for it than anybody listens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sendoff import (
    Answer,
    Clock,
    Delivery,
    Exchange,
    Finished,
    NeedsPerson,
    Permanent,
    Proof,
    Rejected,
    SendoffError,
    ServerBusy,
    SessionLost,
    Shipment,
    Transient,
    Unreachable,
    Unverified,
    moment,
)

from sendoff_http_nextcloud.address import parent_of, sent_form
from sendoff_http_nextcloud.dav import Dav
from sendoff_http_nextcloud.held import Held
from sendoff_http_nextcloud.multistatus import Resource
from sendoff_http_nextcloud.sending import check_digest, describing, kept, proved, time_of
from sendoff_http_nextcloud.single import is_careful, left_alone, top_of

_DONE = frozenset({201, 204})
_ACCEPTED = 202
_NOTHING = ""  # the mark of a target at which nothing lay


class Assembly:
    """Everything about one try to have the chunks put together.

    Before the server is told, the session gets a mark: when that was, and what lay at the target. It is what tells a file that came of it from another.
    patience: seconds that a server which did not answer is left alone with it.
    """

    def __init__(self, shipment: Shipment, exchange: Exchange, clock: Clock, *, patience: float) -> None:
        self._shipment, self._exchange, self._clock, self._patience = shipment, exchange, clock, patience
        self._dav = Dav(exchange, shipment.target.public)

    # -- after a doubt

    def vanished(self, unknown: SendoffError) -> Finished:
        """The chunks are gone: they have become the file, or the upload has to begin again. unknown: the error where nobody can tell any more."""
        if self._mark is None:
            raise SessionLost(f"{self._shipment.target.public} no longer has the chunks that were sent")
        if self._is_ours(self._dav.look(self._shipment.target.url)):
            return Finished()
        raise unknown

    def became_ours(self) -> bool:
        """Whether the file is there although the chunks are, too. Errors: ``ServerBusy`` while the server may still be about it."""
        if self._mark is None:
            return False
        if self._is_ours(self._dav.look(self._shipment.target.url)):
            self.give_up()
            return True
        left = (self._mark["at"] + moment(self._patience) - self._clock.wall()) / moment(1.0)
        if 0 < left <= self._patience:
            raise self._still(left)
        return False

    def give_up(self) -> None:
        """The chunks are of no use any more; if the server does not let go of them now, it will by itself."""
        try:
            self._dav.remove(self._data["url"])
        except (Transient, Permanent, NeedsPerson):
            return

    # -- the move

    def move(self) -> Delivery:
        """Looks at what lies there, has the chunks put together, and looks again."""
        shipment = self._shipment
        there = self._dav.look(shipment.target.url)
        if there is not None and (there.folder or is_careful(shipment)):
            return self._in_the_way(there)
        before = {"before": _NOTHING, "sum": None} if there is None else {"before": there.etag, "sum": there.checksums.get("SHA256")}
        self._record({"at": self._clock.wall(), **before})
        answer = self._told()
        if answer.status in _DONE:
            return self.delivered(answer)
        if answer.status == _ACCEPTED:
            raise self._still(self._patience)
        if 400 <= answer.status < 500:
            self._record(None)  # it said no: nothing is under way
        return self._refused(answer)

    def delivered(self, answer: Answer | None = None) -> Delivery:
        """What the target is seen to be now. answer: of the move, where one came."""
        shipment, sha256 = self._shipment, self._data["sha256"]
        there = self._dav.look(shipment.target.url)
        if there is None or there.size != shipment.size:
            found = "nothing" if there is None else f"{there.size} bytes"
            raise Unverified(f"{shipment.target.public} holds {found} instead of {shipment.size} bytes")
        self._check_told(there)
        whole = (answer.header("x-hash-sha256") or "").lower() if answer is not None and sha256 is not None else ""
        if whole:
            check_digest(shipment, whole, sha256)
        seen = "server-digest" if whole else "part-digests" if self._data["checked"] == shipment.size else "size"
        existing = None if not is_careful(shipment) else "unconfirmed" if answer is not None and answer.status != 201 else "created"
        return Delivery(
            url=shipment.target.public, size=shipment.size, verified=proved(shipment, self._exchange, seen, sha256), existing=existing, etag=there.etag,
            digests={"sha256": sha256} if sha256 else {},
        )  # fmt: skip

    def _told(self) -> Answer:
        """The answer to the move; folders that have vanished meanwhile are made again."""
        answer = self._ask_for_it()
        if answer.status == 409:
            self._dav.make_folders(parent_of(self._shipment.target.url), top_of(self._shipment))
            answer = self._ask_for_it()
        return answer

    def _ask_for_it(self) -> Answer:
        shipment, sha256 = self._shipment, self._data["sha256"]
        headers = {
            "Destination": sent_form(shipment.target.url), "OC-Total-Length": str(shipment.size), "Overwrite": "F" if is_careful(shipment) else "T",
            **describing(shipment, sha256), **({"X-Hash": "sha256"} if sha256 is not None else {}),
        }  # fmt: skip
        shipment.commit_point()
        try:
            return self._exchange("MOVE", f"{self._data['url']}/.file", headers=headers, into=kept(shipment))
        except Unreachable:
            self._record(None)  # nobody was told anything
            raise

    def _refused(self, answer: Answer) -> Delivery:
        shipment = self._shipment
        there = self._dav.look(shipment.target.url) if answer.status == 412 else None
        if there is not None and is_careful(shipment):
            return self._in_the_way(there)
        if answer.status in (400, 404, 412):
            raise self._wrong(answer)
        raise self._dav.refusal(answer)

    def _in_the_way(self, there: Resource) -> Delivery:
        """Something lies at the target that may not be replaced; the chunks are of no use where it is to be left alone."""
        if there.folder and not is_careful(self._shipment):
            raise Rejected(f"{self._shipment.target.public} is a folder; nothing was put in its place")
        delivery = left_alone(self._shipment, self._exchange, there)
        self.give_up()
        return delivery

    def _wrong(self, answer: Answer) -> SendoffError:
        """The server does not make the file of what it has: of some chunks there is less than it said, or it counts others."""
        held = Held.of(self._shipment, self._dav.inside(self._data["url"]))
        where = self._shipment.target.public
        if held is not None and (held.reached < self._shipment.size or held.strangers):
            return Transient(f"{where} lost chunks that it had (status {answer.status}); they are sent again", http_status=answer.status)
        if held is not None:
            self.give_up()
        return SessionLost(f"{where} does not put the chunks together to what was sent (status {answer.status})", http_status=answer.status)

    # -- what is known

    @property
    def _data(self) -> Any:
        return self._shipment.session.data if self._shipment.session is not None else {}

    @property
    def _mark(self) -> Any:
        return self._data.get("told")

    def _record(self, mark: dict[str, Any] | None) -> None:
        session = self._shipment.session
        if session is not None:
            self._shipment.record(replace(session, data={**session.data, "told": mark}))

    def _still(self, left: float) -> ServerBusy:
        text = f"{self._shipment.target.public} has all chunks and may still be putting them together"
        return ServerBusy(text, retry_after=max(left, 1.0), locked=True)

    def _check_told(self, there: Resource) -> None:
        """A digest that the server keeps with the file is what it was told: it proves nothing, but it must not differ."""
        sha256, found = self._data["sha256"], self._sum_of(there)
        if sha256 is not None and found is not None:
            check_digest(self._shipment, found, sha256)

    def _sum_of(self, there: Resource) -> str | None:
        """The digest that the server keeps with the file; None where it is still that of what lay there before."""
        found = there.checksums.get("SHA256")
        return None if found == self._mark["sum"] else found

    def _is_ours(self, there: Resource | None) -> bool:
        """Whether what lies there came of our chunks: of our size, not what lay there before, and with our time or digest; else its content decides."""
        if there is None or there.folder or there.size != self._shipment.size or there.etag is None or there.etag == self._mark["before"]:
            return False
        sha256, found = self._data["sha256"], self._sum_of(there)
        if sha256 is not None and found is not None:
            return bool(found == sha256)
        if time_of(self._shipment) is not None and there.modified == time_of(self._shipment):
            return True
        return Proof(self._shipment, self._exchange).holds(self._shipment.target.url)
