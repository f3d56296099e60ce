"""Files of known hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): read leniently, never written."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HostKey:
    """A server's key: its type and its bytes (RFC 4253 section 6.6)."""

    kind: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """As OpenSSH shows it."""
        return "SHA256:" + b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    @property
    def text(self) -> str:
        """As it stands in files of known hosts."""
        return f"{self.kind} {b64encode(self.blob).decode()}"

    @classmethod
    def parse(cls, kind: str, encoded: str) -> HostKey | None:
        """None for what is no key of this kind: its bytes begin with its type."""
        try:
            blob = b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return None
        name = kind.encode("ascii", "replace")
        return cls(kind, blob) if blob[:4] == len(name).to_bytes(4, "big") and blob[4 : 4 + len(name)] == name else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. marker: ``@revoked``, ``@cert-authority`` or empty. where: file and line, for people."""

    marker: str
    hosts: str
    key: HostKey
    where: str

    def names(self, host: str) -> bool:
        """Whether the line is about this host, written as ``name_of`` writes it."""
        if self.hosts.startswith("|1|"):
            return _hashed(self.hosts, host)
        patterns = [pattern.lower() for pattern in self.hosts.split(",") if pattern]
        if any(_matches(host, pattern[1:]) for pattern in patterns if pattern.startswith("!")):
            return False
        return any(_matches(host, pattern) for pattern in patterns if not pattern.startswith("!"))


def name_of(host: str, port: int) -> str:
    """A host as such files name it."""
    return host.lower() if port == 22 else f"[{host.lower()}]:{port}"


def _matches(host: str, pattern: str) -> bool:
    return fnmatchcase(host, pattern.replace("[", "[[]"))  # only * and ? are wildcards there


def _hashed(hosts: str, host: str) -> bool:
    try:
        salt, found = (b64decode(piece, validate=True) for piece in hosts[3:].split("|"))
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, host.encode(), hashlib.sha1).digest(), found)


def entries_of(text: str, where: str) -> Iterator[Entry]:
    """The lines that can be understood; comments, blanks, keys of the first protocol and damage are passed over, as OpenSSH does."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0) if words[0].startswith("@") else ""
        if marker not in ("", "@revoked", "@cert-authority") or len(words) < 3:
            continue
        key = HostKey.parse(words[1], words[2])
        if key is not None:
            yield Entry(marker, words[0], key, f"{where}, line {number}")


def read(files: Iterable[str]) -> list[Entry]:
    """All entries of these files; those that are not there or cannot be read say nothing."""
    found: list[Entry] = []
    for name in files:
        path = Path(name).expanduser()
        try:
            text = path.read_text("utf-8", errors="replace")
        except OSError:
            continue
        found += entries_of(text, str(path))
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a key that a host shows.

    word: ``known``, ``unknown``, ``changed``, ``revoked`` or ``certified`` (only an authority is known, which is not asked here). where: the line that says so.
    """

    word: str
    where: str | None = None


def standing(key: HostKey, host: str, entries: Iterable[Entry]) -> Standing:
    """What the entries say of this key of this host. A key that is refused anywhere is refused; other keys of the host make it a changed one."""
    about = [entry for entry in entries if entry.names(host)]
    revoked = next((entry for entry in about if entry.marker == "@revoked" and entry.key == key), None)
    if revoked:
        return Standing("revoked", revoked.where)
    plain = [entry for entry in about if not entry.marker]
    same = next((entry for entry in plain if entry.key == key), None)
    if same:
        return Standing("known", same.where)
    if plain:
        return Standing("changed", (next((one for one in plain if one.key.kind == key.kind), plain[0])).where)
    certified = next((entry for entry in about if entry.marker == "@cert-authority"), None)
    return Standing("certified", certified.where) if certified else Standing("unknown")


def kinds_known(host: str, entries: Iterable[Entry]) -> list[str]:
    """The types of the keys known of a host: these are what it is asked for first."""
    return list(dict.fromkeys(entry.key.kind for entry in entries if not entry.marker and entry.names(host)))
