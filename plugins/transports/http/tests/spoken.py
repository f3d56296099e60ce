"""What the tests of the protocols that resume have in common."""

from sendoff import Credential, Secret
from sendoff.testing.receiver import Answer, Rule

OLD, NEW = (Credential(kind="bearer", secret=Secret(word)) for word in ("old", "new"))
CHUNK = 100_000
SIZE = 250_000
PAGE = (("Content-Type", "text/html; charset=utf-8"),)


def methods(server):
    return [row.method for row in server.requests]


def offsets(server):
    return [int(row.header("Upload-Offset")) for row in server.requests if row.method == "PATCH"]


def told(**fields):
    """An answer in the words of tus."""
    return Answer(200, (("Tus-Resumable", "1.0.0"), *((name.replace("_", "-"), value) for name, value in fields.items())))


def answered(status, method, *, at=None, times=1, headers=(), body=b""):
    """The rule that a method is answered so."""
    return Rule(do=Answer(status, headers, body), method=method, at=at, times=times)


def named(words):
    """What a test's parameters are called."""
    return " ".join(f"{key}={value}" for key, value in words.items()) or "plain"
