"""What a ``[transports.azure-blob]`` section and a destination's own keys may say."""

from __future__ import annotations

import re
import ssl
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from sendoff import InvalidArgument, seconds, size


def _length_of_time(given: Any) -> Any:
    try:
        return seconds(given)
    except InvalidArgument as cause:
        raise ValueError(str(cause)) from cause


def _bytes(given: Any) -> Any:
    try:
        return size(given) if isinstance(given, str) and given != "auto" else given
    except InvalidArgument as cause:
        raise ValueError(str(cause)) from cause


def _pairs(given: Any) -> Any:
    """``a=b,c=d`` as a command line says it; a table stays one."""
    if not isinstance(given, str):
        return given
    pairs = [one.partition("=") for one in given.split(",") if one]
    if any(not mark or not name for name, mark, _ in pairs):
        raise ValueError(f"{given!r}: write NAME=VALUE,NAME=VALUE")
    return {name: value for name, _, value in pairs}


Seconds = Annotated[float, BeforeValidator(_length_of_time), Field(gt=0)]
Bytes = Annotated[int, BeforeValidator(_bytes), Field(ge=64 * 1024, le=4000 * 2**20)]  # Azure: a block has at most 4000 MiB
Pairs = Annotated[dict[str, str], BeforeValidator(_pairs)]


class Settings(BaseModel):
    """Settings of the Azure transport; what is left out is as ``[retry]`` and the submitter's environment say.

    endpoint_url: of the blob service, where it is not ``https://ACCOUNT.blob.core.windows.net``. api_version: for a server that does not know the newest.
    login: what the destination's credential is; ``auto`` sees it. access_tier, tags, metadata, content_type: of the blob.
    block_size: bytes, ``auto`` grows with the file. content_md5: whether a blob of blocks is given the MD5 of its whole, for which the file is read once more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    endpoint_url: str | None = None
    api_version: str | None = None
    login: Literal["auto", "key", "sas", "token"] = "auto"
    access_tier: Literal["Hot", "Cool", "Cold", "Archive"] | None = None
    tags: Pairs = {}
    metadata: Pairs = {}
    content_type: str = "auto"
    block_size: Literal["auto"] | Bytes = "auto"
    content_md5: bool = False
    connect_timeout: Seconds | None = None
    response_timeout: Seconds | None = None
    stall_timeout: Seconds | None = None
    proxy: str | None = None
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    min_tls: Literal["1.2", "1.3"] = "1.2"

    @field_validator("endpoint_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://x")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or "@" in parts.netloc:
            raise ValueError("write http://HOST:PORT or https://HOST:PORT, without a login and without a signature")
        return value

    @field_validator("metadata")
    @classmethod
    def _can_be_headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or not text.isascii() or not text.isprintable():
                raise ValueError(f"{name!r}: names are letters, digits and underscores and begin with no digit, values are printable ASCII")
        return value

    @model_validator(mode="after")
    def _belong_together(self) -> Settings:
        if self.client_key and not self.client_cert:
            raise ValueError("client_key needs client_cert")
        return self

    @property
    def tls_version(self) -> ssl.TLSVersion:
        """The oldest version of TLS that is spoken."""
        return ssl.TLSVersion.TLSv1_3 if self.min_tls == "1.3" else ssl.TLSVersion.TLSv1_2
