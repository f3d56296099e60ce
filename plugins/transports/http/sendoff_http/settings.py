"""What a ``[transports.http]`` section and a destination's own keys may say."""

from __future__ import annotations

import ssl
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from sendoff import InvalidArgument, seconds


def _length_of_time(given: Any) -> Any:
    try:
        return seconds(given)
    except InvalidArgument as cause:
        raise ValueError(str(cause)) from cause


Seconds = Annotated[float, BeforeValidator(_length_of_time), Field(gt=0)]


class Settings(BaseModel):
    """Settings of the HTTP transport; what is left out is as ``[retry]`` and the submitter's environment say.

    connect_timeout: until the connection stands, TLS included. response_timeout: from the last body byte to the end of the answer.
    stall_timeout: while sending, without a single byte taken by the network.
    proxy: ``http://HOST:PORT``, or ``none`` for never; else ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.
    ca_file: certificates to trust instead of the system's. client_cert, client_key: PEM files for a server that asks for them.
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
