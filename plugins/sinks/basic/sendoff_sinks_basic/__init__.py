"""Notices to a log, a command or a status file, for sendoff."""
