"""The journal of sendoff in a PostgreSQL database."""

from sendoff_postgres.settings import PostgresSettings
from sendoff_postgres.store import PostgresStore

__all__ = ["PostgresSettings", "PostgresStore"]
