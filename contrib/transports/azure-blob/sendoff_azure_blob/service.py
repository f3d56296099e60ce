"""One storage account as one identity sees it: the library's client on our own connections, its calls with sendoff's errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import AzureError, DeserializationError, HttpResponseError, SerializationError
from azure.storage.blob import BlobServiceClient
from sendoff import ConfigurationError, Destination, Permanent, SendoffError, Transient, TransportToolkit, is_loopback

from sendoff_azure_blob.address import folder_of
from sendoff_azure_blob.answers import Refusal
from sendoff_azure_blob.line import Line
from sendoff_azure_blob.login import Identity, Login
from sendoff_azure_blob.part import Part
from sendoff_azure_blob.settings import Settings
from sendoff_azure_blob.tls import context_of, proxy_for
from sendoff_azure_blob.wire import Wire

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made:
    """What requests go out by, with one login."""

    client: BlobServiceClient
    line: Line
    login: Login


class Service:
    """Makes its client with the first call, and anew when the login is another."""

    def __init__(self, destination: Destination, settings: Settings, toolkit: TransportToolkit) -> None:
        self.destination, self.settings, self.toolkit = destination, settings, toolkit
        self.identity = Identity(toolkit, settings.login)
        self._made: Made | None = None
        self._lock = Lock()

    def call(self, wire: Wire, ask: Callable[[BlobServiceClient], T], part: Part | None = None) -> T:
        """What the library makes of one request, after at most one renewal of the login. Errors: ``Refusal``, and what the network makes of it.

        part: the body of the request, where it has one of the source.
        """
        renewed = False
        while True:
            made = self._ready()
            try:
                with made.line.used_by(wire, part):
                    return _asked(wire, lambda made=made: ask(made.client))  # type: ignore[misc]
            except Refusal as refusal:
                if not refusal.login or renewed or not self.identity.refused(made.login):
                    raise
            renewed = True
            if part is not None:
                part.seek(0)

    @contextmanager
    def translated(self, wire: Wire) -> Iterator[None]:
        """Inside, a refusal is raised as sendoff's error."""
        try:
            yield
        except Refusal as refusal:
            raise self.error(refusal, wire) from refusal

    def error(self, refusal: Refusal, wire: Wire) -> SendoffError:
        """A refusal as sendoff says it."""
        return refusal.error(wire.where, self.toolkit.clock.wall())

    def close(self) -> None:
        """Lets connections go; the next call opens new ones."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.line.close()

    def _ready(self) -> Made:
        login = self.identity.login()
        with self._lock:
            if self._made is None or self._made.login != login:
                self._made = self._make(login)
            return self._made

    def _make(self, login: Login) -> Made:
        """The library's client: one request a call, no redirects, nothing read from this process's environment."""
        account = folder_of(self.destination.url).account
        endpoint = (self.settings.endpoint_url or f"https://{account}.blob.core.windows.net").rstrip("/")
        if self.settings.endpoint_url:
            self.toolkit.allowed(f"azure://{urlsplit(endpoint).hostname}/")  # by its host; what carries it there is no scheme that anybody named
        self._not_in_the_clear(endpoint, login)
        line = self._new_line(endpoint, login)
        words: dict[str, Any] = {"api_version": self.settings.api_version} if self.settings.api_version else {}
        signer = AzureNamedKeyCredential(account, login.key.reveal()) if login.key is not None else None
        try:
            client = BlobServiceClient(
                endpoint, credential=signer, transport=line, retry_total=0, permit_redirects=False, max_single_get_size=4 * 2**20,
                max_chunk_get_size=4 * 2**20, http_logging_level=logging.DEBUG, **words,
            )  # fmt: skip
        except ValueError as cause:
            raise ConfigurationError(f"the library for Azure does not take this configuration: {str(cause).partition(chr(10))[0]}") from cause
        return Made(client, line, login)

    def _not_in_the_clear(self, endpoint: str, login: Login) -> None:
        if login.goes_out and endpoint.startswith("http:") and not is_loopback(endpoint) and not self.destination.cleartext:
            raise ConfigurationError(
                f"{endpoint}: a SAS or a token would go over the network in the clear; nothing was sent",
                hint="use https, or the account's key, which never goes out; or set cleartext = true for this destination",
            )

    def _new_line(self, endpoint: str, login: Login) -> Line:
        environment = self.toolkit.environment
        proxy = proxy_for(endpoint, self.settings.proxy, environment)
        context = context_of(self.settings, environment) if endpoint.startswith("https:") else None
        headers: dict[str, str] | None = None
        credential = self.toolkit.credential("proxy") if proxy else None
        if credential is not None:
            from urllib3.util import make_headers

            headers = dict(make_headers(proxy_basic_auth=f"{credential.username}:{credential.secret.reveal()}"))
        return Line(login, context, proxy, headers)


def _asked(wire: Wire, ask: Callable[[], T]) -> T:
    """What the library says, its errors as ours."""
    try:
        return ask()
    except HttpResponseError as error:
        if error.response is None:
            raise Transient(f"{wire.where}: the library broke off ({type(error).__name__})") from error
        raise Refusal.of(error) from error
    except (AzureError, SerializationError) as error:  # of its words may be quoted what a request could not be sent with
        raise Permanent(f"{wire.where}: the library cannot ask like this ({type(error).__name__})", side="local") from error
    except DeserializationError as error:
        raise Transient(f"{wire.where}: what was answered is none of Azure's ({type(error).__name__}); a proxy may be in between", side="network") from error
