"""SFTP for sendoff."""

from __future__ import annotations

from sendoff_sftp.settings import Settings
from sendoff_sftp.transport import SftpTransport

__all__ = ["Settings", "SftpTransport"]
