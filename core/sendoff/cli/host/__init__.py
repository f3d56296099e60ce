"""``sendoff host``: the background process, started, looked at, installed, rescued."""
