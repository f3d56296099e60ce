"""One request to the host: what it asks, and how it is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from sendoff.desk import codec
from sendoff.errors import (
    ConfigurationError,
    HostUnavailable,
    InvalidArgument,
    InvalidState,
    JournalFull,
    Json,
    OtherVersion,
    Refused,
    UnknownOperation,
    to_json,
)  # fmt: skip
from sendoff.host.channel import Channel


class NoSuchAddress(InvalidArgument):
    """Nothing is served at this address."""


class OtherMethod(InvalidArgument):
    """What is at this address is asked with another method."""


STATUSES: tuple[tuple[type[BaseException], int], ...] = (
    (NoSuchAddress, 404),
    (OtherMethod, 405),
    (InvalidArgument, 400), (UnknownOperation, 404), (OtherVersion, 409), (InvalidState, 409), (ConfigurationError, 409), (Refused, 403),
    (HostUnavailable, 503), (JournalFull, 507),
)  # fmt: skip
VERBS = {"create": "POST", "order": "POST", "keep": "POST", "page": "GET", "follow": "GET", "answer": "GET", "ask": "GET"}


class Call:
    """A request and its answer. The parameters are those of the address, or of the body of a POST as one JSON object.

    stays: it follows for as long as it likes, where another is told what has happened so far.
    """

    def __init__(self, scope: Mapping[str, Any], channel: Channel) -> None:
        self.channel, self.stays = channel, False
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.verb = _verb(scope["path"], scope["method"])
        self._given: dict[str, Json] = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="surrogateescape"))

    # -- what is asked ------------------------------------------------------------------------------------------------

    def read_body(self) -> None:
        """Take the whole body as further parameters."""
        data = b""
        for piece in self.channel.pieces():
            data += piece
            if len(data) > codec.LONGEST_LINE:
                raise InvalidArgument("the body of this request is longer than 16 MiB")
        if data.strip():
            self._given |= codec.parse_object(data)

    def lines(self) -> Iterator[bytes]:
        """The lines of the body, as they come."""
        lines = codec.Lines()
        for piece in self.channel.pieces():
            yield from filter(None, lines.feed(piece))
        yield from filter(None, lines.end())

    def text(self, name: str) -> str | None:
        """A parameter that is a text."""
        found = self._given.get(name)
        if found is not None and not isinstance(found, str):
            raise InvalidArgument(f"{name}: a text is expected")
        return found or None

    def number(self, name: str) -> int | None:
        """A parameter that is a whole number from 0."""
        found = self._given.get(name)
        if found is None or found == "":
            return None
        if isinstance(found, bool) or not str(found).isdigit():
            raise InvalidArgument(f"{name}: a whole number is expected, not {found!r}")
        return int(found)

    def flag(self, name: str) -> bool:
        """A parameter that is true or false."""
        return self._given.get(name) in (True, "true", "1")

    def document(self, name: str) -> dict[str, Json]:
        """A parameter that is a JSON object."""
        found = self._given.get(name)
        if found is None or found == "":
            return {}
        found = codec.parse(found) if isinstance(found, str) else found
        if not isinstance(found, dict):
            raise InvalidArgument(f"{name}: a JSON object is expected")
        return found

    def raw(self, name: str) -> Json:
        """A parameter as it came."""
        return self._given.get(name)

    # -- and what is answered -----------------------------------------------------------------------------------------

    def answer(self, value: Json) -> None:
        """One JSON value is the whole answer."""
        self._whole(200, codec.line(value))

    def begin(self, kind: str, **headers: str) -> None:
        """An answer that comes bit by bit; ``channel.write`` and ``channel.end`` go on."""
        extra = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
        self.channel.begin(200, [(b"content-type", kind.encode()), *extra])

    def fail(self, error: BaseException) -> None:
        """The error is the answer, or its last line when part of it is on its way."""
        if self.channel.started:
            self.channel.write(codec.line({"raised": to_json(error)}))
            self.channel.end()
        else:
            self._whole(status_of(error), codec.line(to_json(error)))

    def _whole(self, status: int, body: bytes) -> None:
        length = str(len(body)).encode()
        self.channel.begin(status, [(b"content-type", b"application/json"), (b"content-length", length)])
        self.channel.write(body)
        self.channel.end()


def status_of(error: BaseException) -> int:
    """The HTTP status that goes with an error."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def _verb(path: str, method: str) -> str:
    """The verb of an address; whatever can be asked with GET can be asked with POST too."""
    verb = path.removeprefix("/v1/")
    if not path.startswith("/v1/") or verb not in VERBS:
        raise NoSuchAddress(f"there is nothing at {path}; there are /v1/" + ", /v1/".join(VERBS))
    if method not in {VERBS[verb], "POST"}:
        raise OtherMethod(f"{path} takes {VERBS[verb]}, not {method}")
    return verb
