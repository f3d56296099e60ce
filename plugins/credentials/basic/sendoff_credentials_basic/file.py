"""``file:NAME``: a credential in a file that only its owner may read."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from sendoff import Credential, CredentialNeeded, CredentialStore, InvalidArgument, Secret

_LARGEST = 2**20


class _Entry(BaseModel):
    """``[NAME]`` of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secret: SecretStr
    username: str = ""
    kind: Literal["basic", "bearer", "header", "key"] | None = None


class FileCredentials(CredentialStore):
    """``credentials.toml`` in the configuration folder, read anew at every use.

    A file that others may read, or that belongs to somebody else, is refused: it may be known to them, or written by them.
    """

    class Settings(BaseModel):
        """path: another file than ``credentials.toml``."""

        model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

        path: str | None = None

    settings: Settings

    def get(self, name: str, *, environment: Mapping[str, str], refused: Credential | None = None) -> Credential:  # noqa: ARG002 this store needs no environment
        """What the file says now. Errors: ``CredentialNeeded`` with what to do about the file, the entry or the refused value."""
        found = _credential(self.path, _checked(name), _read(self.path))
        if refused is not None and (found.username, found.secret) == (refused.username, refused.secret):
            raise CredentialNeeded(f"file:{name}: the server refused it", hint=f"change [{name}] in {self.path}")
        return found

    def usable(self) -> str | None:
        """None, or what is wrong with the file."""
        try:
            _read(self.path)
        except CredentialNeeded as cause:
            return cause.message
        return None

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.settings.path) if self.settings.path else self.toolkit.folder / "credentials.toml"


def _checked(name: str) -> str:
    if not name or any(ord(char) < 32 or ord(char) == 127 for char in name):
        raise InvalidArgument(f"file:{name!r}: the name of a credential has no control characters and is not empty")
    return name


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_private_text(path))
    except FileNotFoundError as cause:
        hint = "write [NAME] with username = and secret = into it, and chmod 600 it"
        raise CredentialNeeded(f"the credentials file {path} does not exist", hint=hint) from cause
    except OSError as cause:
        raise CredentialNeeded(f"the credentials file {path} cannot be read: {cause.strerror}") from cause
    except ValueError as cause:
        where = str(cause) if isinstance(cause, tomllib.TOMLDecodeError) else "it is not UTF-8 text"
        error = CredentialNeeded(f"the credentials file {path} is not TOML: {where}", hint="correct it")
    # outside the handler: a decoder's error holds the whole text
    raise error


def _private_text(path: Path) -> str:
    """The checks look at the very file that is read, not at its name."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _check_private(path, os.fstat(descriptor))
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(_LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) > _LARGEST:
        raise CredentialNeeded(f"the credentials file {path} is larger than 1 MiB")
    return data.decode("utf-8")


def _check_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise CredentialNeeded(f"the credentials file {path} is not a regular file")
    if found.st_uid != os.geteuid():
        raise CredentialNeeded(f"the credentials file {path} belongs to user {found.st_uid}, not to user {os.geteuid()}", hint="use a file of your own")
    if found.st_mode & 0o077:
        hint = f"chmod 600 '{path}'"
        raise CredentialNeeded(f"others may read or write the credentials file {path} (mode {stat.S_IMODE(found.st_mode):04o})", hint=hint)


def _credential(path: Path, name: str, entries: dict[str, Any]) -> Credential:
    if not isinstance(entries.get(name), dict):
        raise CredentialNeeded(f"there is no [{name}] in {path}", hint=f"add [{name}] with secret = to {path}")
    try:
        entry = _Entry(**entries[name])
    except ValidationError as cause:
        fault = cause.errors(include_url=False, include_input=False)[0]
        error = CredentialNeeded(f"[{name}] in {path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}", hint="its keys are secret, username and kind")
    else:
        kind = entry.kind or ("basic" if entry.username else "bearer")
        return Credential(kind=kind, username=entry.username, secret=Secret(entry.secret.get_secret_value()))
    # outside the handler: a validator's error holds the values
    raise error
