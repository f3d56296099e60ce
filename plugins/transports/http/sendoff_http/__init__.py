"""HTTP PUT and POST for sendoff."""

from __future__ import annotations

from sendoff_http.settings import Settings
from sendoff_http.transport import HttpTransport

__all__ = ["HttpTransport", "Settings"]
