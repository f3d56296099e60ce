"""The shape of the configuration file: every section, every key, every default."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sendoff.errors import InvalidArgument
from sendoff.model.complaint import nearest
from sendoff.model.configuration import Configuration
from sendoff.model.delivery import Demand
from sendoff.model.destination import checked_url, scheme_of
from sendoff.model.event import TYPES
from sendoff.model.header import checked_header
from sendoff.model.limits import MOST_AT_ONCE, HandlerRules, Limits, Retention, RetryRules
from sendoff.model.quantity import seconds, size
from sendoff.model.template import Words as SinkWords
from sendoff.model.template import checked_template
from sendoff.policy.bandwidth import timetable

PREFIX = "SENDOFF_"
BETWEEN = "__"
SAID = (*TYPES, "needs_person")  # what `on` of a sink may hold
_IN_FORCE, _LIMITS, _RETRY, _RETENTION, _HANDLERS, _DEMAND = Configuration(), Limits(), RetryRules(), Retention(), HandlerRules(), Demand()


def _words(value: Any) -> Any:
    """A list; also one text with commas or in JSON, which is how a variable says it."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        return json.loads(value)
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


def _measured(measure: Callable[[str], float]) -> BeforeValidator:
    return BeforeValidator(lambda value: measure(value) if isinstance(value, str) else value)


