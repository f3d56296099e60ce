"""Notices to an address of yours, for sendoff."""
