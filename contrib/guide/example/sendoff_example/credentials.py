"""``example:NAME``: a credential is a file of its own in a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from sendoff import Credential, CredentialNeeded, CredentialStore, InvalidArgument, Secret


class ExampleCredentials(CredentialStore):
    """Reads the file that is called like the credential, anew at each use."""

    class Settings(BaseModel):
        """folder: with the files; a relative one lies beside the configuration file. username: with it, each is its password; without, a token."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        folder: Path = Path("secrets")
        username: str = ""

    settings: Settings

    def get(self, name: str, *, environment: Mapping[str, str], refused: Credential | None = None) -> Credential:  # noqa: ARG002 of the submitter
        """What the file holds now. Errors: ``CredentialNeeded`` with what to do, ``InvalidArgument`` for what names no file."""
        path = self._folder / _checked(name)
        try:
            secret = Secret(path.read_text(encoding="utf-8").removesuffix("\n"))
        except (OSError, UnicodeDecodeError) as cause:
            message = f"example:{name}: {path} cannot be read: {type(cause).__name__}"
            raise CredentialNeeded(message, hint=f"write the secret into {path}") from None
        if refused is not None and refused.secret == secret:
            raise CredentialNeeded(f"example:{name}: the server refused it", hint=f"write the new secret into {path}")
        kind = "basic" if self.settings.username else "bearer"
        return Credential(kind=kind, username=self.settings.username, secret=secret)

    def usable(self) -> str | None:
        """None, or that there is no such folder."""
        return None if self._folder.is_dir() else f"there is no folder {self._folder}"

    @property
    def _folder(self) -> Path:
        return self.toolkit.folder / self.settings.folder


def _checked(name: str) -> str:
    if not name or not name.isprintable() or "/" in name or name.startswith("."):
        raise InvalidArgument(f"example:{name!r}: the name of a credential is that of a file in the folder")
    return name
