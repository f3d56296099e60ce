"""The headers of a request: what is always there, the caller's, and the proof of identity."""

from __future__ import annotations

from sendoff import Credential, Destination, InvalidArgument, Secret, Shipment, __version__, is_loopback, login_header, public_url

UNIVERSAL = (("User-Agent", f"sendoff/{__version__}"), ("Accept", "*/*"), ("Accept-Encoding", "identity"))


class Fields:
    """Header fields, each name once."""

    def __init__(self) -> None:
        self._fields: dict[str, tuple[str, str]] = {}

    def set(self, name: str, value: str) -> None:
        """This value, whatever was there."""
        self._fields[name.lower()] = (name, value)

    def setdefault(self, name: str, value: str) -> None:
        """This value unless there is one."""
        self._fields.setdefault(name.lower(), (name, value))

    def fields(self) -> list[tuple[str, str]]:
        """All of them, in order."""
        return list(self._fields.values())


def plain(value: str | Secret) -> str:
    """A header's value as it goes out."""
    return value.reveal() if isinstance(value, Secret) else value


def own_headers(shipment: Shipment) -> Fields:
    """Everything but the credential, secrets revealed: for the wire only. The caller's headers win over ours except the length."""
    fields, spec = Fields(), shipment.operation.spec
    for name, value in shipment.headers:
        fields.set(name, plain(value))
    for name, text in UNIVERSAL:
        fields.setdefault(name, text)
    fields.setdefault("Content-Type", "application/octet-stream")
    fields.set("Content-Length", str(shipment.size))
    if shipment.demand.existing != "overwrite":
        fields.set("If-None-Match", "*")
    if spec.idempotency_key is not None:
        fields.set("Idempotency-Key", spec.idempotency_key)
    return fields


def lookup_headers(shipment: Shipment, credential: Credential | None) -> list[tuple[str, str]]:
    """For a question about what was sent: the caller's headers, without those that describe a body or a condition."""
    fields = Fields()
    for name, value in shipment.headers:
        if not name.lower().startswith(("content-", "if-", "x-amz-content", "idempotency-")):
            fields.set(name, plain(value))
    for name, text in UNIVERSAL:
        fields.setdefault(name, text)
    if credential is not None:
        fields.setdefault(*login_header(credential))
    return fields.fields()


def check_clear(destination: Destination, url: str, headers: tuple[tuple[str, str | Secret], ...], credential: Credential | None) -> None:
    """Refuses to send a secret where everybody can read it."""
    secret = credential is not None or any(isinstance(value, Secret) for _, value in headers)
    if secret and url.startswith("http:") and not destination.cleartext and not is_loopback(url):
        raise InvalidArgument(
            f"{public_url(url)}: a secret would go over the network in clear text",
            hint="use https://, or set cleartext = true for this destination if the network can be trusted",
        )
