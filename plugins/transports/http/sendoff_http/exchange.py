"""What an HTTP protocol is given to ask with: login, redirects, other origins, caps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO

from sendoff import (
    Answer,
    CredentialNeeded,
    Destination,
    Into,
    Rejected,
    Secret,
    SendoffError,
    Span,
    TransportToolkit,
    WebErrorStatus,
    is_local,
    public_url,
    web_error_of,
)

from sendoff_http import answers, login
from sendoff_http.address import origin
from sendoff_http.answers import pointed_to
from sendoff_http.body import Body, body_of
from sendoff_http.call import Caller, Unread
from sendoff_http.carrier import Connections
from sendoff_http.headers import Headers, fields_of
from sendoff_http.settings import Settings
from sendoff_http.watch import Watch

MOST_REDIRECTS = 5
MOST_BODY = 64 * 1024
MOST_KEPT = 8 * 2**20  # bytes of an answer that are read at all; what is kept of it is the shipment's to say
_MOVED = (307, 308)


class HttpExchange:
    """Implements ``sendoff.Exchange`` for one try or question.

    connected: the connections to an address's origin. headers: the caller's. fresh: nothing is risked on a connection that may be closing.
    shown: addresses that may stand in a message, and where they redirect to; a session's may not.
    """

    def __init__(
        self, destination: Destination, settings: Settings, toolkit: TransportToolkit, watch: Watch, connected: Callable[[str], Connections], *,
        proof: login.Login, headers: Headers = (), fresh: bool = False, shown: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._destination, self._settings, self._toolkit, self._watch = destination, settings, toolkit, watch
        self._connected, self._login, self._headers, self._fresh = connected, proof, headers, fresh
        self._shown = {destination.url, *shown}

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str | Secret] = {}, body: bytes | Span | None = None, into: Into | None = None
    ) -> Answer:
        """As the port says."""
        if body is not None and self._is_home(url) and self._login.needs_challenge():
            self._once("HEAD", url, {}, None, None, follow=False)
        for follow in (*[True] * MOST_REDIRECTS, False):
            answer = self._proved(method, url, headers, body, into, follow=follow)
            target = _followed(answer) if follow else None
            if target is None:
                break
            if url in self._shown:
                self._shown.add(target)
            url = target
        return answer

    def refusal(self, answer: Answer) -> SendoffError:
        """As the port says."""
        where = public_url(answer.url) if answer.url in self._shown else self._watch.where
        error = answers.error_of(answer.status, answer.headers, where, self._toolkit.clock.wall())
        target = pointed_to(answer) if answer.status // 100 == 3 else None
        return error if target is None else self._redirected(answer, where, target, error)

    # -- one request

    def _proved(self, method: str, url: str, own: Mapping[str, str | Secret], content: bytes | Span | None, into: Into | None, *, follow: bool) -> Answer:
        """The answer to a request whose proof of identity counts, or is the last there is."""
        while (answer := self._once(method, url, own, content, into, follow=follow)) is None:
            pass
        return answer

    def _once(self, method: str, url: str, own: Mapping[str, str | Secret], content: bytes | Span | None, into: Into | None, *, follow: bool) -> Answer | None:
        """One request; None when the same is to be asked again with another proof. follow: the body of a redirect that is followed is thrown away."""
        home = self._is_home(url)
        self._check(url, home)
        body = body_of(content, self._watch)
        fields = fields_of(method, content, body, self._headers if home else (), own)
        if home and (proof := self._login.header(method, url)) is not None:
            login.check_clear(self._destination, url, self._headers, self._login.credential)
            fields.setdefault(proof[0], Secret(proof[1]))
        caller = Caller(self._connected(url), self._watch)
        with caller.ask(method, url, fields.wire(self._watch.where), body, before=body.before, fresh=self._fresh) as unread:
            answer = _begun(unread, body)
            if home and self._asks_again(answer, method, into, unread):
                unread.read_into(None)
                return None
            if follow and _followed(answer):
                unread.read_into(None)
                return answer
            return self._read(unread, answer, method, into)

    def _asks_again(self, answer: Answer, method: str, into: Into | None, unread: Unread) -> bool:
        """A 401, or a 403 where the credential may simply have become too old: whether another proof was found."""
        if answer.status not in (401, 403):
            self._login.accepted()
            return False
        try:
            return self._login.refused(answer.status, answer.header("www-authenticate"), method, answer.url)
        except CredentialNeeded as error:
            self._read(unread, answer, method, into)
            error.facts.update(http_status=answer.status, web_error=web_error_of(answer.status))
            raise

    # -- where to

    def _is_home(self, url: str) -> bool:
        """Whether an address may have the credential: the destination's own origin, or one that it names."""
        return origin(url) == origin(self._destination.url) or any(origin(url) == origin(one) for one in self._settings.session_origins)

    def _check(self, url: str, home: bool) -> None:
        """``Rejected`` for an address at which a server's word must not make us ask."""
        if home:
            login.check_clear(self._destination, url, self._headers, None)
        if origin(url) == origin(self._destination.url):
            return
        schemes, why = (origin(self._destination.url)[0], origin(url)[0]), None
        if schemes[1] not in ("http", "https"):
            why = "is no HTTP address"
        elif not home and schemes == ("https", "http"):
            why = "is not encrypted"
        elif not home and is_local(url) and not is_local(self._destination.url):
            why = "lies on this machine or a private network"
        if why is not None:
            text = f"{public_url(self._destination.url)} leads to {public_url(url)}, which {why}; nothing was sent there"
            raise Rejected(text, hint="if that is right, name its origin in session_origins of this destination", side="configuration")
        self._toolkit.allowed(url)

    def _read(self, unread: Unread, answer: Answer, method: str, into: Into | None) -> Answer:
        """The body where it was wanted, else its beginning."""
        sink = into(answer) if into is not None else None
        if sink is None:
            kept = BytesIO()
            whole = unread.read_into(kept, most=MOST_BODY)
            return replace(answer, whole=whole, body=kept.getvalue()[:MOST_BODY])
        fetched = method == "GET"  # only what was asked for may be long, and take its time
        return replace(answer, whole=unread.read_into(sink, most=None if fetched else MOST_KEPT, patient=self._watch if fetched else None))

    def _redirected(self, answer: Answer, where: str, target: str, error: SendoffError) -> SendoffError:
        number = web_error_of(answer.status)
        why = "is not followed, as the method would change" if answer.status not in _MOVED else "is another server"
        schemes = origin(answer.url)[0], origin(target)[0]
        if schemes == ("https", "http"):
            number, why = int(WebErrorStatus.HTTPS_TO_HTTP_ON_REDIRECTION), "is not encrypted"
        elif schemes == ("http", "https"):
            number = int(WebErrorStatus.HTTP_TO_HTTPS_ON_REDIRECTION)
        elif origin(target) == origin(answer.url) and answer.status in _MOVED:
            number, why = int(WebErrorStatus.REDIRECT_FAILED), f"comes after {MOST_REDIRECTS} others"
        text = f"{where} redirected (status {answer.status}) to {public_url(target)}, which {why}"
        return Rejected(text, hint=error.hint, side="configuration", http_status=answer.status, web_error=number, location=public_url(target))


def _followed(answer: Answer) -> str | None:
    """Where a redirect leads that is followed: the same request, on the same origin (RFC 9110 sections 15.4.8, 15.4.9)."""
    target = pointed_to(answer) if answer.status in _MOVED else None
    return target if target is not None and origin(target) == origin(answer.url) else None


def _begun(unread: Unread, body: Body) -> Answer:
    """An answer as far as its headers tell it."""
    return Answer(
        status=unread.status, url=unread.url, headers=tuple(unread.headers), sent=body.sent, took_all=body.complete, sha256=body.sha256, whole=False
    )  # fmt: skip
