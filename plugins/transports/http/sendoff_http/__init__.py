"""HTTP PUT and POST for sendoff."""
