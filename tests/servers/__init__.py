"""Real servers that the tests start on loopback, and a proxy that counts what passes; each ends with its block."""
