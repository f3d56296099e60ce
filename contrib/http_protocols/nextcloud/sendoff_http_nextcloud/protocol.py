"""Nextcloud's chunked upload, version 2 (developer manual, "Chunked file upload"): a folder of numbered chunks that the server puts together."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

from sendoff import (
    Answer,
    Delivery,
    Exchange,
    Finished,
    InvalidArgument,
    Leftover,
    Offer,
    Rejected,
    SendoffError,
    Session,
    SessionLost,
    SessionProtocol,
    Shipment,
    Span,
    TooLarge,
    check_expected,
    moment,
    needs_digest,
    public_url,
    sha256_of,
)

from sendoff_http_nextcloud.address import chunk_name, parent_of, place_of, sent_form, uploads_of
from sendoff_http_nextcloud.assembly import Assembly
from sendoff_http_nextcloud.dav import CREATED, Dav
from sendoff_http_nextcloud.held import Held
from sendoff_http_nextcloud.sending import put, refusals
from sendoff_http_nextcloud.settings import MOST, MOST_CHUNKS, Settings
from sendoff_http_nextcloud.single import Single, is_careful, left_alone, top_of

LIVES = 86_400.0  # seconds without a new chunk after which the server takes the folder away
MOST_NAMES = 3
_TAKEN = 405
_STORED = frozenset({201, 204})
_NO_UPLOADS = frozenset({404, 405, 409, 501})
_DOUBTFUL = frozenset({400, 403, 404, 409})
_FORGOTTEN = 412  # the server's cache no longer knows to which multipart upload of its storage the folder belongs


class Nextcloud(SessionProtocol):
    """Makes a folder in the user's uploads, puts chunks into it, has them put together at the target; small files go as one PUT."""

    Settings = Settings
    kind = "nextcloud/1"

    def offer(self, exchange: Exchange, root: str) -> Offer | None:
        """Asks the capabilities, where the address looks like a user's files at a Nextcloud."""
        place = place_of(root)
        if place is None:
            return None
        answer = exchange("GET", f"{place.base}/ocs/v1.php/cloud/capabilities?format=json", headers={"OCS-APIRequest": "true"})
        chunking = _chunking(answer) if answer.status == 200 and answer.whole else None
        return None if chunking is None else Offer(facts={"chunking": chunking})

    def send(self, shipment: Shipment, exchange: Exchange) -> Delivery:
        """One try. A session that stands goes on, whatever the settings say by now; else the size decides."""
        if shipment.operation.spec.method not in (None, "PUT"):
            raise InvalidArgument(f"a Nextcloud takes files by PUT, not by {shipment.operation.spec.method}")
        if shipment.session is None:
            if shipment.size <= self._chunk(shipment):
                return Single(shipment, exchange, checked=self._checked(shipment)).run()
            there = Dav(exchange, shipment.target.public).look(shipment.target.url) if is_careful(shipment) else None
            if there is not None:
                return left_alone(shipment, exchange, there)
        return super().send(shipment, exchange)

    # -- the five steps

    def create(self, shipment: Shipment, exchange: Exchange) -> Session:
        """``MKCOL`` of a folder with a name that nobody else draws, after the folders that the target lies in."""
        shipment.carried("nextcloud", resumable=True)
        uploads, dav = uploads_of(shipment.target.url, self.settings.uploads), Dav(exchange, shipment.target.public)
        sha256 = sha256_of(shipment) if needs_digest(shipment.demand) else None
        check_expected(shipment.demand, sha256)
        there = dav.look(shipment.target.url)
        if there is not None and there.folder:
            raise Rejected(f"{shipment.target.public} is a folder; nothing was put in its place")
        if there is None:
            dav.make_folders(parent_of(shipment.target.url), top_of(shipment))
        folder = self._folder(shipment, exchange, uploads)
        data = {"url": folder, "chunk": self._chunk(shipment), "sha256": sha256, "checked": 0, "told": None}
        return Session(kind=self.kind, data=data, expires_at=self._expiry(), leaves=True)

    def ask(self, shipment: Shipment, exchange: Exchange) -> int | Finished:
        """``PROPFIND``: which chunks are there, and where there are none any more, whether they have become the file."""
        shipment.carried("nextcloud", resumable=True)
        assembly, folder = self._assembly(shipment, exchange), _data(shipment)["url"]
        held = Held.of(shipment, Dav(exchange, shipment.target.public).inside(folder))
        if held is None:
            return assembly.vanished(self.gone(shipment))
        if assembly.became_ours():
            return Finished()
        return self._sound(shipment, exchange, held)

    def append(self, shipment: Shipment, exchange: Exchange, offset: int) -> int | Finished:
        """``PUT`` of one chunk, under the number that its place gives it."""
        data, chunk = _data(shipment), int(_data(shipment)["chunk"])
        checked = self._checked(shipment)
        span = Span(shipment, offset, min(offset + chunk, shipment.size), digest=checked)
        headers = {"Destination": sent_form(shipment.target.url), "OC-Total-Length": str(shipment.size)}
        address = f"{data['url']}/{chunk_name(offset // chunk + 1)}"
        answer, told = put(exchange, address, span, headers, checked=checked, into=refusals(shipment))
        if answer.status in _STORED and answer.took_all:
            self._note(shipment, span, told=told)
            return span.stop
        return self._refused(exchange, span, answer)

    def finish(self, shipment: Shipment, exchange: Exchange, ended: Finished | None) -> Delivery:
        """``MOVE`` of ``.file``, unless that was seen to have been done, and a look at what the target is then."""
        assembly = self._assembly(shipment, exchange)
        return assembly.delivered() if ended is not None else assembly.move()

    def abort(self, leftover: Leftover, exchange: Exchange) -> None:
        """``DELETE`` of the folder; where it is gone there is nothing."""
        Dav(exchange, public_url(leftover.url)).remove(str(leftover.session.data["url"]))

    # -- what is decided once

    def _chunk(self, shipment: Shipment) -> int:
        """Bytes of a chunk, so that 10,000 are enough."""
        chunk = max(int(self.settings.chunk_size), -(-shipment.size // MOST_CHUNKS))
        if chunk > MOST:
            raise TooLarge(f"{shipment.target.public}: a Nextcloud takes {MOST_CHUNKS * MOST} bytes in chunks at most, and this file has {shipment.size}")
        return chunk

    def _folder(self, shipment: Shipment, exchange: Exchange, uploads: str) -> str:
        for _ in range(MOST_NAMES):
            folder = f"{uploads}/sendoff-{UUID(int=self.toolkit.random.getrandbits(128), version=4)}"
            answer = exchange("MKCOL", folder, headers={"Destination": sent_form(shipment.target.url)}, into=refusals(shipment))
            if answer.status == CREATED:
                return folder
            if answer.status != _TAKEN:
                break
        raise self._no_folder(shipment, exchange, answer)

    def _no_folder(self, shipment: Shipment, exchange: Exchange, answer: Answer) -> SendoffError:
        if answer.status not in _NO_UPLOADS:
            return Dav(exchange, shipment.target.public).refusal(answer)
        hint = "the address must be that of a user's files at a Nextcloud; uploads in protocol_options names where it takes chunks"
        text = f"{shipment.target.public} does not take chunked uploads as a Nextcloud does (MKCOL was answered {answer.status})"
        return Rejected(text, hint=hint, side="configuration", http_status=answer.status)

    def _checked(self, shipment: Shipment) -> bool:
        return bool(self.settings.checksum) and shipment.demand.digest != "none"

    def _expiry(self) -> int:
        return self.toolkit.clock.wall() + moment(LIVES)

    def _assembly(self, shipment: Shipment, exchange: Exchange) -> Assembly:
        return Assembly(shipment, exchange, self.toolkit.clock, patience=float(self.settings.assembling))

    # -- what becomes of chunks

    def _note(self, shipment: Shipment, span: Span, *, told: bool) -> None:
        """The server lives on for a day from here; everything up to here was compared, or one gap and no more than the size is claimed in the end."""
        session = shipment.session
        if session is not None:
            checked = span.stop if told and session.data["checked"] == span.start else session.data["checked"]
            shipment.confirm(span.stop, replace(session, data={**session.data, "checked": checked}, expires_at=self._expiry()))

    def _sound(self, shipment: Shipment, exchange: Exchange, held: Held) -> int:
        """How far the chunks reach without a gap, once what does not belong to them is away; it would be put together with them."""
        dav, folder = Dav(exchange, shipment.target.public), _data(shipment)["url"]
        for name in held.strangers:
            dav.remove(f"{folder}/{quote(name, safe='')}")
        again = Held.of(shipment, dav.inside(folder)) if held.strangers else held
        if again is None or again.strangers:
            raise SessionLost(f"{shipment.target.public} has chunks that were not sent, and does not let go of them")
        return again.reached

    def _refused(self, exchange: Exchange, span: Span, answer: Answer) -> int | Finished:
        """A chunk was not taken, or it is not clear whether it was."""
        shipment = span.shipment
        if answer.status == _FORGOTTEN:
            self._assembly(shipment, exchange).give_up()
            raise SessionLost(f"{shipment.target.public} forgot what the chunks belong to", http_status=answer.status)
        if answer.status == 413:
            hint = "a smaller chunk_size in protocol_options, or a larger limit of the web server in front of it"
            raise TooLarge(f"{shipment.target.public} does not take {span.size} bytes in one request", hint=hint, http_status=413)
        if answer.good or answer.status in _DOUBTFUL:
            reached = self.ask(shipment, exchange)
            if reached != span.start:
                return reached
        raise Dav(exchange, shipment.target.public).refusal(answer)


def _data(shipment: Shipment) -> Any:
    return shipment.session.data if shipment.session is not None else {}


def _chunking(answer: Answer) -> str | None:
    """What the capabilities say about chunks; None where they are none."""
    try:
        return str(json.loads(answer.body)["ocs"]["data"]["capabilities"]["dav"]["chunking"])
    except (ValueError, LookupError, TypeError):
        return None
