"""What is asked of a Nextcloud by WebDAV (RFC 4918): what is there, what lies in it, make a folder, take it away."""

from __future__ import annotations

from typing import BinaryIO, cast

from sendoff import Answer, Exchange, SendoffError, Transient, WebErrorStatus

from sendoff_http_nextcloud.address import parent_of
from sendoff_http_nextcloud.multistatus import ASKED, LISTED, Multistatus, Resource, checksums_of

CREATED, MULTISTATUS = 201, 207
_NO_CONTENT = 204
_XML = "application/xml; charset=utf-8"
_TAKEN = 405  # what MKCOL says of a name that is there (RFC 4918 section 9.3.1)
_ABSENT = frozenset({404, 410})
_WITHOUT_PARENT = frozenset({404, 409})


class Dav:
    """Asks on behalf of one try. where: the target, as messages may show it; an upload's own address stands in none."""

    def __init__(self, exchange: Exchange, where: str) -> None:
        self._exchange, self._where = exchange, where

    def look(self, url: str) -> Resource | None:
        """What lies at an address; None = nothing."""
        found = self._found(url, "0", ASKED)
        return None if found is None else found[0]

    def inside(self, folder: str) -> list[Resource] | None:
        """What lies in a folder, itself and hidden things left out; None where there is no such folder."""
        found = self._found(f"{folder}/", "1", LISTED)
        if found is None:
            return None
        own = folder.rpartition("/")[2]
        return [one for one in found if one.name != own and not one.name.startswith(".")]

    def make_folders(self, folder: str, top: str) -> None:
        """Makes a folder and those above it that are missing, none of them at or above ``top``. Errors: as ``Exchange.refusal``."""
        if not _is_below(folder, top):
            return
        answer = self._exchange("MKCOL", folder)
        if answer.status in _WITHOUT_PARENT and _is_below(parent_of(folder), top):
            self.make_folders(parent_of(folder), top)
            answer = self._exchange("MKCOL", folder)
        if answer.status not in (CREATED, _TAKEN):
            raise self.refusal(answer)

    def remove(self, url: str) -> None:
        """Takes something away; what is not there is away already."""
        answer = self._exchange("DELETE", url)
        if answer.status != _NO_CONTENT and answer.status not in _ABSENT:
            raise self.refusal(answer)

    def digest(self, url: str) -> str | None:
        """The SHA-256 that the server calculates of what it holds there, hex; None where it does not (it does since Nextcloud 23)."""
        answer = self._exchange("PATCH", url, headers={"X-Recalculate-Hash": "sha256"})
        return checksums_of(answer.header("oc-checksum") or "").get("SHA256") if answer.good else None

    def _found(self, url: str, depth: str, asked: bytes) -> list[Resource] | None:
        body = Multistatus()
        headers = {"Depth": depth, "Content-Type": _XML}
        answer = self._exchange("PROPFIND", url, headers=headers, body=asked, into=lambda got: cast(BinaryIO, body) if got.status == MULTISTATUS else None)
        if answer.status in _ABSENT:
            return None
        if answer.status != MULTISTATUS:
            raise self.refusal(answer)
        if not answer.whole and body.trouble is None:
            raise self._nonsense(answer, "it ends in the middle")
        try:
            found = body.end()
        except ValueError as cause:
            raise self._nonsense(answer, str(cause)) from cause
        if not found:
            raise self._nonsense(answer, "it tells nothing")
        return found

    def refusal(self, answer: Answer) -> SendoffError:
        """The error for an answer that is not the one of success: another success is a login page's or a proxy's, and no reason to give anything up."""
        return self._nonsense(answer, "not what a Nextcloud says") if answer.good else self._exchange.refusal(answer)

    def _nonsense(self, answer: Answer, why: str) -> Transient:
        text = f"{self._where}: the answer is of no use (status {answer.status}, {why}); something in between may have given it"
        return Transient(text, http_status=answer.status, web_error=int(WebErrorStatus.ERROR_HTTP_INVALID_SERVER_RESPONSE))


def _is_below(folder: str, top: str) -> bool:
    return folder.rstrip("/").startswith(f"{top.rstrip('/')}/")
