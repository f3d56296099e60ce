"""What a ``[[sinks]]`` entry with ``use = "webhook"`` may say."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from sendoff import InvalidArgument, checked_header, is_loopback, is_secret_header, seconds

from sendoff_webhook.signature import PREFIX

Seconds = Annotated[float, BeforeValidator(lambda value: seconds(value) if isinstance(value, str) else value), Field(gt=0, allow_inf_nan=False)]


class Settings(BaseModel):
    """url: where each notice is posted to. headers: sent with each.

    credential: who we are, ``driver:name`` or a ``[credentials]`` section. secret: likewise, what notices are signed with.
    timeout: seconds for the whole exchange. ca_file: certificates to trust instead of the system's. client_cert, client_key: PEM files for a receiver that
    asks who we are. min_tls: ``1.2`` or ``1.3``. proxy: ``http://HOST:PORT``.
    cleartext: notices may travel over plain http. source: who says it, as CloudEvents have it: a URI, or a part of one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str
    headers: dict[str, str] = {}
    credential: str | None = None
    secret: str | None = None
    timeout: Seconds = 20.0
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    min_tls: Literal["1.2", "1.3"] = "1.2"
    proxy: str | None = None
    cleartext: bool = False
    source: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[!-~]+$")] = "/sendoff"

    @field_validator("url")
    @classmethod
    def _reachable(cls, value: str) -> str:
        parts = _split(value)
        if parts.scheme not in ("https", "http"):
            raise ValueError("write https://HOST/PATH")
        if parts.username is not None or parts.password is not None:
            raise ValueError("a user or a password does not belong into it; name credential = instead")
        return value.partition("#")[0]

    @field_validator("headers")
    @classmethod
    def _well_formed(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            _check_header(name, text)
        return value

    @field_validator("secret", "credential")
    @classmethod
    def _reference(cls, value: str | None) -> str | None:
        if value is not None and value.startswith(PREFIX):
            raise ValueError("this is the secret itself; keep it in a file of your own and name it, such as file:NAME")
        return value

    @field_validator("proxy")
    @classmethod
    def _plain_proxy(cls, value: str | None) -> str | None:
        if value is not None and (_split(value).scheme != "http" or _split(value).username is not None):
            raise ValueError("write http://HOST:PORT (the connection to the proxy itself is plain, what goes through it need not be)")
        return value

    @model_validator(mode="after")
    def _key_of_a_certificate(self) -> Settings:
        if self.client_key and not self.client_cert:
            raise ValueError("client_key needs client_cert")
        return self

    @model_validator(mode="after")
    def _not_for_everybody_to_read(self) -> Settings:
        if self.url.startswith("http:") and not (self.cleartext or is_loopback(self.url)):
            raise ValueError("url: notices would go over the network in clear text; use https://, or set cleartext = true if the network can be trusted")
        return self

    @property
    def where(self) -> str:
        """The address without path and query, which may be secrets: fit to be shown."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def _split(url: str) -> SplitResult:
    """The parts of an address that can be asked: a host, a possible port, nothing that would end a header early."""
    parts = urlsplit(url)
    if not url.isprintable() or " " in url or not parts.hostname or parts.port == 0:
        raise ValueError("write https://HOST/PATH, without spaces")
    return parts


def _check_header(name: str, text: str) -> None:
    try:
        checked_header(name, text)
    except InvalidArgument as cause:
        raise ValueError(cause.message) from cause
    if name.lower().startswith("webhook-") or name.lower() == "content-type":
        raise ValueError(f"header {name}: sendoff sets this one itself")
    if is_secret_header(name):
        raise ValueError(f"header {name}: a secret does not belong into the configuration; name credential = instead, such as file:NAME")
