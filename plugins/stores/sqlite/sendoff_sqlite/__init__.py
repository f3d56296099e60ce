"""The SQLite journal of sendoff."""

from sendoff_sqlite.store import SqliteSettings, SqliteStore

__all__ = ["SqliteSettings", "SqliteStore"]
