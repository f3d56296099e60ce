"""What the strict S3 keeps, and what may go wrong with it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

BUCKET = "bucket"
PAGE = 2
BLOCK = 16 * 1024


@dataclass
class Fault:
    """What goes wrong with one request.

    operation: ``body`` (put or part) ``put create part list complete abort head get uploads bucket delete``. times: how often.
    at: after so many bytes of the body.
    do: ``reset`` (the connection ends), ``stall`` (until ``hang_up``), ``lost`` (it is done, the answer does not come), ``error`` (status and code),
    ``inside`` (a 200 with the error in its body), ``html`` (a portal's page instead), ``call`` (``then`` is called, and all goes on).
    """

    operation: str
    do: str
    at: int = 0
    times: int = 1
    status: int = 500
    code: str = "InternalError"
    more: str = ""
    headers: dict = field(default_factory=dict)
    then: Callable = lambda: None


@dataclass
class Kept:
    """One object."""

    body: bytes
    etag: str
    fields: dict
    crc: str | None = None
    kind: str = "FULL_OBJECT"
    version: int = 0


@dataclass
class Upload:
    """One unfinished upload. parts: number -> (body, etag, crc)."""

    key: str
    fields: dict
    algorithm: str | None
    kind: str | None
    began: float = field(default_factory=time.time)
    parts: dict = field(default_factory=dict)


@dataclass
class Seen:
    """One request as it came. received: bytes of its body so far."""

    operation: str
    key: str
    query: dict
    headers: dict
    received: int = 0
    status: int | None = None


class Denied(Exception):
    """A refusal: status, code, more XML, headers."""

    def __init__(self, status, code, more="", headers=None):
        super().__init__(code)
        self.status, self.code, self.more, self.headers = status, code, more, headers or {}


class Cut(Exception):
    """The connection ends here."""
