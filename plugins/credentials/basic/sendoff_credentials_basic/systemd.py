"""``systemd:NAME``: a credential that the service manager hands to a unit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from sendoff import Credential, CredentialNeeded, CredentialStore, InvalidArgument, Secret

from sendoff_credentials_basic.value import controlled

DIRECTORY = "CREDENTIALS_DIRECTORY"
_LARGEST = 2**20  # systemd gives a unit no more in all (systemd.exec(5), "Credentials")


class SystemdCredentials(CredentialStore):
    """A file of ``$CREDENTIALS_DIRECTORY``, as ``LoadCredential=``, ``LoadCredentialEncrypted=`` or ``SetCredential=`` of a unit make it.

    An upload that was submitted in a unit with credentials of its own is answered from those, and from no others; else those of the host's unit are asked.
    """

    class Settings(BaseModel):
        """username: with it, the file holds its password. file: another name than the one that the reference names."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        username: str = ""
        file: str | None = None

    settings: Settings

    def get(self, name: str, *, environment: Mapping[str, str], refused: Credential | None = None) -> Credential:
        """What the file holds now, without a line break at its end. Errors: ``CredentialNeeded`` with what to write into the unit."""
        file = _checked(self.settings.file or name)
        hint = f"add LoadCredential={file}:/PATH/OF/A/FILE to the unit, and start it anew"
        try:
            folder = _folder(environment)
        except ValueError as cause:
            raise CredentialNeeded(f"systemd:{name}: {cause}", hint=hint) from None
        secret = _read(folder / file, name, hint)
        if refused is not None and (self.settings.username, secret) == (refused.username, refused.secret.reveal()):
            raise CredentialNeeded(f"systemd:{name}: the server refused it", hint=f"change what the unit loads as {file}, and start it anew")
        return Credential(kind="basic" if self.settings.username else "bearer", username=self.settings.username, secret=Secret(secret))

    def variables(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 the same for all
        """The submitter's unit."""
        return (DIRECTORY,)

    def usable(self) -> str | None:
        """None, or that there is no unit."""
        try:
            _folder({})
        except ValueError as cause:
            return str(cause)
        return None


def _folder(environment: Mapping[str, str]) -> Path:
    """That of the submitter's unit, else of the host's; an empty variable is none. Errors: ``ValueError``."""
    whom = "the unit of this upload" if environment.get(DIRECTORY) else "the host"
    folder = environment.get(DIRECTORY) or os.environ.get(DIRECTORY)
    if not folder:
        raise ValueError(f"no service manager has handed credentials to {whom}: it is no unit, or {DIRECTORY} is not set")
    if not os.path.isabs(folder):
        raise ValueError(f"{DIRECTORY} of {whom} is {folder!r}, which is no absolute path")
    return Path(folder)


def _checked(name: str) -> str:
    """As systemd names them: a file's name (systemd.exec(5), "LoadCredential")."""
    if not name or name in (".", "..") or "/" in name or len(name) > 255 or any(ord(char) < 33 or ord(char) > 126 for char in name):
        raise InvalidArgument(f"systemd:{name!r}: the name of a credential is that of a file: letters, digits and signs, no slash, no blank")
    return name


def _read(path: Path, name: str, hint: str) -> str:
    try:
        with open(path, "rb", opener=lambda file, flags: os.open(file, flags | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)) as file:
            data = file.read(_LARGEST + 1)
        text = data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as cause:
        raise CredentialNeeded(f"systemd:{name}: {path} cannot be read: {cause.strerror}", hint=hint) from cause
    except UnicodeDecodeError:
        text = "\0"
    if not text or controlled(text):
        wrong = "is empty" if not text else "is not one line of text"
        raise CredentialNeeded(f"systemd:{name}: {path} {wrong}", hint=hint)
    return text
