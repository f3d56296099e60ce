"""Uploads to Nextcloud that resume, for sendoff."""

from __future__ import annotations

from sendoff_http_nextcloud.protocol import Nextcloud
from sendoff_http_nextcloud.settings import Settings

__all__ = ["Nextcloud", "Settings"]
