"""``sendoff post``: from words to the parts of a form, and to one request."""