Seconds = Annotated[float, _measured(seconds), Field(ge=0, allow_inf_nan=False)]
Bytes = Annotated[int, _measured(size), Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
AtOnce = Annotated[int, Field(ge=1, le=MOST_AT_ONCE)]
Bandwidth = Annotated[str, AfterValidator(lambda text: timetable(text).text)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Section(BaseModel):
    """A section whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class OpenSection(BaseModel):
    """A section that goes on with a driver's own keys, which the driver checks."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    @property
    def options(self) -> Mapping[str, Any]:
        """The driver's own keys."""
        return dict(self.model_extra or {})


class StoreSection(OpenSection):
    """``[store]``."""

    use: str = _IN_FORCE.store


class NetworkSection(OpenSection):
    """``[network]``. settle: seconds for which it must be another, until that counts."""

    use: str = _IN_FORCE.network
    settle: Seconds = _IN_FORCE.settle


class HostSection(Section):
    """``[host]``. idle_exit: seconds."""

    idle_exit: Seconds = _IN_FORCE.idle_exit
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class SecretsSection(Section):
    """``[secrets]``. seal: where the key lives that seals secrets. timeout: seconds that a credential store may take to answer."""

    seal: Literal["auto", "keyring", "sealed-file", "memory"] = "auto"
    timeout: Annotated[Seconds, Field(gt=0)] = _IN_FORCE.secrets_timeout


class LimitsSection(Section):
    """``[limits]``. memory, spool: bytes. bandwidth: a rate or a timetable, as ``rclone --bwlimit`` takes it."""

    concurrency: AtOnce = _LIMITS.concurrency
    per_destination: AtOnce = _LIMITS.per_destination
    high_beside: bool = _LIMITS.high_beside
    lanes: AtOnce = _LIMITS.lanes
    memory: Bytes = _LIMITS.memory
    spool: Bytes = _LIMITS.spool
    bandwidth: Bandwidth = _LIMITS.bandwidth


class RetrySection(Section):
    """``[retry]``. Lengths of time in seconds; backoff: the first pause and the longest."""

    patience: Seconds = _RETRY.patience
    attempts: Count = _RETRY.attempts
    resend: Annotated[int, Field(ge=0)] = _RETRY.resend
    backoff: Annotated[tuple[Seconds, Seconds], NoDecode, BeforeValidator(_words)] = (_RETRY.first_pause, _RETRY.longest_pause)
    connect_timeout: Annotated[Seconds, Field(gt=0)] = _RETRY.connect_timeout
    response_timeout: Annotated[Seconds, Field(gt=0)] = _RETRY.response_timeout
    stall_timeout: Annotated[Seconds, Field(gt=0)] = _RETRY.stall_timeout

    @field_validator("backoff")
    @classmethod
    def _grows(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 < value[0] <= value[1]:
            raise InvalidArgument('the first pause must be above 0 and not longer than the longest; write ["2s", "10m"]')
        return value

    def rules(self) -> RetryRules:
        """As the work sees it."""
        first, longest = self.backoff
        return RetryRules(**self.model_dump(exclude={"backoff"}), first_pause=first, longest_pause=longest)


class RetentionSection(Section):
    """``[retention]``, in seconds."""

    finished: Seconds = _RETENTION.finished / 1e6
    receipts: Seconds = _RETENTION.receipts / 1e6


class HandlersSection(Section):
    """``[handlers]``. timeout: seconds."""

    timeout: Annotated[Seconds, Field(gt=0)] = _HANDLERS.timeout
    attempts: Count = _HANDLERS.attempts


class CredentialShape(OpenSection):
    """``[credentials.NAME]``."""

    use: str
    kind: Literal["basic", "bearer", "header", "key"] | None = None


class DestinationShape(OpenSection):
    """``[destinations.NAME]``. An url that ends in ``/`` is a folder; any other is the whole address of one thing."""

    url: str
    use: str | None = None
    credential: str | None = None
    headers: dict[str, str] = {}
    cleartext: bool = False
    existing: Literal["overwrite", "skip", "fail"] | None = None
    verify: Literal["auto", "size", "digest", "read-back"] | None = None
    digest: Literal["auto", "none", "sha256"] | None = None
    if_changed: Literal["fail", "restart"] | None = None
    bandwidth: Bandwidth | None = None
    concurrency: AtOnce | None = None

    @property
    def options(self) -> Mapping[str, Any]:
        """The driver's own keys, and what is asked of the uploads to here."""
        asked = self.model_dump(include={"existing", "verify", "digest", "if_changed"}, exclude_none=True)
        return {**(self.model_extra or {}), **asked}

    @field_validator("url")
    @classmethod
    def _usable(cls, value: str) -> str:
        if "://" in value:
            scheme_of(value)
        url = checked_url(value)
        return url if url.count("/") > 2 or "?" in url else f"{url}/"

    @field_validator("headers")
    @classmethod
    def _well_formed(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            checked_header(name, text)
        return value


class PolicySection(Section):
    """``[policy]``. None = all. unconstrained: what ``request_unconstrained`` is answered."""

    allow_schemes: Words | None = None
    allow_hosts: Words | None = None
    unconstrained: bool = False

    @field_validator("allow_schemes")
    @classmethod
    def _none_refused(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else tuple(scheme_of(f"{scheme}://") for scheme in value)


class SinkShape(OpenSection):
    """One entry of ``[[sinks]]``."""

    use: str
    name: str = ""
    on: Words = ("completed", "failed", "canceled", "needs_person", "batch_completed", "notification")
    title: str | None = None
    text: str | None = None
    failure_title: str | None = None
    failure_text: str | None = None
    person_title: str | None = None
    person_text: str | None = None
    tag: str | None = None

    @field_validator("on")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            if word not in SAID:
                raise InvalidArgument(f"there is no event {word!r}{nearest(word, SAID)}")
        return value

    @field_validator("title", "text", "failure_title", "failure_text", "person_title", "person_text", "tag")
    @classmethod
    def _fillable(cls, value: str | None) -> str | None:
        return value if value is None else checked_template(value)

    @property
    def words(self) -> SinkWords:
        """What it tells people."""
        return SinkWords(**{one.name: getattr(self, one.name) for one in fields(SinkWords)})

    @model_validator(mode="after")
    def _named(self) -> Self:
        return self if self.name else self.model_copy(update={"name": self.use})


class Shape(BaseSettings):
    """The whole file. Where its values come from is said where it is read."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, env_prefix=PREFIX, env_nested_delimiter=BETWEEN, case_sensitive=False
    )

    mode: Literal["auto", "host", "embedded"] = "auto"
    disabled: Words = ()
    store: StoreSection = StoreSection()
    host: HostSection = HostSection()
    secrets: SecretsSection = SecretsSection()
    limits: LimitsSection = LimitsSection()
    retry: RetrySection = RetrySection()
    retention: RetentionSection = RetentionSection()
    handlers: HandlersSection = HandlersSection()
    network: NetworkSection = NetworkSection()
    transports: dict[str, dict[str, Any]] = {}
    credentials: dict[str, CredentialShape] = {}
    destinations: dict[str, DestinationShape] = {}
    policy: PolicySection = PolicySection()
    sinks: tuple[SinkShape, ...] = ()
