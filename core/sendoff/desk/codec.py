"""The lines that travel between a client and the host: one JSON value each.

Total: whatever comes is either a value or an ``InvalidArgument`` that says what is wrong with it. Requests and their answers come by the
ten thousand; they have ways of their own here, the rest goes through ``model.document``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from sendoff.desk.kinds import flag, mapping, number, number_or_none, numbers, pairs, shown, text, text_or_none, two_numbers
from sendoff.errors import InvalidArgument, Json, SendoffError, from_json, to_json

if TYPE_CHECKING:
    from sendoff.model.event import Event
    from sendoff.model.operation import Request
    from sendoff.model.progress import UploadProgress
    from sendoff.model.query import Created
    from sendoff.model.secret import Credential

LONGEST_LINE = 16 * 2**20
Value = TypeVar("Value")


class Lines:
    """Bytes as they come, lines as they are complete."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete; ``InvalidArgument`` when one grows beyond 16 MiB."""
        head, newline, rest = data.rpartition(b"\n")
        if not newline:
            self._rest += data
            if len(self._rest) > LONGEST_LINE:
                raise InvalidArgument("a line is longer than 16 MiB")
            return []
        lines = (self._rest + head).split(b"\n")
        self._rest = rest
        return lines

    def end(self) -> list[bytes]:
        """The last line, when it came without its line break."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


def line(value: Json) -> bytes:
    """Plain JSON values as one line."""
    return json.dumps(value, separators=(",", ":"), default=_refuse).encode() + b"\n"


def parse(data: bytes | str) -> Json:
    """The JSON value of one line."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as cause:
        raise InvalidArgument(f"this is not a line of JSON: {cause}") from None


def parse_object(data: bytes | str) -> dict[str, Json]:
    """The JSON object of one line."""
    found = parse(data)
    if not isinstance(found, dict):
        raise InvalidArgument(f"a JSON object is expected, not {shown(found)}")
    return found


def as_document(value: Any) -> Json:
    """A frozen value of the model as plain JSON values."""
    from sendoff.model.document import encode

    return encode(value)


def from_document(kind: type[Value], data: Json) -> Value:
    """The value of the model that ``as_document`` described."""
    from sendoff.model.document import decode

    if not isinstance(data, Mapping):
        raise InvalidArgument(f"{kind.__name__}: a JSON object is expected, not {shown(data)}")
    try:
        return decode(kind, data)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as cause:
        raise InvalidArgument(f"{kind.__name__}: {cause}") from cause


# -- requests and their answers ---------------------------------------------------------------------------------------


class RequestCodec:
    """Requests as lines and back, checked for the types of their fields."""

    def __init__(self) -> None:
        from dataclasses import fields
        from operator import attrgetter

        from sendoff.model.operation import Request
        from sendoff.model.secret import Credential

        def plain(value: Any) -> Json:
            return credential_document(value) if isinstance(value, Credential) else as_document(value)

        blank = Request()
        self._kind = Request
        self._names = tuple(one.name for one in fields(Request))
        self._values: Callable[[Any], tuple[Any, ...]] = attrgetter(*self._names)
        self._defaults = self._values(blank)
        self._turns = {name: _TURNS.get(name) or _turn_like(default) for name, default in zip(self._names, self._defaults, strict=True)}
        self._encoder = json.JSONEncoder(separators=(",", ":"), default=plain, check_circular=False).encode

    def line(self, request: Request) -> bytes:
        """A request as one line; fields that have their default are left out."""
        given = {
            name: value
            for name, value, default in zip(self._names, self._values(request), self._defaults, strict=True)
            if value is not default and value != default
        }
        try:
            return self._encoder(given).encode() + b"\n"
        except (TypeError, ValueError, RecursionError) as cause:
            raise InvalidArgument(f"the request for {request.source or request.spool or 'a form'!r} cannot be written as JSON: {cause}") from cause

    def read(self, data: bytes) -> Request:
        """The request of one line; unknown fields are ignored, so that an older host understands a newer client."""
        turns = self._turns
        try:
            return self._kind(**{name: turns[name](name, value) for name, value in parse_object(data).items() if name in turns})
        except InvalidArgument:
            raise
        except (TypeError, ValueError, KeyError, AttributeError) as cause:
            raise InvalidArgument(f"this is not a request: {type(cause).__name__}") from None


