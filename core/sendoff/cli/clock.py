"""Moments for people: the host and its JSON speak RFC 3339, a person goes by the clock on the wall."""

from __future__ import annotations

import re
from datetime import datetime

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def local(text: str, now: datetime | None = None) -> str:
    """A text with each moment in it as the local clock shows it; with the day where that is not today. now: for tests."""
    today = (now or datetime.now()).date()
    return _MOMENT.sub(lambda found: _shown(datetime.fromisoformat(found[0].replace("Z", "+00:00")).astimezone(), today), text)


def _shown(moment: datetime, today: object) -> str:
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%a %d %b %H:%M}"
