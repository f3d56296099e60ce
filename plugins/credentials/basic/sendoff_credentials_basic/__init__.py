"""Credentials from the environment, private files, systemd and programs, for sendoff."""