Turn = Callable[[str, Json], Any]


def _demand(name: str, value: Json) -> Any:
    from sendoff.model.delivery import Demand

    return from_document(Demand, {key: text_or_none(f"{name}.{key}", item) for key, item in mapping(name, value).items()})


def _identity(name: str, value: Json) -> Any:
    from sendoff.model.source import SourceIdentity

    return None if value is None else from_document(SourceIdentity, mapping(name, value))


def _form(name: str, value: Json) -> Any:
    from sendoff.desk.forms import read_form

    return None if value is None else read_form(name, value)


def _identities(name: str, value: Json) -> Any:
    return {kind: read_credential(one) for kind, one in mapping(name, value).items()}


_TURNS: dict[str, Turn] = {
    "headers": pairs, "secret_headers": pairs, "demand": _demand, "patience": number_or_none, "attempts": number_or_none, "only_new": two_numbers,
    "form": _form, "identities": _identities, "taken": _identity, "recoverable_errors": numbers, "offset": number, "length": number_or_none,
}  # fmt: skip


def _turn_like(default: Any) -> Turn:
    """How a field is read, told from its default."""
    if isinstance(default, bool):
        return flag
    if isinstance(default, str):
        return text
    return mapping if isinstance(default, Mapping) else text_or_none


def created_line(answer: Created | SendoffError) -> bytes:
    """What became of one request."""
    if isinstance(answer, SendoffError):
        return line({"error": to_json(answer)})
    found: dict[str, Json] = {"id": answer.id, "number": answer.number, "batch": answer.batch, "url": answer.url}
    if answer.skipped:
        found["skipped"] = answer.skipped
    if answer.batch_number is not None:
        found["batch_number"] = answer.batch_number
    if answer.existing:
        found["existing"] = True
    if answer.warning is not None:
        found["warning"] = answer.warning
    return json.dumps(found, separators=(",", ":")).encode() + b"\n"


def read_created(data: bytes) -> Created | SendoffError:
    """The answer to one request; ``raised`` is the end of all and is raised here."""
    from sendoff.model.query import Created

    found = parse_object(data)
    if "raised" in found:
        raise from_json(found["raised"])
    if "error" in found:
        return from_json(found["error"])
    try:
        return Created(**found)
    except TypeError:
        return from_document(Created, found)


# -- events and progress ----------------------------------------------------------------------------------------------


def news_line(news: Event | UploadProgress | None) -> bytes:
    """One thing that a follower is told; an empty line says that nothing happened."""
    if news is None:
        return b"\n"
    return line({"event" if hasattr(news, "seq") else "progress": as_document(news)})


def read_news(data: bytes) -> Event | UploadProgress | None:
    """What ``news_line`` wrote."""
    from sendoff.model.event import Event
    from sendoff.model.progress import UploadProgress

    if not data:
        return None
    found = parse_object(data)
    if "raised" in found:
        raise from_json(found["raised"])
    if "event" in found:
        return from_document(Event, found["event"])
    return from_document(UploadProgress, found.get("progress"))


# -- credentials ------------------------------------------------------------------------------------------------------


def credential_document(credential: Credential | None) -> Json:
    """A credential, its secret in clear: only for the body of a request to our own host."""
    if credential is None:
        return None
    return {"kind": credential.kind, "username": credential.username, "secret": credential.secret.reveal(), "expires_at": credential.expires_at}


def read_credential(data: Json) -> Credential | None:
    """What ``credential_document`` wrote; never shows the secret in an error."""
    from sendoff.model.secret import Credential, Secret

    if data is None:
        return None
    if not isinstance(data, Mapping) or not all(isinstance(data.get(name, ""), str) for name in ("kind", "username", "secret")):
        raise InvalidArgument("credential: an object of kind, username, secret and expires_at is expected")
    expires = number_or_none("credential.expires_at", data.get("expires_at"))
    return Credential(kind=data.get("kind", "basic"), username=data.get("username", ""), secret=Secret(data.get("secret", "")), expires_at=expires)


def environment_of(data: Json) -> dict[str, str]:
    """The submitter's environment as the first line of a create brings it; none brings none."""
    found = mapping("environment", {} if data is None else data)
    return {name: text(f"environment.{name}", value) for name, value in found.items()}


def _refuse(value: Any) -> Json:
    raise InvalidArgument(f"{type(value).__name__} cannot be written as JSON")
