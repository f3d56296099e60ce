"""How anyone talks to the work: seven verbs."""
