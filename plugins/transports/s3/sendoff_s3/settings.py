"""What a ``[transports.s3]`` section and a destination's own keys may say."""

from __future__ import annotations

import re
import ssl
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from sendoff import InvalidArgument, seconds, size

from sendoff_s3.servers import MIB, SERVERS

_SMALLEST = 5 * MIB  # S3 user guide, "Amazon S3 multipart upload limits"


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
Bytes = Annotated[int, BeforeValidator(_bytes), Field(ge=64 * 1024)]
Pairs = Annotated[dict[str, str], BeforeValidator(_pairs)]


class Settings(BaseModel):
    """Settings of the S3 transport; what is left out is as ``[retry]``, boto3's configuration and the submitter's environment say.

    profile, region, endpoint_url: as in boto3's configuration. addressing_style: where the bucket stands. server: a row of the table of servers.
    storage_class, sse, sse_kms_key_id, acl, tags, metadata, content_type: of the object. sse_customer_key_file: 32 bytes, for SSE-C.
    expected_bucket_owner: twelve digits. part_size: bytes, ``auto`` grows with the file.
    checksum: ``none`` for servers that choke on it. conditional: whether the server honors If-None-Match. sign_payload: ``auto`` where there is no TLS.
    road: the stock road is the only one yet.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    addressing_style: Literal["auto", "path", "virtual"] = "auto"
    server: str = "auto"
    storage_class: str | None = None
    sse: Literal["AES256", "aws:kms", "aws:kms:dsse"] | None = None
    sse_kms_key_id: str | None = None
    sse_customer_key_file: str | None = None
    acl: str | None = None
    tags: Pairs = {}
    metadata: Pairs = {}
    content_type: str = "auto"
    expected_bucket_owner: str | None = None
    request_payer: bool = False
    part_size: Literal["auto"] | Bytes = "auto"
    checksum: Literal["auto", "crc32", "none"] = "auto"
    conditional: Literal["auto", "yes", "no"] = "auto"
    sign_payload: Literal["auto", "always", "never"] = "auto"
    road: Literal["auto", "stock"] = "auto"
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
            raise ValueError("write http://HOST:PORT or https://HOST:PORT, without a login")
        return value

    @field_validator("server")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value != "auto" and value not in SERVERS:
            raise ValueError(f"there is no server {value!r} in the table; there are auto, {', '.join(SERVERS)}")
        return value

    @field_validator("metadata")
    @classmethod
    def _can_be_headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or not text.isascii() or not text.isprintable():
                raise ValueError(f"{name!r}: names are letters, digits, dots, hyphens and underscores, values are printable ASCII")
        return value

    @field_validator("expected_bucket_owner")
    @classmethod
    def _is_an_account(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"\d{12}", value):
            raise ValueError("an account has twelve digits")
        return value

    @model_validator(mode="after")
    def _belong_together(self) -> Settings:
        if self.client_key and not self.client_cert:
            raise ValueError("client_key needs client_cert")
        if self.sse_kms_key_id and not (self.sse or "").startswith("aws:kms"):
            raise ValueError('sse_kms_key_id needs sse = "aws:kms"')
        if self.sse_customer_key_file and self.sse:
            raise ValueError("sse_customer_key_file and sse exclude each other")
        if isinstance(self.part_size, int) and self.part_size < _SMALLEST and self.endpoint_url is None:
            raise ValueError("part_size: Amazon's parts have at least 5 MiB")
        return self

    @property
    def tls_version(self) -> ssl.TLSVersion:
        """The oldest version of TLS that is spoken."""
        return ssl.TLSVersion.TLSv1_3 if self.min_tls == "1.3" else ssl.TLSVersion.TLSv1_2
