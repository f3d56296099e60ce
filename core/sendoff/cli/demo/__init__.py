"""``sendoff demo``: a file, a receiver, a host that is killed, and what was seen."""
