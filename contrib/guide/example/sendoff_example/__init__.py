"""One driver of each small kind and a listener, to read and to begin with, for sendoff."""
