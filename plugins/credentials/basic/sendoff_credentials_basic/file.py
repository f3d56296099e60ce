"""``file:NAME``: a credential in a file that only its owner may read."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from sendoff import Credential, CredentialNeeded, CredentialStore, InvalidArgument, Secret, SendoffError, Writable

from sendoff_credentials_basic.private import private_text, rewritten
from sendoff_credentials_basic.section import with_section, without_section
from sendoff_credentials_basic.value import controlled, fault, whole

Answer = TypeVar("Answer")


class _Entry(BaseModel):
    """``[NAME]`` of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secret: SecretStr
    username: str = ""
    kind: Literal["basic", "bearer", "header", "key"] | None = None


class FileCredentials(CredentialStore, Writable):
    """``credentials.toml`` in the configuration folder, read anew at every use.

    A file that others may read, or that belongs to somebody else, is refused: it may be known to them, or written by them.
    """

    class Settings(BaseModel):
        """path: another file than ``credentials.toml``; a relative one is looked for in the configuration folder."""

        model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

        path: str | None = None

    settings: Settings

    def get(self, name: str, *, environment: Mapping[str, str], refused: Credential | None = None) -> Credential:  # noqa: ARG002 this store needs no environment
        """What the file says now. Errors: ``CredentialNeeded`` with what to do about the file, the entry or the refused value."""
        found = _credential(self.path, _checked(name), self._held())
        if refused is not None and (found.username, found.secret) == (refused.username, refused.secret):
            raise CredentialNeeded(f"file:{name}: the server refused it", hint=f"change [{name}] in {self.path}")
        return found

    def set(self, name: str, credential: Credential) -> None:
        """Write ``[name]``, whatever else stands in the file left as it is; a file is made where there is none, for its owner alone."""
        _checked(name)
        if credential.expires_at is not None:
            raise InvalidArgument(f"file:{name}: the file has no place for a time at which a credential expires", hint="keep it elsewhere, such as keyring:")
        if wrong := _fault(credential):
            raise InvalidArgument(f"file:{name}: its {wrong}", hint="it could not be sent")
        entry = {"username": credential.username, "secret": credential.secret.reveal(), "kind": credential.kind}
        self._write(name, lambda text: with_section(text, name, {key: value for key, value in entry.items() if value or key == "secret"}))
        if self.get(name, environment={}) != credential:
            raise CredentialNeeded(f"file:{name}: {self.path} does not hold what was written", hint="see who else writes that file")

    def remove(self, name: str) -> bool:
        """Take ``[name]`` out; whether it was there."""
        there = _checked(name) in self.names()
        if there:
            self._write(name, lambda text: without_section(text, name))
        return there

    def names(self) -> Iterator[str]:
        """Its sections; none where there is no file."""
        held = _read(self.path) or {}
        return iter(sorted(name for name, entry in held.items() if isinstance(entry, dict)))

    def usable(self) -> str | None:
        """None, or what is wrong with the file."""
        try:
            self._held()
        except CredentialNeeded as cause:
            return cause.message
        return None

    @property
    def path(self) -> Path:
        """The file; a relative one is looked for in the configuration folder."""
        return self.toolkit.folder / os.path.expanduser(self.settings.path or "credentials.toml")

    def _held(self) -> dict[str, Any]:
        held = _read(self.path)
        if held is None:
            hint = "write [NAME] with username = and secret = into it, and chmod 600 it"
            raise CredentialNeeded(f"the credentials file {self.path} does not exist", hint=hint)
        return held

    def _write(self, name: str, changed: Callable[[str], str]) -> None:
        try:
            _tried(self.path, "written", lambda: rewritten(self.path, changed))
        except InvalidArgument as cause:
            raise InvalidArgument(f"file:{name}: {self.path}: {cause.message}", hint=cause.hint) from cause


def _checked(name: str) -> str:
    if not name or controlled(name) or not whole(name):
        raise InvalidArgument(f"file:{name!r}: the name of a credential is text without control characters, and not empty")
    return name


def _read(path: Path) -> dict[str, Any] | None:
    """What it holds; None where there is none."""

    def held() -> dict[str, Any] | None:
        try:
            return tomllib.loads(private_text(path))
        except FileNotFoundError:
            return None

    return _tried(path, "read", held)


def _tried(path: Path, act: str, doing: Callable[[], Answer]) -> Answer:
    """What comes of it, or ``CredentialNeeded`` with what is wrong with the file."""
    try:
        return doing()
    except SendoffError:
        raise
    except OSError as cause:
        raise CredentialNeeded(f"the credentials file {path} cannot be {act}: {cause.strerror}", hint="see its folder") from cause
    except ValueError as cause:
        where = str(cause) if isinstance(cause, tomllib.TOMLDecodeError) else "it is not UTF-8 text"
        error = CredentialNeeded(f"the credentials file {path} is not TOML: {where}", hint="correct it")
    # outside the handler: a decoder's error holds the whole text
    raise error


def _credential(path: Path, name: str, entries: dict[str, Any]) -> Credential:
    if not isinstance(entries.get(name), dict):
        raise CredentialNeeded(f"there is no [{name}] in {path}", hint=f"add [{name}] with secret = to {path}")
    try:
        entry = _Entry(**entries[name])
    except ValidationError as cause:
        said = cause.errors(include_url=False, include_input=False)[0]
        error = CredentialNeeded(f"[{name}] in {path}: {'.'.join(map(str, said['loc']))}: {said['msg']}", hint="its keys are secret, username and kind")
    else:
        kind = entry.kind or ("basic" if entry.username else "bearer")
        found = Credential(kind=kind, username=entry.username, secret=Secret(entry.secret.get_secret_value()))
        if wrong := _fault(found):
            raise CredentialNeeded(f"[{name}] in {path}: its {wrong}", hint="it could not be sent; correct it there")
        return found
    # outside the handler: a validator's error holds the values
    raise error


def _fault(credential: Credential) -> str | None:
    """None, or what is wrong with which part of it."""
    if controlled(credential.username) or not whole(credential.username):
        return "username has a line break or another control character"
    wrong = fault(credential.kind, credential.secret.reveal())
    return f"secret {wrong}" if wrong else None
