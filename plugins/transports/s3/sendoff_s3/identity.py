"""Who uploads: the credentials in force, renewed before they expire, also in the middle of an upload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from threading import Lock
from typing import Any

from botocore.credentials import CredentialProvider, Credentials, ReadOnlyCredentials  # type: ignore[import-untyped]
from sendoff import Credential, CredentialNeeded, SendoffError, TransportToolkit

from sendoff_s3.chain import looked_up

_SENT = re.compile(r"[!-~]*")  # an access key and a session token stand in headers, without blanks
_SIGNED = re.compile(r"[^\x00-\x1f\x7f]*")  # a secret key never goes out
_VARIABLES = {"access key": "AWS_ACCESS_KEY_ID", "secret key": "AWS_SECRET_ACCESS_KEY", "session token": "AWS_SESSION_TOKEN"}
EARLY = 300.0  # seconds before they expire; boto3 itself begins to renew a quarter of an hour ahead


class Identity:
    """One identity. reference: the destination names a credential, which then alone counts; else boto3's chain, in a child."""

    def __init__(self, toolkit: TransportToolkit, profile: str | None, *, reference: bool) -> None:
        self._toolkit, self._profile, self._reference = toolkit, profile, reference
        self._lock = Lock()
        self._frozen: ReadOnlyCredentials | None = None
        self._given: Credential | None = None
        self._expires_at: float | None = None
        self._latest: float | None = None  # the source has said that they last no longer than that
        self._told: Mapping[str, Any] | None = None

    def configured(self) -> Mapping[str, Any]:
        """What the submitter's own configuration of boto3 says besides: region, address, the ``s3`` keys of the profile."""
        with self._lock:
            if self._told is None:
                self._ask()
            return self._told or {}

    def frozen(self) -> ReadOnlyCredentials:
        """The credentials to sign with now. Errors: ``CredentialNeeded``."""
        with self._lock:
            if self._frozen is None or self._expiring():
                self._renew_in_time()
            assert self._frozen is not None
            return self._frozen

    def refused(self, access_key: str, token: str | None) -> bool:
        """The server did not take these; whether there are others now. ``CredentialNeeded`` where the source says so itself."""
        with self._lock:
            frozen = self._frozen
            if frozen is not None and (frozen.access_key, frozen.token) != (access_key, token):
                return True  # another thread has renewed them meanwhile
            self._renew(fresh=True)
            return self._frozen != frozen

    def _left(self) -> float:
        """Seconds until they expire."""
        return float("inf") if self._expires_at is None else self._expires_at - self._toolkit.clock.wall() / 1e6

    def _expiring(self) -> bool:
        """They end soon, and their source was not asked yet whether it has others."""
        return self._left() <= 0 or (self._left() < EARLY and self._expires_at != self._latest)

    def _renew_in_time(self) -> None:
        """New ones; those at hand are good until they have expired, whatever becomes of the question."""
        usable, before = self._frozen is not None and self._left() > 0, self._expires_at
        try:
            self._renew(fresh=self._frozen is not None)
        except SendoffError:
            if not usable:
                raise
        self._latest = before if self._expires_at == before else None

    def _renew(self, *, fresh: bool) -> None:
        if self._reference:
            self._refer(fresh=fresh)
        else:
            self._ask()
            if self._frozen is None:
                raise CredentialNeeded(
                    "there are no AWS credentials: none in the environment the upload was queued from, none in the profile",
                    hint="aws configure, aws sso login, or name one with --credential",
                )

    def _refer(self, *, fresh: bool) -> None:
        """From the credential that the destination names: user and password are access key and secret key."""
        given = self._toolkit.credential(refused=self._given if fresh else None)
        if given is None:
            raise CredentialNeeded("the destination's credential is not there")
        secret, _, token = given.secret.reveal().partition(" ")  # a session token stands behind the secret key
        self._frozen = _checked(given.username, secret, token or None, "the destination's credential")
        self._given = given
        self._expires_at = given.expires_at / 1e6 if given.expires_at is not None else None

    def _ask(self) -> None:
        """From boto3's chain; where a credential is named, only what else its configuration says."""
        environment = self._toolkit.environment
        if self._reference and self._profile is None:
            self._told = {
                "region": environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"),
                "endpoint_url": environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL"),
                "s3": {},
            }
            return
        found = self._toolkit.child(looked_up, environment, profile=self._profile)
        self._told = {name: value for name, value in found.items() if name != "credentials"}
        held = found["credentials"]
        if held is not None and not self._reference:
            place = "the environment the upload was queued from" if held["method"] == "env" else f"boto3's chain of credentials ({held['method']})"
            self._frozen = _checked(held["access_key"], held["secret_key"], held["token"], place)
            self._expires_at = held["expires_at"]


def _checked(access_key: str, secret_key: str, token: str | None, place: str) -> ReadOnlyCredentials:
    """Those, if requests can be signed and sent with them. Errors: ``CredentialNeeded``, which names what is wrong and not how it reads."""
    for kind, value, fit in (("access key", access_key, _SENT), ("secret key", secret_key, _SIGNED), ("session token", token, _SENT)):
        if value is not None and not fit.fullmatch(value):
            raise CredentialNeeded(
                f"the {kind} of {place} cannot be used: it holds a blank, a line break or another character that no {kind} has",
                hint=f"correct {_VARIABLES[kind]}, or where else it comes from, and queue the upload anew" if "environment" in place else f"correct the {kind}",
            )
    return ReadOnlyCredentials(access_key, secret_key, token)


class Live(Credentials):  # type: ignore[misc]
    """What botocore signs with: whatever the identity says at that moment."""

    def __init__(self, identity: Identity) -> None:
        super().__init__("", "", method="sendoff")
        self._identity = identity

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """As they are now."""
        return self._identity.frozen()


class Provider(CredentialProvider):  # type: ignore[misc]
    """The only link of the chain in this process."""

    METHOD = "sendoff"

    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self._identity = identity

    def load(self) -> Live:
        """As botocore asks."""
        return Live(self._identity)
