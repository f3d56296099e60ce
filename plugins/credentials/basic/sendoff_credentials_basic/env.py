"""``env:NAME``: a credential in the environment of whoever submitted the upload."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict
from sendoff import Credential, CredentialNeeded, CredentialStore, InvalidArgument, Secret


class EnvCredentials(CredentialStore):
    """``NAME`` is a bearer token; ``NAME_USERNAME`` and ``NAME_PASSWORD`` are a login. ``NAME`` alone is asked first.

    It reads the environment it is handed, the submitter's, never that of its own process.
    """

    class Settings(BaseModel):
        """variable: the variable to read instead of the one that the reference names. username: with it, the variable is its password."""

        model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

        variable: str | None = None
        username: str = ""

    settings: Settings

    def get(self, name: str, *, environment: Mapping[str, str], refused: Credential | None = None) -> Credential:
        """What the variables say now. Errors: ``CredentialNeeded`` when there is none, or only the refused one."""
        variable = _checked(self.settings.variable or name)
        found = self._found(variable, environment)
        if found is None:
            raise CredentialNeeded(f"env:{name}: neither {variable} nor {variable}_USERNAME and {variable}_PASSWORD is set", hint=_how_to_go_on(variable))
        if refused is not None and (found.username, found.secret) == (refused.username, refused.secret):
            raise CredentialNeeded(f"env:{name}: the server refused the value of {variable}", hint=_how_to_go_on(variable))
        return found

    def variables(self, name: str) -> tuple[str, ...]:
        """What ``get`` asks for."""
        variable = _checked(self.settings.variable or name)
        return (variable, f"{variable}_USERNAME", f"{variable}_PASSWORD")

    def _found(self, variable: str, environment: Mapping[str, str]) -> Credential | None:
        alone = environment.get(variable)
        if alone and self.settings.username:
            return Credential(kind="basic", username=self.settings.username, secret=_secret(variable, alone))
        if alone:
            return Credential(kind="bearer", secret=_secret(variable, alone))
        username, password = environment.get(f"{variable}_USERNAME"), environment.get(f"{variable}_PASSWORD")
        if username and password:
            return Credential(kind="basic", username=username, secret=_secret(f"{variable}_PASSWORD", password))
        return None


def _checked(variable: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
        raise InvalidArgument(f"env:{variable!r}: the name of a variable is letters, digits and _, and does not begin with a digit")
    return variable


def _secret(variable: str, value: str) -> Secret:
    """Line breaks would end a header early (RFC 9110 section 5.5)."""
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise CredentialNeeded(f"the value of {variable} contains a line break or another control character", hint=_how_to_go_on(variable))
    return Secret(value)


def _how_to_go_on(variable: str) -> str:
    return f"set {variable}, or {variable}_USERNAME and {variable}_PASSWORD"
