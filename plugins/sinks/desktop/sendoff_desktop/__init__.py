"""Notices as notifications of a desktop, for sendoff."""
