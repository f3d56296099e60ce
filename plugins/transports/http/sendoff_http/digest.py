"""Digest authentication (RFC 7616), as httpx does it: the password itself never goes out."""

from __future__ import annotations

import re

import httpx
from sendoff import Credential

from sendoff_http.address import request_target


class Digest:
    """Answers the challenges of one server with one credential."""

    def __init__(self, credential: Credential) -> None:
        self._auth = httpx.DigestAuth(credential.username, credential.secret.reveal())
        self.challenged = False

    def learn(self, challenge: str, method: str, url: str) -> None:
        """Take a challenge, as a 401's ``WWW-Authenticate`` holds it."""
        request = _request(method, url)
        flow = self._auth.auth_flow(request)
        next(flow)
        try:
            flow.send(httpx.Response(401, headers={"WWW-Authenticate": _digest_part(challenge)}, request=request))
        except (StopIteration, httpx.ProtocolError):
            return
        self.challenged = True

    def header(self, method: str, url: str) -> tuple[str, str] | None:
        """The answer to the last challenge for this request; None before there was one."""
        if not self.challenged:
            return None
        request = _request(method, url)
        next(self._auth.auth_flow(request))
        return "Authorization", request.headers["Authorization"]


def offers_digest(challenge: str | None) -> bool:
    """Whether a server asks for it, perhaps among others."""
    return re.search(r"(?:^|,)\s*digest\s", challenge or "", re.IGNORECASE) is not None


def _digest_part(challenge: str) -> str:
    """Of several challenges in one header (RFC 9110 section 11.6.1) the one for Digest."""
    found = re.search(r"(?:^|,\s*)(digest\s.*?)(?:,\s*[A-Za-z]+\s+[A-Za-z]+=|$)", challenge, re.IGNORECASE)
    return found[1] if found else challenge


def _request(method: str, url: str) -> httpx.Request:
    """What is signed: the method, and the target exactly as it goes out."""
    return httpx.Request(method, httpx.URL(url).copy_with(raw_path=request_target(url)))
