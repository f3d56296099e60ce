"""Credentials from the environment and private files, for sendoff."""
