"""What a ``[[sinks]]`` entry with ``use = "apprise"`` may say."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from sendoff import seconds

Seconds = Annotated[float, BeforeValidator(lambda value: seconds(value) if isinstance(value, str) else value), Field(gt=0, le=3600, allow_inf_nan=False)]


class Settings(BaseModel):
    """urls: whom to tell, each an address as apprise writes it, or where one is kept: ``driver:name`` or a ``[credentials]`` section.

    timeout: seconds for all of them. ca_file: certificates to trust instead of the system's. proxy: ``http://HOST:PORT``, for what goes over HTTP.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    urls: Annotated[tuple[str, ...], Field(min_length=1, repr=False)]
    timeout: Seconds = 30.0
    ca_file: str | None = None
    proxy: str | None = None

    @field_validator("urls")
    @classmethod
    def _fit_for_a_file(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            _check(url)
        return value

    @field_validator("proxy")
    @classmethod
    def _plain_proxy(cls, value: str | None) -> str | None:
        if value is not None and (urlsplit(value).scheme != "http" or not urlsplit(value).hostname or urlsplit(value).username is not None):
            raise ValueError("write http://HOST:PORT (the connection to the proxy itself is plain, what goes through it need not be)")
        return value


def is_address(word: str) -> bool:
    """Else it says where one is kept."""
    return "://" in word


def _check(url: str) -> None:
    if not url.isprintable() or not url.strip() or " " in url:
        raise ValueError("write addresses as apprise does, such as mailto://HOST?to=..., without spaces, or where one is kept, such as file:NAME")
    if is_address(url) and urlsplit(url).password is not None:
        raise ValueError("a password does not belong into it; keep the whole address in a file of your own and name it, such as file:NAME")
