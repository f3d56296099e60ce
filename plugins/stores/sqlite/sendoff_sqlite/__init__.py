"""The SQLite journal of sendoff."""
