"""``use = "apprise"``: each notice is told by mail, chat or another service."""

from __future__ import annotations

import unicodedata
from threading import Lock
from typing import Any, ClassVar

from sendoff import ConfigurationError, Message, NeedsPerson, Notice, SendoffError, Sink, SinkToolkit, Transient, reveal

from sendoff_apprise import settings
from sendoff_apprise.courier import Courier
from sendoff_apprise.settings import is_address
from sendoff_apprise.verdict import unheard, verdict

_GOOD = frozenset({"completed", "batch_completed", "notification", "source_removed"})  # unless they say that something failed
_MOST_PARTLY = 1000  # notices of which it is remembered who has them, while somebody else has not


class AppriseSink(Sink):
    """Tells what a person is to read, by the library apprise, in a process of its own.

    It is accepted when each of ``urls`` took it; as long as the host lives, those that did are not told again when another is tried again. What is
    meant for a tile, has expired, or has no words for a person, is accepted and not sent. No error, log or process list shows an address.
    """

    Settings: ClassVar[type] = settings.Settings
    settings: settings.Settings

    def __init__(self, settings: Any, toolkit: SinkToolkit) -> None:
        super().__init__(settings, toolkit)
        self._courier = Courier(self.settings)
        self._lock = Lock()
        self._partly: dict[str, frozenset[int]] = {}

    def deliver(self, notice: Notice) -> None:
        """Tell all of them, and wait for what they say. Errors: ``Transient``, ``Permanent``."""
        message = notice.message
        if message is None or message.tile or (message.expires_at is not None and message.expires_at <= self.toolkit.clock.wall()):
            return
        had = self._partly.get(notice.id, frozenset())
        urls = {number: url for number, url in enumerate(self._urls(), 1) if number not in had}
        answers, why = self._courier.carry(_letter(notice, message, urls))
        said = {one["number"]: one for one in answers}
        errors = [verdict(said[number]) if number in said else unheard(number, why) for number in urls]
        self._settle(notice.id, had | {number for number, error in zip(urls, errors, strict=True) if error is None}, [one for one in errors if one])

    def close(self) -> None:
        """End what is under way; its notice comes again."""
        self._courier.close()

    def _urls(self) -> list[str]:
        """Secrets revealed: for the process that tells them only."""
        try:
            return [word if is_address(word) else reveal(self.toolkit.credential(word).secret) for word in self.settings.urls]
        except (NeedsPerson, ConfigurationError) as cause:  # somebody may yet set it right
            raise Transient(cause.message, hint=cause.hint) from cause

    def _settle(self, id: str, have: frozenset[int], errors: list[SendoffError]) -> None:
        """Remember who has it as long as somebody has not; where waiting helps with one of them, it is waited for."""
        with self._lock:
            self._partly.pop(id, None)
            if errors and have:
                self._partly[id] = have
            if len(self._partly) > _MOST_PARTLY:
                del self._partly[next(iter(self._partly))]
        if errors:
            raise next((error for error in errors if isinstance(error, Transient)), errors[0])


def _letter(notice: Notice, message: Message, urls: dict[int, str]) -> dict[str, Any]:
    """What the process is asked for."""
    good = notice.type in _GOOD and (notice.data or {}).get("outcome", "success") == "success"  # a batch of which all was canceled has none
    kind = "failure" if message.failed else "success" if good else "warning" if message.high else "info"
    return {"urls": [*urls.items()], "title": _fit(" ".join(filter(None, message.title.splitlines()))), "text": _fit(message.text), "kind": kind}


def _fit(text: str) -> str:
    """Without what no service takes: control characters, halves of a character."""
    return "".join("\ufffd" if unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t" else one for one in text)
