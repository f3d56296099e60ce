"""The nouns: frozen values of the standard library, with no input or output."""
