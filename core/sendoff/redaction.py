"""The filter on every log handler: nothing secret is printed, whoever logs it."""

from __future__ import annotations

import base64
import binascii
import codecs
import io
import json
import logging
import re
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, RLock
from typing import TextIO
from urllib.parse import quote

from sendoff.model.secret import STARS, is_secret_word

SHORTEST = 6
MOST = 1000
LONGEST_LINE = 64 * 1024
_LONG_WORD = 16  # characters of a piece of a secret that is masked by itself
_MOST_WORDS = 8
_LONGEST_ESCAPED = 1024  # characters; a longer one is a document, which no error quotes escaped twice

_HEADER_NAMES = r"(?:proxy-[a-z-]+|authorization|cookie|set-cookie|x-api-key|x-auth-token|x-amz-security-token)"
_SECRET_KEY = re.compile(r"password|passwd|passphrase|secret|token|signature|(?:api|access|private)[_-]?key", re.IGNORECASE)
_VALUE = r"""(?:b?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\]|\\.)*'|[^\s,;&'"(){}\[\]]+)"""

_USER_INFO = re.compile(r"""(?<=://)[^/\s"'<>?#]*@""")
_QUERY = re.compile(r"""([?&;])([\w.%~-]+)=([^&;\s"'<>]+)""")
_QUOTED_HEADER = re.compile(rf"""(b?["'](?:{_HEADER_NAMES}|(?:content-)?location)["']\s*+[:,]\s*+)({_VALUE})""", re.IGNORECASE)
_PAIR = re.compile(rf"""(b?["']([\w.-]++)["']\s*+,\s*+)({_VALUE})""")
_HEADER = re.compile(rf"""(?<![\w-])({_HEADER_NAMES}\s*+[:=]\s*+)(?!\*\*\*)([^\r\n"']+)""", re.IGNORECASE)
_ASSIGNED = re.compile(rf"""((?<![\w.-])([\w.-]++)["']?\s*+(?:=|:(?=\s?["'])|(?<=["']):)\s*+)({_VALUE})""")
_BEARER = re.compile(r"\b(bearer|negotiate|ntlm|token)\s+([A-Za-z0-9._~+/-]{8,}=*)", re.IGNORECASE)
_BASIC = re.compile(r"\b(basic)\s+([A-Za-z0-9+/]{4,}={0,2})", re.IGNORECASE)
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Redaction(logging.Filter):
    """Masks, in messages, arguments, extra fields and tracebacks: user-info and secret query values of addresses, secret headers, tokens
    after ``Bearer``, passwords after ``Basic``, private keys, and every value it was told to remember.

    It stands on handlers, where whatever is printed comes by; on a logger it would miss what that logger's children log.
    """

    def __init__(self) -> None:
        super().__init__()
        self._secrets: OrderedDict[str, tuple[str, ...]] = OrderedDict()  # by value, its forms
        self._lock = Lock()

    def remember(self, secret: str) -> None:
        """Mask this value wherever it appears, in every form of ``forms_of``.

        Values under ``SHORTEST`` characters are not remembered: they would mask ordinary words. Of more than ``MOST`` the oldest are forgotten.
        """
        if len(secret) < SHORTEST:
            return
        with self._lock:
            if secret not in self._secrets:
                self._secrets[secret] = forms_of(secret)
            self._secrets.move_to_end(secret)
            while len(self._secrets) > MOST:
                self._secrets.popitem(last=False)

    def clean(self, text: str) -> str:
        """The text with everything secret as three stars."""
        for mask in (
            self._without_values,
            _without_private_keys,
            _without_user_info,
            _without_headers,
            _without_schemes,
            _without_queries,
            _without_assignments,
        ):
            text = mask(text)
        return text

    def clean_sentence(self, text: str) -> str:
        """As ``clean``, for what is said to people: there the name of a header or of a setting has words behind it, and no value."""
        for mask in (self._without_values, _without_private_keys, _without_user_info, _without_schemes, _without_queries):
            text = mask(text)
        return text

    def _without_values(self, text: str) -> str:
        with self._lock:
            found = {form for forms in self._secrets.values() for form in forms if form in text}
        for secret in sorted(found, key=len, reverse=True):
            text = text.replace(secret, STARS)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record in place; it is always let through."""
        self._clean_message(record)
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        # the exception itself would be printed anew by whoever still holds it
        record.exc_info = None
        record.exc_text = self.clean(record.exc_text) if record.exc_text else None
        record.stack_info = self.clean(record.stack_info) if record.stack_info else None
        for name in vars(record).keys() - _STANDARD:
            vars(record)[name] = self._plain(vars(record)[name])
        return True

    def _clean_message(self, record: logging.LogRecord) -> None:
        """What is harmless keeps its arguments: some formatters read them."""
        try:
            message = record.getMessage()
            cleaned = self.clean(message)
        except Exception as cause:  # noqa: BLE001 a stranger's __str__, or arguments that do not fit; a filter must not raise
            message, cleaned = "", self.clean(f"{_text(record.msg)} (its arguments cannot be shown: {type(cause).__name__})")
        if cleaned != message:
            record.msg, record.args = cleaned, ()

    def _plain(self, value: object) -> object:
        return value if isinstance(value, int | float | bool | None) else self.clean(_text(value))


def forms_of(secret: str) -> tuple[str, ...]:
    """How a value stands in texts: as it is, percent-encoded, as JSON, ``repr`` and the ``repr`` of a ``repr`` write it, also as bytes, in base64.

    Of one with blanks or line breaks in it, its long words, too: who quotes it may have split it.
    """
    words = [secret.strip(), *(word for word in secret.split()[:_MOST_WORDS] if len(word) >= _LONG_WORD)]
    found = {secret, *(word for word in words if len(word) >= SHORTEST)}
    found |= {form for text in tuple(found) for form in (quote(text, safe="", errors="replace"), quote(text, errors="replace"), json.dumps(text)[1:-1])}
    if len(secret) <= _LONGEST_ESCAPED:
        once = {*_escaped(secret), *_as_bytes(secret)}
        found |= once | {form for text in once for form in _escaped(text)} | set(_in_base64(secret))
    return tuple(found)


def _escaped(text: str) -> tuple[str, str, str]:
    """As ``repr`` and JSON write it inside a longer text: which quote sign is escaped depends on the rest of that."""
    return repr(text)[1:-1], repr(f"\"{text}'")[2:-3], json.dumps(text)[1:-1]


def _as_bytes(text: str) -> set[str]:
    """The inside of the ``repr`` of its bytes, as they go out: in UTF-8, or as a header field has them."""
    encoded = text.encode("utf-8", "replace"), text.encode("latin-1", "replace")
    return {form for one in encoded for form in (repr(one)[2:-1], repr(b'"' + one + b"'")[3:-3])}


def _in_base64(secret: str) -> tuple[str, ...]:
    """What is certain of its base64 whatever stands before and after it, as a user's name does (RFC 7617): at each of three places in a group."""
    plain, found = secret.encode("utf-8", "replace"), []
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain).decode("ascii")
        whole = encoded[(before * 8 + 5) // 6 : (before + len(plain)) * 8 // 6]
        found.append(whole)
    return tuple(one for one in found if len(one) >= SHORTEST)


def install(root: logging.Logger, redaction: Redaction) -> None:
    """Put it on every handler there is, of this logger and of all loggers below it, and on what a host prints; again after handlers were added."""
    below = [logger for logger in list(root.manager.loggerDict.values()) if isinstance(logger, logging.Logger)]
    for logger in (root, *below):
        for handler in logger.handlers:
            if redaction not in handler.filters:
                handler.addFilter(redaction)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Printed):
            stream.clean = redaction.clean


