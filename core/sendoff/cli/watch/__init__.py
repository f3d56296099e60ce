"""``sendoff watch``: what is watched, how it moves, and how it is shown."""
