"""Azure Blob Storage, for sendoff."""

from __future__ import annotations

from sendoff_azure_blob.settings import Settings
from sendoff_azure_blob.transport import AzureBlobTransport

__all__ = ["AzureBlobTransport", "Settings"]
