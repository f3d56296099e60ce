"""What a sink is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sendoff.model.message import Message
from sendoff.model.moment import Moment, moment_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event for one sink.

    id: the event's stable id; the same notice may come again. operation: as JSON shows it, None for a batch's. message: what a person is to read of it.

    >>> sendoff.Notice(id="0190", type="batch_completed", time=0).json()
    '{"id": "0190", "type": "batch_completed", "time": "1970-01-01T00:00:00.000000Z", "operation": null, "data": null, "message": null}'
    """

    id: str
    type: str
    time: Moment
    operation: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None
    message: Message | None = None

    def document(self) -> dict[str, Any]:
        """``id type time operation data message`` as JSON values; of the message ``title text tag group expires_at silent high failed tile``. Errors: none."""
        return {
            "id": self.id, "type": self.type, "time": moment_text(self.time), "operation": _plain(self.operation), "data": _plain(self.data),
            "message": None if self.message is None else self.message.document(),
        }  # fmt: skip

    def json(self) -> str:
        """The document on one line, in ASCII: some readers take U+2028 for the end of a line. Errors: none."""
        return json.dumps(self.document(), default=str)


def _plain(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else dict(value)
