"""One try to send one file: logging in, redirects, the answer, the proof."""

from __future__ import annotations

from urllib.parse import urljoin

from sendoff import (
    CredentialNeeded,
    Delivery,
    Rejected,
    SendoffError,
    Shipment,
    Transient,
    Transport,
    WebErrorStatus,
    login_header,
    public_url,
    web_error_of,
)

from sendoff_http import answers, login, proof
from sendoff_http.address import origin
from sendoff_http.body import Body
from sendoff_http.exchange import Answer, Exchange, Fields
from sendoff_http.watch import Watch

MOST_REDIRECTS = 5


class Sending:
    """Everything about one try."""

    def __init__(self, transport: Transport, shipment: Shipment, exchange: Exchange, watch: Watch) -> None:
        self._transport, self._shipment, self._exchange, self._watch = transport, shipment, exchange, watch
        self._method = shipment.operation.spec.method or transport.methods[0]
        self._url = shipment.target.url
        self._hops = 0
        self._asked_again = False
        self._credential = shipment.credential()

    def run(self) -> Delivery:
        """Sends until there is an answer that counts."""
        while (delivery := self._once()) is None:
            pass
        return delivery

    def _once(self) -> Delivery | None:
        """One request; None when the same is to be asked again, elsewhere or with a newer credential."""
        shipment = self._shipment
        headers = self._headers()
        body = Body(shipment, self._watch, digest=proof.needs_digest(shipment.demand))
        before = shipment.commit_point if shipment.size == 0 else None
        with self._exchange.ask(self._method, self._url, headers, body, before=before, fresh=not shipment.operation.spec.repeatable) as answer:
            if answer.status in (307, 308) and self._follows(answer):
                return None
            if self._login_refused(answer) and self._newer_credential(answer):
                return None
            answer.read_into(shipment.answered(answer.status, answer.headers, public_url(answer.url)))
        return self._verdict(answer, body)

    # -- what goes out

    def _headers(self) -> Fields:
        shipment, credential = self._shipment, self._credential
        login.check_clear(self._transport.destination, self._url, shipment.headers, credential)
        own = login.own_headers(shipment)
        if credential is not None:
            own.setdefault(*login_header(credential))
        return own.fields()

    # -- what comes back

    def _follows(self, answer: Answer) -> bool:
        """Goes where a redirect on the same origin points; any other is an answer that is kept and fails (``_verdict``)."""
        target = self._pointed_to(answer)
        if target is None or self._hops >= MOST_REDIRECTS or origin(target) != origin(self._url):
            return False
        answer.read_into(None)
        self._url, self._hops = target, self._hops + 1
        return True

    def _pointed_to(self, answer: Answer) -> str | None:
        place = answer.header("location")
        try:
            target = urljoin(self._url, place) if place else None
            return target.partition("#")[0] if target and origin(target)[1] else None
        except ValueError:
            return None

    def _login_refused(self, answer: Answer) -> bool:
        """A 401, or a 403 where the credential may simply have become too old."""
        return answer.status == 401 or (answer.status == 403 and self._credential is not None and self._credential.expires_at is not None)

    def _newer_credential(self, answer: Answer) -> bool:
        """Whether there is another one to try: once in a try."""
        if self._asked_again:
            return False
        self._asked_again = True
        before = self._credential
        try:
            newer = self._shipment.credential(challenge=answer.header("www-authenticate"), refused=before)
        except CredentialNeeded as error:
            answer.read_into(self._shipment.answered(answer.status, answer.headers, public_url(answer.url)))
            error.facts.update(http_status=answer.status, web_error=web_error_of(answer.status))
            raise
        if newer is None or newer == before:
            return False
        answer.read_into(None)
        self._credential = newer
        return True

    def _verdict(self, answer: Answer, body: Body) -> Delivery:
        where = public_url(answer.url)
        if answer.status in answers.DONE and body.complete:
            return self._delivered(answer, body)
        if answer.status // 100 == 2 and not body.complete:
            text = f"{where} answered {answer.status} after {body.sent} of {self._shipment.size} bytes; whoever answered did not take the file"
            raise Transient(text, http_status=answer.status, web_error=int(WebErrorStatus.ERROR_HTTP_INVALID_SERVER_RESPONSE))
        if answer.status == 412 and self._shipment.demand.existing == "skip":
            return self._skipped(answer)
        if answer.status // 100 == 3:
            raise self._redirected(answer, where)
        raise answers.error_of(answer.status, answer.headers, where, self._transport.toolkit.clock.wall())

    def _redirected(self, answer: Answer, where: str) -> SendoffError:
        target = self._pointed_to(answer)
        error = answers.error_of(answer.status, answer.headers, where, self._transport.toolkit.clock.wall())
        if target is None:
            return error
        number = web_error_of(answer.status)
        why = "is not followed, as the method would change" if answer.status not in (307, 308) else "is another server"
        schemes = origin(self._url)[0], origin(target)[0]
        if schemes == ("https", "http"):
            number, why = int(WebErrorStatus.HTTPS_TO_HTTP_ON_REDIRECTION), "is not encrypted"
        elif schemes == ("http", "https"):
            number = int(WebErrorStatus.HTTP_TO_HTTPS_ON_REDIRECTION)
        elif origin(target) == origin(self._url) and answer.status in (307, 308):
            number, why = int(WebErrorStatus.REDIRECT_FAILED), f"comes after {MOST_REDIRECTS} others"
        text = f"{where} redirected (status {answer.status}) to {public_url(target)}, which {why}"
        return Rejected(text, hint=error.hint, side="configuration", http_status=answer.status, web_error=number, location=public_url(target))

    def _delivered(self, answer: Answer, body: Body) -> Delivery:
        """A success, proved as far as it was asked for."""
        size = self._shipment.size
        self._shipment.confirm(size)
        place = self._pointed_to(answer) if answer.status == 201 else None
        url = place if place and origin(place) == origin(answer.url) else answer.url
        seen = self._proof().of(url, answer, body)
        digests = {"sha256": body.sha256} if body.sha256 else {}
        version = answer.header("x-amz-version-id")
        return Delivery(url=public_url(url), size=size, verified=seen, digests=digests, etag=answer.header("etag"), version_id=version)

    def _skipped(self, answer: Answer) -> Delivery:
        """What was there is left alone; it counts where its size is the file's."""
        self._proof().size(answer.url)
        return Delivery(url=public_url(answer.url), size=self._shipment.size, verified="size", existing="skipped")

    def _proof(self) -> proof.Proof:
        return proof.Proof(self._exchange, self._watch, self._shipment, lambda: login.lookup_headers(self._shipment, self._credential))
