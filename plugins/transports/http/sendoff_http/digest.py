"""Digest authentication (RFC 7616), as httpx does it: the password itself never goes out."""

from __future__ import annotations

import re

import httpx
from sendoff import Credential

from sendoff_http.address import request_target


class Digest:
    """Answers the challenges of one server with one credential."""

    def __init__(self, credential: Credential) -> None:
        self._names = credential.username, credential.secret.reveal()
        self._auth, self.challenged = httpx.DigestAuth(*self._names), False

    def learn(self, challenge: str, method: str, url: str) -> bool:
        """Take the first challenge that can be answered out of a 401's ``WWW-Authenticate``; whether there is one."""
        return any(self._takes(one, method, url) for one in _challenges(challenge))

    def _takes(self, challenge: str, method: str, url: str) -> bool:
        """Whether its algorithm and its quality of protection are known here."""
        auth, request = httpx.DigestAuth(*self._names), _request(method, url)
        flow = auth.auth_flow(request)
        next(flow)
        try:
            flow.send(httpx.Response(401, headers={"WWW-Authenticate": challenge}, request=request))
        except (StopIteration, httpx.ProtocolError, LookupError, ValueError, RuntimeError):  # as httpx says that it cannot
            return False
        self._auth, self.challenged = auth, True
        return True

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


def offers_basic(challenge: str | None) -> bool:
    """Whether a server asks for the password itself, perhaps among others."""
    return re.search(r"(?:^|,)\s*basic(?:\s|,|$)", challenge or "", re.IGNORECASE) is not None


def _challenges(value: str) -> list[str]:
    """Those for Digest, of several in one header (RFC 9110 section 11.6.1)."""
    begins = [found.start(1) for found in re.finditer(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]*)(?=\s+[A-Za-z0-9]|\s*,|\s*$)", value)]
    parts = [value[start:end].rstrip(", ") for start, end in zip(begins, [*begins[1:], len(value)], strict=True)]
    return [part for part in parts if part.lower().startswith("digest ")]


def _request(method: str, url: str) -> httpx.Request:
    """What is signed: the method, and the target exactly as it goes out."""
    made = httpx.Request(method, httpx.URL(url).copy_with(raw_path=request_target(url)))
    made.method = method  # which httpx would write in capitals
    return made
