"""The filter on every log handler: nothing secret is printed, whoever logs it."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
import traceback
from collections import OrderedDict
from threading import Lock
from urllib.parse import quote

from sendoff.model.secret import STARS, is_secret_word

SHORTEST = 6
MOST = 1000

_HEADER_NAMES = r"(?:proxy-[a-z-]+|authorization|cookie|set-cookie|x-api-key|x-auth-token|x-amz-security-token)"
_SECRET_KEY = re.compile(r"password|passwd|passphrase|secret|token|signature|(?:api|access|private)[_-]?key", re.IGNORECASE)
_VALUE = r"""(?:b?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\]|\\.)*'|[^\s,;&'"(){}\[\]]+)"""

_USER_INFO = re.compile(r"""(?<=://)[^/\s"'<>?#]*@""")
_QUERY = re.compile(r"""([?&;])([\w.%~-]+)=([^&;\s"'<>]+)""")
_QUOTED_HEADER = re.compile(rf"""(b?["']{_HEADER_NAMES}["']\s*+[:,]\s*+)({_VALUE})""", re.IGNORECASE)
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
        self._secrets: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def remember(self, secret: str) -> None:
        """Mask this value wherever it appears, also percent-encoded and as JSON writes it.

        Values under ``SHORTEST`` characters are not remembered: they would mask ordinary words. Of more than ``MOST`` the oldest are forgotten.
        """
        if len(secret) < SHORTEST:
            return
        with self._lock:
            for form in {secret, quote(secret, safe="", errors="replace"), quote(secret, errors="replace"), json.dumps(secret)[1:-1], repr(secret)[1:-1]}:
                self._secrets[form] = None
                self._secrets.move_to_end(form)
            while len(self._secrets) > MOST:
                self._secrets.popitem(last=False)

    def clean(self, text: str) -> str:
        """The text with everything secret as three stars."""
        with self._lock:
            found = [secret for secret in self._secrets if secret in text]
        for secret in sorted(found, key=len, reverse=True):
            text = text.replace(secret, STARS)
        for mask in (_without_private_keys, _without_user_info, _without_headers, _without_schemes, _without_queries, _without_assignments):
            text = mask(text)
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


def install(root: logging.Logger, redaction: Redaction) -> None:
    """Put it on every handler there is, of this logger and of all loggers below it; again after handlers were added."""
    below = [logger for logger in root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    for logger in (root, *below):
        for handler in logger.handlers:
            if redaction not in handler.filters:
                handler.addFilter(redaction)


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
    return _ASSIGNED.sub(lambda found: f"{found[1]}{_starred(found[3])}" if _SECRET_KEY.search(found[2]) else found[0], text)


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
