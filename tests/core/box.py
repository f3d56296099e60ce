"""A key store in memory that can be locked, and can hang."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sendoff.errors import CredentialNeeded
from sendoff.model.secret import Credential, Secret
from sendoff.ports.credentials import CredentialStore, Writable


@dataclass
class Content:
    """What a box holds. shut: why it cannot be opened. held: whoever asks waits for it. asked: names, in order.

    before: told the name that is not there, before that is said. hangs: it is held, too, when it is asked whether it can be used.
    """

    kept: dict[str, Credential] = field(default_factory=dict)
    shut: str | None = None
    held: threading.Event | None = None
    asked: list[str] = field(default_factory=list)
    before: Callable[[str], None] | None = None
    hangs: bool = False


class Box(CredentialStore, Writable):
    """A key store in memory; its settings are its content."""

    def get(self, name, *, environment, refused=None):
        self.settings.asked.append(name)
        if self.settings.held is not None:
            assert self.settings.held.wait(60)
        if self.settings.shut or name not in self.settings.kept:
            if self.settings.before is not None:
                self.settings.before(name)
            raise CredentialNeeded(f"box:{name}: there is none", hint="put one in", absent=True)
        return self.settings.kept[name]

    def set(self, name, credential):
        self.settings.kept[name] = credential

    def remove(self, name):
        return self.settings.kept.pop(name, None) is not None

    def names(self):
        return iter(sorted(self.settings.kept))

    def usable(self):
        if self.settings.hangs:
            assert self.settings.held.wait(60)
        return self.settings.shut


def secret(text):
    return Credential(kind="bearer", secret=Secret(text))


def waits(owned, id):
    """The operation once it waits for a person; what is missing."""
    return owned.until(id, "paused_recoverable", reason="credential_needed")["error"]["message"]
