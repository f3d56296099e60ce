"""What is measured, by the names that Prometheus gives such things."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

SECONDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 43200.0, 86400.0, 604800.0)


class Kind(Enum):
    """How a measure moves: up only, to and fro, or as a spread."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Measure:
    """name: as it is exposed; of a counter without ``_total``. meaning: a sentence. unit: of the value. labels: what tells its series apart."""

    name: str
    kind: Kind
    meaning: str
    unit: str = "1"
    labels: tuple[str, ...] = ()


QUEUED = Measure("sendoff_uploads_queued", Kind.COUNTER, "Uploads that were stored.")
ENDED = Measure("sendoff_uploads_ended", Kind.COUNTER, "Uploads that have ended, by how.", labels=("status",))
PAUSED = Measure("sendoff_uploads_paused", Kind.COUNTER, "Times that an upload began to wait, by what for.", labels=("reason",))
ATTEMPTS = Measure("sendoff_attempts", Kind.COUNTER, "Tries that began.")
ERRORS = Measure("sendoff_errors", Kind.COUNTER, "Tries that failed, by the code of the error.", labels=("code",))
BYTES = Measure("sendoff_uploaded_bytes", Kind.COUNTER, "Bytes of completed uploads.", "By")
RESENT = Measure("sendoff_resent_bytes", Kind.COUNTER, "Bytes that completed uploads sent more than once.", "By")
DURATION = Measure("sendoff_upload_duration_seconds", Kind.HISTOGRAM, "From the first try of a completed upload to its end.", "s")
LAST_SUCCESS = Measure("sendoff_last_success_timestamp_seconds", Kind.GAUGE, "When the last upload completed, in seconds since 1970.", "s")
OPEN = Measure("sendoff_uploads_open", Kind.GAUGE, "Uploads that have not ended, by where they stand.", labels=("status",))
WAITING = Measure("sendoff_uploads_waiting", Kind.GAUGE, "Uploads that wait, by what for.", labels=("reason",))
NOTICES = Measure("sendoff_notices_waiting", Kind.GAUGE, "Notices that a sink has not taken yet.", labels=("sink",))
ASIDE = Measure("sendoff_notices_set_aside", Kind.GAUGE, "Notices that a sink has refused for good.", labels=("sink",))
MEASURES = (QUEUED, ENDED, PAUSED, ATTEMPTS, ERRORS, BYTES, RESENT, DURATION, LAST_SUCCESS, OPEN, WAITING, NOTICES, ASIDE)


class Meter(Protocol):
    """Who keeps what is measured."""

    def add(self, measure: Measure, amount: float = 1, *labels: str) -> None:
        """A counter goes up, or a spread gets one more."""
        ...

    def put(self, measure: Measure, values: dict[tuple[str, ...], float]) -> None:
        """A gauge is this now; of what is not named there is nothing."""
        ...
