"""A notice as one JSON object, the same for every sink of this package."""

from __future__ import annotations

import json
from typing import Any

from sendoff import Notice, moment_text


def document(notice: Notice) -> dict[str, Any]:
    """``{"id", "type", "time", "operation", "data"}``; time in RFC 3339."""
    return {
        "id": notice.id,
        "type": notice.type,
        "time": moment_text(notice.time),
        "operation": dict(notice.operation) if notice.operation is not None else None,
        "data": dict(notice.data) if notice.data is not None else None,
    }


def line(notice: Notice) -> str:
    """The object on one line, in ASCII: some readers take U+2028 for the end of a line."""
    return json.dumps(document(notice), default=str)
