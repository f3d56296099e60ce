"""Who uploads: an account's key, a shared access signature, or a token; asked for anew when it has expired or was refused."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from threading import Lock

from sendoff import Credential, CredentialNeeded, Secret, TransportToolkit

_SENT = re.compile(r"[!-~]+")  # what stands in an address or a header, without blanks


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What proves who asks; one of the three is set.

    key: of the account, with which requests are signed and which never goes out. query: goes behind each address. header: goes as ``Authorization``.
    """

    key: Secret | None = None
    query: Secret | None = None
    header: Secret | None = None

    @property
    def goes_out(self) -> bool:
        """Whoever listens could use it."""
        return self.key is None


class Identity:
    """The login in force. kind: as ``Settings.login`` says."""

    def __init__(self, toolkit: TransportToolkit, kind: str) -> None:
        self._toolkit, self._kind = toolkit, kind
        self._lock = Lock()
        self._given: Credential | None = None
        self._login: Login | None = None

    def login(self) -> Login:
        """The one to use now. Errors: ``CredentialNeeded``."""
        with self._lock:
            if self._login is None or self._expired():
                self._ask(fresh=self._login is not None)
            assert self._login is not None
            return self._login

    def refused(self, login: Login) -> bool:
        """The server did not take this one; whether there is another now. ``CredentialNeeded`` where the source says so itself."""
        with self._lock:
            if self._login == login:
                self._ask(fresh=True)
            return self._login != login

    def _expired(self) -> bool:
        ends = self._given.expires_at if self._given is not None else None
        return ends is not None and ends <= self._toolkit.clock.wall()

    def _ask(self, *, fresh: bool) -> None:
        given = self._toolkit.credential(refused=self._given if fresh else None)
        if given is None:
            raise CredentialNeeded(
                "this destination names no credential, and Azure takes nothing without one",
                hint="sendoff credentials set NAME, with the account's key, a SAS or a token, and credential = NAME for the destination",
            )
        self._login, self._given = _read(given, self._kind), given


def _read(given: Credential, kind: str) -> Login:
    secret = given.secret.reveal().strip()
    if not _SENT.fullmatch(secret):
        raise CredentialNeeded("the credential cannot be used: it is empty, or holds a blank or another character that none of Azure's has")
    kind = _seen(secret, bearer=given.kind == "bearer") if kind == "auto" else kind
    if kind == "token":
        return Login(header=Secret(f"Bearer {secret}"))
    if kind == "sas":
        return Login(query=Secret(secret.lstrip("?")))
    if not _in_base64(secret):
        hint = "an account's key ends in ==, a SAS holds sig=; say login = for a credential that looks like neither"
        raise CredentialNeeded("the credential cannot be used: it is no key of an account, which is base64, and no SAS", hint=hint)
    return Login(key=Secret(secret))


def _seen(secret: str, *, bearer: bool) -> str:
    """What a secret looks like. bearer: so its source calls it, which knows of no user, of keys and signatures too."""
    if "sig=" in secret:
        return "sas"
    return "token" if not _in_base64(secret) and (bearer or secret.count(".") == 2) else "key"


def _in_base64(secret: str) -> bool:
    try:
        return bool(b64decode(secret, validate=True))
    except Base64Error:
        return False
