"""One S3 service as one identity sees it: boto3's client on our own connections, its calls with sendoff's errors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from sendoff import ConfigurationError, CredentialNeeded, Destination, Rejected, SendoffError, Transient, TransportToolkit

from sendoff_s3.answers import EXPIRED, MOVED, Refusal
from sendoff_s3.chain import told
from sendoff_s3.identity import Identity, Provider
from sendoff_s3.line import Line
from sendoff_s3.servers import Server, server_for
from sendoff_s3.settings import Settings
from sendoff_s3.tls import context_of, proxy_for
from sendoff_s3.wire import Wire

REGION = "region"


@dataclass(frozen=True, slots=True)
class Made:
    """What requests go out by, to one region."""

    client: Any
    line: Line
    region: str


class Service:
    """Makes its client with the first call, and anew when the bucket turns out to be in another region."""

    def __init__(self, destination: Destination, settings: Settings, toolkit: TransportToolkit) -> None:
        self.settings, self.toolkit = settings, toolkit
        self.identity = Identity(toolkit, settings.profile, reference=destination.credential is not None)
        self._made: Made | None = None
        self._lock = Lock()

    @property
    def server(self) -> Server:
        """What is known of the server."""
        return server_for(self.settings.server, self._endpoint())

    def call(self, wire: Wire, operation: str, reading: Callable[[Any], None] | None = None, **words: Any) -> dict[str, Any]:
        """One request, after at most one renewal of the credentials and one change of region. Errors: ``Refusal``, and what the network makes of it.

        reading: takes the body of the answer, while the try can still be broken off.
        """
        renewed = moved = False
        while True:
            made, before = self._ready(), self.identity.frozen()
            try:
                with made.line.used_by(wire):
                    return self._asked(made.client, operation, words, reading)
            except Refusal as refusal:
                if refusal.code in EXPIRED and not renewed:
                    renewed = True
                    if not self.identity.refused(before.access_key, before.token):
                        raise self._expired(wire, refusal) from refusal
                elif _elsewhere(refusal, made.region) and not moved:
                    moved = True
                    self._move(made, str(refusal.region), wire)
                else:
                    raise
            body = words.get("Body")
            if body is not None and hasattr(body, "seek"):
                body.seek(0)

    @contextmanager
    def translated(self, wire: Wire) -> Iterator[None]:
        """Inside, a refusal is raised as sendoff's error."""
        try:
            yield
        except Refusal as refusal:
            raise self.error(refusal, wire) from refusal

    def error(self, refusal: Refusal, wire: Wire) -> SendoffError:
        """A refusal as sendoff says it."""
        if refusal.code in MOVED:
            text = f"{wire.where}: the bucket is in another region than {self._region()}"
            return Rejected(text, hint="set region for this destination", side="configuration", http_status=refusal.status)
        return refusal.error(wire.where, self.toolkit.clock.wall())

    def close(self) -> None:
        """Lets connections go; the next call opens new ones."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.line.close()

    def _asked(self, client: Any, operation: str, words: Mapping[str, Any], reading: Callable[[Any], None] | None) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError  # type: ignore[import-untyped]
        from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

        try:
            answer: dict[str, Any] = getattr(client, operation)(**words)
            if reading is not None:
                with closing(answer["Body"]) as body:
                    reading(body)
        except ClientError as error:
            raise Refusal.of(error.response) from error
        except ParamValidationError as error:
            raise ConfigurationError(f"{operation} cannot be asked like this: {error}") from error
        except ResponseParserError as error:
            raise Transient(f"whoever answered {operation} does not speak S3; a portal or a proxy may be in between", side="network") from error
        except BotoCoreError as error:
            raise Transient(f"{operation}: {told(error)}") from error
        return answer

    def _expired(self, wire: Wire, refusal: Refusal) -> SendoffError:
        error = refusal.error(wire.where, self.toolkit.clock.wall())
        return CredentialNeeded(error.message, hint=error.hint, http_status=refusal.status)

    def _move(self, made: Made, region: str, wire: Wire) -> None:
        """From now on, and after the next start, the bucket is asked where it is; of several tries that find out, one says so."""
        with self._lock:
            first = self._made is made
            if first:
                self.toolkit.learned.put(REGION, region)
                self._made = None
        if first:
            self.toolkit.log.warning("%s is in %s, not in %s; it is asked there from now on (set region to say so)", wire.where, region, made.region)
            made.line.close()

    def _region(self) -> str:
        learned = self.toolkit.learned.get(REGION)
        return str(learned or self.settings.region or self.identity.configured().get("region") or self.server.region)

    def _endpoint(self) -> str | None:
        found = self.settings.endpoint_url or self.identity.configured().get("endpoint_url")
        return str(found) if found else None

    def _ready(self) -> Made:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> Made:
        """boto3's client: one request a call, nothing read from this process's environment or files."""
        from boto3.session import Session as Boto3  # type: ignore[import-untyped]
        from botocore.config import Config  # type: ignore[import-untyped]
        from botocore.credentials import CredentialResolver  # type: ignore[import-untyped]
        from botocore.session import Session  # type: ignore[import-untyped]

        endpoint, region = self._endpoint(), self._region()
        if endpoint:
            self.toolkit.allowed(f"s3://{urlsplit(endpoint).hostname}/")  # by its host; what carries it there is no scheme that anybody named
        session = Session(session_vars={name: (None, None, *known[2:]) for name, known in Session.SESSION_VARIABLES.items()})
        for name in ("config_file", "credentials_file"):
            session.set_config_variable(name, os.devnull)
        session.register_component("credential_provider", CredentialResolver([Provider(self.identity)]))
        config = Config(
            region_name=region, signature_version="s3v4", retries={"total_max_attempts": 1, "mode": "standard"}, ignore_configured_endpoint_urls=True,
            request_checksum_calculation="when_required", response_checksum_validation="when_required", s3=self._s3(endpoint), parameter_validation=True,
        )  # fmt: skip
        models = _models()
        session.register_component("data_loader", models)
        boto3 = Boto3(botocore_session=session, region_name=region)
        models.search_paths[:] = dict.fromkeys(models.search_paths)  # each of boto3's sessions adds its own folder again
        client = boto3.client("s3", endpoint_url=endpoint, config=config)
        client.meta.events.register("before-call.s3", _not_redirected)
        line = self._new_line(endpoint or client.meta.endpoint_url)
        client.meta.events.register("before-send.s3", line.send)
        return Made(client, line, region)

    def _s3(self, endpoint: str | None) -> dict[str, Any]:
        """botocore's own keys: what is set here, else the profile, else what is known of the server."""
        told = self.identity.configured().get("s3") or {}
        style = self.settings.addressing_style
        if style == "auto":
            style = told.get("addressing_style") or ("path" if endpoint and self.server.path_style else "auto")
        plain = bool(endpoint and endpoint.startswith("http:"))
        signed = self.settings.sign_payload == "always" or (self.settings.sign_payload == "auto" and plain)
        return {"addressing_style": style, "payload_signing_enabled": signed}

    def _new_line(self, endpoint: str) -> Line:
        environment = self.toolkit.environment
        proxy = proxy_for(endpoint, self.settings.proxy, environment)
        context = context_of(self.settings, environment) if endpoint.startswith("https:") else None
        headers: dict[str, str] | None = None
        credential = self.toolkit.credential("proxy") if proxy else None
        if credential is not None:
            from urllib3.util import make_headers

            headers = dict(make_headers(proxy_basic_auth=f"{credential.username}:{credential.secret.reveal()}"))
        return Line(context, proxy, headers)


def _elsewhere(refusal: Refusal, region: str) -> bool:
    """Whether the server names another region than the one it was asked in."""
    return bool(refusal.region) and refusal.region != region and (refusal.code in MOVED or refusal.status in (301, 307, 400))


@lru_cache(maxsize=1)
def _models() -> Any:
    """botocore's description of S3, read once: it is the larger part of what a client costs."""
    from botocore.loaders import create_loader  # type: ignore[import-untyped]

    return create_loader()


def _not_redirected(params: dict[str, Any], **_: Any) -> None:
    """Where a bucket is, is remembered here; botocore's own redirector, which forgets it, has nothing to do."""
    params["context"].setdefault("s3_redirect", {})["redirected"] = True
