"""Whether the host that answers is the host that is meant."""

from __future__ import annotations

from threading import Lock

from sendoff import HostKeyUnknown, Learned

from sendoff_sftp import known_hosts
from sendoff_sftp.known_hosts import Entry, HostKey, Standing
from sendoff_sftp.route import Hop
from sendoff_sftp.settings import Settings

BY_A_PERSON = "what was accepted with sendoff trust"


class HostKeys:
    """What is known of hosts: files that others write, and what a person accepted."""

    def __init__(self, settings: Settings, trusted: Learned) -> None:
        self._settings, self._trusted = settings, trusted
        self._lock = Lock()

    def entries(self, hop: Hop) -> list[Entry]:
        """Everything that may be about this host."""
        return [*known_hosts.read(hop.known_hosts), *self._accepted(hop.name)]

    def check(self, key: HostKey, hop: Hop, entries: list[Entry], asked: str) -> None:
        """Returns for a key that is known; ``HostKeyUnknown`` says what is wrong with any other. asked: the destination, for the command."""
        found = known_hosts.standing(key, hop.name, entries)
        if found.word == "unknown" and self._settings.accept_new:
            self.accept(key, hop)
        elif found.word != "known":
            raise refusal(key, hop, found, asked)

    def accept(self, key: HostKey, hop: Hop) -> None:
        """From now on it is known."""
        with self._lock:
            known = self._trusted.get(hop.name) or []
            if key.text not in known:
                self._trusted.put(hop.name, [*known, key.text])

    def forget(self, hop: Hop) -> bool:
        """What a person accepted of this host is known no more; whether there was anything."""
        with self._lock:
            found = bool(self._trusted.get(hop.name))
            self._trusted.forget(hop.name)
            return found

    def _accepted(self, name: str) -> list[Entry]:
        keys = [HostKey.parse(*text.split()) for text in self._trusted.get(name) or []]
        return [Entry("", name, key, BY_A_PERSON) for key in keys if key is not None]


def refusal(key: HostKey, hop: Hop, found: Standing, asked: str) -> HostKeyUnknown:
    """The error for a key that is not the host's, or of which nobody knows it."""
    shown = f"{key.kind} {key.fingerprint}"
    facts = {"host": hop.name, "fingerprint": key.fingerprint, "key_type": key.kind, "standing": found.word, "everybody": True}
    if found.word == "revoked":
        text, hint = f"the host key of {hop.name} ({shown}) is revoked by {found.where}; nothing was sent", "ask whoever runs the server for its new key"
    elif found.word == "changed":
        text = f"the host key of {hop.name} is {shown}, not the one known from {found.where}; somebody may be in between; nothing was sent"
        forget = f"sendoff trust {asked} --forget" if found.where == BY_A_PERSON else f"remove {found.where}"
        hint = f"if whoever runs the server says that its key was changed: {forget}"
    elif found.word == "certified":
        text = f"{hop.name} is vouched for by an authority in {found.where} (@cert-authority), which sendoff cannot ask; its key is {shown}; nothing was sent"
        hint = "compare it with what whoever runs the server says"
    else:
        text = f"the host key of {hop.name} is not known: {shown}; nothing was sent"
        hint = "compare it with what whoever runs the server says"
    return HostKeyUnknown(text, hint=hint, **facts)
