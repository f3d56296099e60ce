"""Amazon S3 and what speaks like it, for sendoff."""

from __future__ import annotations

from sendoff_s3.settings import Settings
from sendoff_s3.transport import S3Transport

__all__ = ["S3Transport", "Settings"]
