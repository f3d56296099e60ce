"""A message as the Desktop Notifications Specification 1.2 has it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from html import escape
from typing import Any

from sendoff import Message, Moment

from sendoff_desktop.settings import Settings

NOTIFY = "susssasa{sv}i"
NORMAL, CRITICAL = 1, 2
AS_IT_LIKES = -1  # the daemon decides how long it is shown
_BRIEF = 10.0  # seconds; what is of no interest after that is taken away by then
_MOST = 2000  # characters of a text; what is longer fits on no screen


def notify(message: Message, instead: int, able: Collection[str], settings: Settings, now: Moment) -> tuple[Any, ...]:
    """The words of ``Notify``. instead: the notification that it replaces, 0 = none. able: what the daemon can show."""
    title, text = _fit(" ".join(filter(None, message.title.splitlines()))), _fit(message.text)
    if "body" not in able:
        title, text = (f"{title}: {text}" if text else title), ""
    if "body-markup" in able:
        text = escape(text, quote=False)
    return "sendoff", instead, settings.icon or _icon(message), title, text, [], _hints(message), _shown_for(message, settings, now)


def is_over(message: Message, now: Moment) -> bool:
    """Whether it is of no interest any more."""
    return message.expires_at is not None and message.expires_at <= now


def _icon(message: Message) -> str:
    if message.failed:
        return "dialog-error"
    return "dialog-warning" if message.high else "dialog-information"


def _hints(message: Message) -> dict[str, tuple[str, Any]]:
    hints: dict[str, tuple[str, Any]] = {
        "urgency": ("y", CRITICAL if message.failed or message.high else NORMAL),
        "category": ("s", "transfer.error" if message.failed else "transfer"),
    }
    return hints | {"suppress-sound": ("b", True)} if message.silent else hints


def _shown_for(message: Message, settings: Settings, now: Moment) -> int:
    """Milliseconds."""
    left = None if message.expires_at is None else (message.expires_at - now) / 1_000_000
    if left is not None and left < (settings.timeout or _BRIEF):
        return max(1, round(left * 1000))
    return AS_IT_LIKES if settings.timeout is None else max(1, round(settings.timeout * 1000))


def _fit(text: str) -> str:
    """What a bus and a daemon can take: valid UTF-8 without control characters, and not endless."""
    return "".join(_harmless(one) for one in (text if len(text) <= _MOST else f"{text[:_MOST]}\u2026"))


def _harmless(one: str) -> str:
    return "\ufffd" if unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t" else one
