"""A notice as CloudEvents 1.0 has it, in the structured mode of its HTTP binding (section 3.2) and its JSON format (section 3)."""

from __future__ import annotations

import json

from sendoff import Notice

MEDIA_TYPE = "application/cloudevents+json"


def cloud_event(notice: Notice, source: str) -> bytes:
    """One line of ASCII. source: who says it; with ``id`` it names the event. ``subject`` is the operation, or the batch."""
    told = notice.document()
    subject = (told["operation"] or {}).get("id") or (told["data"] or {}).get("batch")
    whole = {
        "specversion": "1.0", "id": notice.id, "source": source, "type": f"sendoff.{notice.type}", "time": told["time"],
        **({"subject": subject} if subject else {}), "datacontenttype": "application/json",
        "data": {"operation": told["operation"], "data": told["data"], "message": told["message"]},
    }  # fmt: skip
    return json.dumps(whole, default=str).encode("ascii")
