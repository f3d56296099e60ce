"""``sendoff limit``: limits shown, changed, and written into the configuration."""
