"""The header fields of a request."""

from __future__ import annotations

from collections.abc import Mapping

from sendoff import CredentialNeeded, InvalidArgument, Permanent, Secret, Span, __version__, checked_header

from sendoff_http.body import Body

UNIVERSAL = (("User-Agent", f"sendoff/{__version__}"), ("Accept", "*/*"), ("Accept-Encoding", "identity"))
_DESCRIBING = ("content-", "if-", "x-amz-content", "idempotency-", "repr-digest", "want-repr-digest")  # a body or a condition, and no other request's
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
_FRAMING = "content-length"  # ours, and a number

Headers = tuple[tuple[str, "str | Secret"], ...]


class Fields:
    """Header fields, each name once."""

    def __init__(self) -> None:
        self._fields: dict[str, tuple[str, str | Secret]] = {}

    def set(self, name: str, value: str | Secret) -> None:
        """This value, whatever was there."""
        self._fields[name.lower()] = (name, value)

    def setdefault(self, name: str, value: str | Secret) -> None:
        """This value unless there is one."""
        self._fields.setdefault(name.lower(), (name, value))

    def wire(self, where: str) -> list[tuple[str, str]]:
        """All of them in order, secrets revealed: for the wire only.

        Errors, which name the header and never quote its value: ``CredentialNeeded`` for a secret that cannot be sent, ``Permanent`` for another value.
        """
        for name, value in self._fields.values():
            if name.lower() != _FRAMING:
                _check(name, value, where)
        return [(name, plain(value)) for name, value in self._fields.values()]


def _check(name: str, value: str | Secret, where: str) -> None:
    try:
        checked_header(name, value)
    except InvalidArgument as cause:
        text = f"{where}: this cannot be sent over HTTP: {cause.message}"
        if isinstance(value, Secret):
            raise CredentialNeeded(text, hint="correct the credential or the secret header where it comes from, then: sendoff resume") from cause
        raise Permanent(text, hint=cause.hint, side="local") from cause


def plain(value: str | Secret) -> str:
    """A header's value as it goes out."""
    return value.reveal() if isinstance(value, Secret) else value


def fields_of(method: str, content: bytes | Span | None, body: Body, callers: Headers, own: Mapping[str, str | Secret]) -> Fields:
    """Everything but the credential.

    callers: their describing headers go only with the file itself, not with what a protocol makes of it. own: the protocol's, which win.
    """
    fields, describes = Fields(), any(name.lower() == "content-type" for name in own)
    file = isinstance(content, Span) and content.whole and content.completes and not describes
    for name, value in callers:
        if file or not name.lower().startswith(_DESCRIBING):
            fields.set(name, value)
    for name, text in UNIVERSAL:
        fields.setdefault(name, text)
    for name, value in own.items():
        fields.set(name, value)
    if file:
        fields.setdefault("Content-Type", "application/octet-stream")
    if body.size is not None or method in _WITH_LENGTH:
        fields.set("Content-Length", str(body.size or 0))
    return fields
