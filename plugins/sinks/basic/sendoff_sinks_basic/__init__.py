"""Notices to a log or a command, for sendoff."""
