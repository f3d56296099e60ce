"""Notices by mail, chat and a hundred services, for sendoff."""
