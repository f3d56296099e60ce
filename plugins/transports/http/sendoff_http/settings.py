"""What a ``[transports.http]`` section and a destination's own keys may say."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from sendoff import InvalidArgument, seconds, size


def _length_of_time(given: Any) -> Any:
    try:
        return seconds(given)
    except InvalidArgument as cause:
        raise ValueError(str(cause)) from cause


def _number_of_bytes(given: Any) -> Any:
    try:
        return size(given)
    except InvalidArgument as cause:
        raise ValueError(str(cause)) from cause


Bytes = Annotated[int, BeforeValidator(_number_of_bytes), Field(gt=0)]
Seconds = Annotated[float, BeforeValidator(_length_of_time), Field(gt=0)]


class Settings(BaseModel):
    """Settings of the HTTP transport; what is left out is as ``[retry]`` and the submitter's environment say.

    connect_timeout: until the connection stands, TLS included. response_timeout: from the last body byte to the end of the answer.
    stall_timeout: while sending, without a single byte taken by the network.
    proxy: ``http://HOST:PORT``, or ``none`` for never; else ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.
    proxy_credential: who we are to the proxy, a reference; the server's is never used for it.
    ca_file: certificates to trust instead of the system's; a list of revoked ones in it is heeded.
    client_cert, client_key: PEM files for a server that asks for them.
    pin: ``sha256//BASE64`` of the key that the server must have, one or several; as curl's ``--pinnedpubkey``.
    protocol: ``auto``, or one that is installed: ``plain tus rufh``; protocol_options: its own settings.
    resume_from: with ``auto``, files of this size and more are uploaded in a way that resumes, where the server announces one.
    login: ``auto`` sends a password at once and answers a digest challenge where one comes, ``digest`` never sends the password itself, ``strongest``
    sends nothing before the server has asked, and then the strongest that it takes.
    session_origins: other origins that may be led to, and get the credential: ``https://HOST[:PORT]``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    connect_timeout: Seconds | None = None
    response_timeout: Seconds | None = None
    stall_timeout: Seconds | None = None
    proxy: str | None = None
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    min_tls: Literal["1.2", "1.3"] = "1.2"
    pin: tuple[str, ...] = ()
    proxy_credential: str | None = None
    protocol: str = "auto"
    protocol_options: Mapping[str, Any] = Field(default_factory=dict)
    resume_from: Bytes = 8 * 2**20
    login: Literal["auto", "basic", "digest", "strongest"] = "auto"
    session_origins: tuple[str, ...] = ()

    @field_validator("pin", "session_origins", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @field_validator("pin")
    @classmethod
    def _is_pin(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            if not re.fullmatch(r"sha256//[A-Za-z0-9+/]{43}=", one):
                raise ValueError(f"{one!r} is not a pin; write sha256// and the key's SHA-256 in base64")
        return given

    @field_validator("session_origins")
    @classmethod
    def _is_origin(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            if not re.fullmatch(r"https?://[^/?#@\s]+/?", one):
                raise ValueError(f"{one!r} is not an origin; write https://HOST or https://HOST:PORT")
        return given

    @model_validator(mode="after")
    def _key_needs_certificate(self) -> Settings:
        if self.client_key and not self.client_cert:
            raise ValueError("client_key needs client_cert")
        if self.proxy and self.proxy != "none" and not self.proxy.startswith("http://"):
            raise ValueError("proxy: write http://HOST:PORT (the connection to the proxy itself is plain, what goes through it need not be), or none")
        return self

    @property
    def tls_version(self) -> ssl.TLSVersion:
        """The oldest version of TLS that is spoken."""
        return ssl.TLSVersion.TLSv1_3 if self.min_tls == "1.3" else ssl.TLSVersion.TLSv1_2
