"""``sendoff new-plugin``: a distribution with a driver or listener that works, to begin one's own with."""
