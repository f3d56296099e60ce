"""``sendoff put``: from words to files, from files to requests, from requests to ids."""
