"""What ``protocol_options`` of a destination may say."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from sendoff import InvalidArgument, seconds, size

LEAST, MOST = 5 * 2**20, 5 * 10**9  # bytes of a chunk that is not the last (Nextcloud's developer manual, "Chunked file upload")
MOST_CHUNKS = 10_000


def _number_of_bytes(given: Any) -> Any:
    try:
        return size(given)
    except InvalidArgument as cause:
        raise ValueError(str(cause)) from cause


def _length_of_time(given: Any) -> Any:
    try:
        return seconds(given)
    except InvalidArgument as cause:
        raise ValueError(str(cause)) from cause


class Settings(BaseModel):
    """``protocol_options`` of a destination that is a Nextcloud.

    uploads: the user's uploads collection, ``/remote.php/dav/uploads/USER``, where the destination's address does not tell it.
    chunk_size: bytes a request, 5 MiB to 5 GB; larger where a file would need more than 10,000 requests. A file that fits into one goes as one.
    checksum: whether the server is asked for the digest of what it received, to be compared with what was sent.
    assembling: how long a server that was told to put a file together, and did not answer, is left alone with it before it is told again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    uploads: str | None = None
    chunk_size: Annotated[int, BeforeValidator(_number_of_bytes), Field(ge=LEAST, le=MOST)] = LEAST
    checksum: bool = True
    assembling: Annotated[float, BeforeValidator(_length_of_time), Field(ge=0)] = 60.0

    @field_validator("uploads")
    @classmethod
    def _is_address(cls, given: str | None) -> str | None:
        if given is not None and not given.startswith(("/", "https://", "http://")):
            raise ValueError(f"{given!r} is no address; write /remote.php/dav/uploads/USER, or all of it with https://")
        return given