class Printed(io.TextIOBase):
    """A standard stream of a host: what a plugin prints goes where the log goes, line by line, cleaned once there is something to clean with.

    stream: where to. What has no end after ``LONGEST_LINE`` characters is cut at its last blank: a half of a secret cannot be known.
    """

    encoding, errors = "utf-8", "backslashreplace"

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream, self._lock = stream, RLock()
        self._held, self._length = list[str](), 0
        self.clean: Callable[[str], str] = str
        self.buffer = _Bytes(self)

    def write(self, text: str) -> int:
        """As ``TextIO.write``."""
        with self._lock:
            end = max(text.rfind("\n"), text.rfind("\r")) + 1
            if end:
                self._print("".join([*self._held, text[:end]]))
                self._held, self._length = [], 0
            self._held.append(text[end:])
            self._length += len(text) - end
            if self._length > LONGEST_LINE:
                self._cut()
        return len(text)

    def _print(self, text: str) -> None:
        self._stream.write(self.clean(text))

    def _cut(self) -> None:
        held = "".join(self._held)
        end = held.rfind(" ") + 1 or len(held)
        self._print(f"{held[:end]}\n")
        self._held, self._length = [held[end:]], len(held) - end

    def flush(self) -> None:
        """As ``TextIO.flush``; what has no end yet is kept: a half of a secret cannot be known."""
        with suppress(ValueError, OSError):
            self._stream.flush()

    def finish(self) -> None:
        """Print what has no end."""
        with self._lock:
            if self._length:
                self.write("\n")
        self.flush()

    def fileno(self) -> int:
        """As ``TextIO.fileno``."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """As ``TextIO.writable``."""
        return True


class _Bytes(io.BufferedIOBase):
    """The same for who prints bytes: they are text in UTF-8, or are shown as what they are."""

    def __init__(self, printed: Printed) -> None:
        super().__init__()
        self._printed, self._lock = printed, Lock()
        self._decoder = codecs.getincrementaldecoder(printed.encoding)(printed.errors)

    def write(self, block: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """As ``BinaryIO.write``."""
        with self._lock:
            self._printed.write(self._decoder.decode(bytes(block)))
        return len(block)

    def flush(self) -> None:
        """As ``Printed.flush``."""
        self._printed.flush()

    def fileno(self) -> int:
        """As ``Printed.fileno``."""
        return self._printed.fileno()

    def writable(self) -> bool:
        """As ``Printed.writable``."""
        return True


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as cause:  # noqa: BLE001 a stranger's __str__
        return f"<{type(value).__name__} that cannot be shown: {type(cause).__name__}>"


def _without_private_keys(text: str) -> str:
    return _PRIVATE_KEY.sub(rf"\1{STARS}\2", text) if "PRIVATE KEY" in text else text


def _without_user_info(text: str) -> str:
    return _USER_INFO.sub("", text) if "@" in text else text


def _without_headers(text: str) -> str:
    return _HEADER.sub(_after_first, _QUOTED_HEADER.sub(_after_first, text))


def _without_schemes(text: str) -> str:
    return _BASIC.sub(_basic, _BEARER.sub(rf"\1 {STARS}", text))


def _without_queries(text: str) -> str:
    return _QUERY.sub(_query, text) if "=" in text else text


def _without_assignments(text: str) -> str:
    return _PAIR.sub(_named, _ASSIGNED.sub(_named, text))


def _named(found: re.Match[str]) -> str:
    """By its name: an assignment, or a pair of name and value."""
    return f"{found[1]}{_starred(found[3])}" if _SECRET_KEY.search(found[2]) else found[0]


def _after_first(found: re.Match[str]) -> str:
    return f"{found[1]}{_starred(found[2])}"


def _starred(value: str) -> str:
    """Three stars, in the quotes that the value stood in."""
    quote_sign = value[-1:] if value[-1:] in "\"'" and len(value) > 1 else ""
    return f"{quote_sign}{STARS}{quote_sign}"


def _query(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}={STARS}" if is_secret_word(found[2]) else found[0]


def _basic(found: re.Match[str]) -> str:
    """A word after "basic" is a password only if it is one when decoded (RFC 7617 section 2)."""
    try:
        decoded = base64.b64decode(found[2] + "=" * (-len(found[2]) % 4), validate=True)
    except (ValueError, binascii.Error):
        return found[0]
    return f"{found[1]} {STARS}" if b":" in decoded else found[0]
