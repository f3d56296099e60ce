"""Proving who we are: the header for each request, and what to do when it is refused."""

from __future__ import annotations

from sendoff import Credential, CredentialSource, Destination, InvalidArgument, Learned, Secret, is_loopback, login_header, public_url

from sendoff_http.digest import Digest, offers_basic, offers_digest

DIGEST, BASIC, STRONGEST = "digest", "basic", "strongest"  # the first two are also what is learned of a destination
MOST_TIMES = 4  # a first one, one for a challenge, one for a challenge that had become old, one with a newer credential


class Login:
    """The proof of identity of one try at one destination. how: ``auto basic digest strongest``.

    A credential is asked for anew with every request, so that one which is refreshed meanwhile is used; after a refusal a newer one is asked for, once
    until the server has accepted something. However a server goes on refusing, no request is made more than ``MOST_TIMES``.
    """

    def __init__(self, source: CredentialSource, how: str, learned: Learned) -> None:
        self._source, self._how, self._learned = source, how, learned
        self._digest: Digest | None = None
        self._asked_again, self._refusals = False, 0
        self._asked_first = False
        self.credential: Credential | None = None

    def header(self, method: str, url: str) -> tuple[str, str] | None:
        """The header for a request; None where nothing is to be proved, or a challenge has to come first. Errors: ``CredentialNeeded``."""
        if not self._asked_again:
            self.credential = self._source()
        credential = self.credential
        if credential is None:
            return None
        if self._by_digest(credential):
            return self._digest_for(credential).header(method, url)
        return None if self._undecided(credential) else login_header(credential)

    def needs_challenge(self) -> bool:
        """Whether a bodiless question must come first: what goes out without an answer to a challenge would go out in vain."""
        credential = self.credential or self._source()
        if credential is None:
            return False
        if self._undecided(credential):
            asked, self._asked_first = self._asked_first, True
            return not asked
        return self._by_digest(credential) and not self._digest_for(credential).challenged

    def accepted(self) -> None:
        """The server answered something else than 401."""
        self._asked_again, self._refusals = False, 0

    def refused(self, status: int, challenge: str | None, method: str, url: str) -> bool:
        """Whether there is another answer to give. Errors: ``CredentialNeeded``, where a newer one cannot be had."""
        self._refusals += 1
        if self._refusals >= MOST_TIMES:
            return False
        credential = self.credential
        if (
            status == 401
            and credential is not None
            and credential.kind == "basic"
            and self._how != "basic"
            and (self._strongest if self._how == STRONGEST else self._challenged)(credential, challenge, method, url)
        ):
            return True
        if status != 401 and (credential is None or credential.expires_at is None):
            return False
        return self._newer(challenge)

    def _undecided(self, credential: Credential) -> bool:
        """Whether the server has to say first what it takes."""
        return self._how == STRONGEST and credential.kind == BASIC and not self._by_digest(credential) and self._learned.get("login") != BASIC

    def _strongest(self, credential: Credential, challenge: str | None, method: str, url: str) -> bool:
        """Whether there is something in a challenge that was not tried: a digest, else the password where nothing better is offered."""
        tried = self._digest is not None and self._digest.challenged
        if offers_digest(challenge):
            if self._challenged(credential, challenge, method, url):
                return True
            if tried:
                return False
            self._digest = None  # of a kind that nobody here can make
        undecided = self._learned.get("login") != BASIC
        if not offers_basic(challenge) or not undecided:
            return False
        self._digest = None
        self._learned.put("login", BASIC)
        return True

    def _challenged(self, credential: Credential, challenge: str | None, method: str, url: str) -> bool:
        """Whether a challenge can be answered that was not answered yet, or that wants plainly what was made a digest of."""
        if not offers_digest(challenge):
            outdated = self._how != DIGEST and self._by_digest(credential)
            if outdated:
                self._learned.forget("login")
                self._digest = None
            return outdated
        digest = self._digest_for(credential)
        fresh = not digest.challenged or "stale=true" in (challenge or "").lower().replace('"', "").replace(" ", "")
        if not digest.learn(challenge or "", method, url) or not fresh:
            return False
        self._learned.put("login", DIGEST)
        return True

    def _newer(self, challenge: str | None) -> bool:
        if self._asked_again:
            return False
        self._asked_again = True
        before = self.credential
        newer = self._source(challenge=challenge, refused=before)
        if newer is None or newer == before:
            return False
        self.credential, self._digest = newer, None
        return True

    def _by_digest(self, credential: Credential) -> bool:
        if credential.kind != "basic" or self._how == "basic":
            return False
        return self._how == DIGEST or self._digest is not None or self._learned.get("login") == DIGEST

    def _digest_for(self, credential: Credential) -> Digest:
        if self._digest is None:
            self._digest = Digest(credential)
        return self._digest


def check_clear(destination: Destination, url: str, headers: tuple[tuple[str, str | Secret], ...], credential: Credential | None) -> None:
    """Refuses to send a secret where everybody can read it."""
    secret = credential is not None or any(isinstance(value, Secret) for _, value in headers)
    if secret and url.startswith("http:") and not destination.cleartext and not is_loopback(url):
        raise InvalidArgument(
            f"{public_url(url)}: a secret would go over the network in clear text",
            hint="use https://, or set cleartext = true for this destination if the network can be trusted",
        )
