"""Credentials in the key store of a login, for sendoff."""
