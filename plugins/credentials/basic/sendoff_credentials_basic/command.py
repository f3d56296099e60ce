"""``use = "command"``: a program that knows the credential."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from sendoff import Credential, CredentialNeeded, CredentialStore, InvalidArgument, Secret, Writable, seconds

from sendoff_credentials_basic import git
from sendoff_credentials_basic.address import address_of
from sendoff_credentials_basic.program import Program, Said
from sendoff_credentials_basic.surroundings import WHOSE
from sendoff_credentials_basic.value import controlled

_TO_END_IT = 5.0  # seconds
Seconds = Annotated[float, BeforeValidator(lambda value: seconds(value) if isinstance(value, str) else value), Field(gt=0, allow_inf_nan=False)]


def _checked_url(url: str) -> str:
    if url:
        address_of(url)
    return url


class CommandCredentials(CredentialStore, Writable):
    """Starts a program without a shell, at each use; the folder is ``/``.

    ``protocol = "token"``: one line on its standard output is the credential. ``protocol = "git"``: a credential helper of git's (gitcredentials(7)), asked
    with ``get`` for ``url``; what a server has refused is told to it with ``erase``, and ``sendoff credentials set`` tells it with ``store``.

    Its environment holds ``PATH LANG LC_ALL TZ TMPDIR`` of the host; of the submitter what says whose store is read (``HOME USER LOGNAME XDG_CONFIG_HOME
    XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS``), the rest of the identity (``AWS_*``, ``SSH_AUTH_SOCK``, ``SSL_CERT_*``, proxies) and ``variables``; and the
    name of the credential as ``SENDOFF_CREDENTIAL``.
    """

    class Settings(BaseModel):
        """argv: the program and its arguments, each as it is. url: of what a helper of git's is asked for; use_http_path: with the path of a web address.
        username: with it, a token is its password, and a helper is asked for its password. variables: further variables of the submitter's that the program
        reads. timeout: seconds, for all that is asked in one use."""

        model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

        argv: tuple[str, ...] = ()
        protocol: Literal["token", "git"] = "token"
        url: Annotated[str, AfterValidator(_checked_url)] = ""
        use_http_path: bool = False
        username: str = ""
        variables: tuple[str, ...] = ()
        timeout: Seconds = 20.0

        @model_validator(mode="after")
        def one_user(self) -> Self:
            """``url`` may name the user, too, and no other."""
            named = address_of(self.url).username if self.url else ""
            if named and self.username and named != self.username:
                raise ValueError(f"there are two users, {named!r} in url and {self.username!r} in username; name one")
            return self

    settings: Settings

    def get(self, name: str, *, environment: Mapping[str, str], refused: Credential | None = None) -> Credential:
        """What the program says now; one that a helper of git's has given and a server has refused is erased there, then it is asked anew.

        Errors: ``CredentialNeeded``.
        """
        program = self._program(name, environment)
        if self.settings.protocol == "git":
            return self._asked(program, refused, _how_to_go_on(name, program, environment))
        found = self._token(program)
        if refused is not None and (found.username, found.secret) == (refused.username, refused.secret):
            raise CredentialNeeded(f"{program.what}: the server refused what {program.argv[0]} gives", hint="see why it gives an old one")
        return found

    def variables(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 the same for all
        """Those that say whose store the program reads, and as the settings say."""
        return (*WHOSE, *self.settings.variables)

    def patience(self) -> float:
        """Its ``timeout``, and a little to end it."""
        return self.settings.timeout + _TO_END_IT

    def set(self, name: str, credential: Credential) -> None:
        """Tell a helper of git's to store it, and ask it back; as the user of this process, for there is no submitter."""
        program = self._program(name, None)
        if self.settings.protocol != "git":
            raise InvalidArgument(f"{program.what}: a program that prints a token cannot be told one", hint="change it where the program has it from")
        asked = self._question(program)
        user = credential.username or asked.get("username", "")
        if user != asked.get("username", user):
            raise InvalidArgument(f"{program.what}: it is asked for the password of {asked['username']}, not of {user}", hint="name the same user")
        _well(program, program.run("store", told=git.message({**asked, **git.described(credential)})), "store it")
        found = self._found(program, {**asked, **({"username": user} if user else {})})
        if found is None or found.secret != credential.secret:
            raise CredentialNeeded(
                f"{program.what}: {program.argv[0]} was told the credential and does not give it back", hint="see whether it can store anything"
            )

    def remove(self, name: str) -> bool:
        """Tell a helper of git's to erase it; whether it had one."""
        program = self._program(name, None)
        if self.settings.protocol != "git":
            raise InvalidArgument(
                f"{program.what}: a program that prints a token cannot be told to forget it", hint="take it away where the program has it from"
            )
        asked = self._question(program)
        if self._found(program, asked) is None:
            return False
        _well(program, program.run("erase", told=git.message(asked)), "erase it")
        return True

    def names(self) -> Iterator[str]:
        """A program cannot be asked for them."""
        return iter(())

    def _program(self, name: str, environment: Mapping[str, str] | None) -> Program:
        """Of one use, whose time begins now. environment: None where it is asked for no upload."""
        if not name or controlled(name):
            raise InvalidArgument(f"command:{name!r}: the name of a credential has no control characters and is not empty")
        if not self.settings.argv:
            raise CredentialNeeded(f"command:{name} is no program yet", hint=f'add [credentials.{name}] with use = "command" and argv = ["/PATH/OF/IT"]')
        secrets = git.secrets if self.settings.protocol == "git" else self._tokens
        return Program(self.settings.argv, name=name, timeout=self.settings.timeout, environment=environment, named=self.settings.variables, secrets=secrets)

    def _token(self, program: Program) -> Credential:
        said = _well(program, program.run(), "give a token")
        text = said.text.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
        wrong = "nothing" if not text else "more than one line of text" if not text.isprintable() else None
        if wrong is not None:
            message = f"{program.what}: {program.argv[0]} says {wrong} where one token is expected{_because(said)}"
            raise CredentialNeeded(message, hint="let it print the token alone")
        return Credential(kind="basic" if self.settings.username else "bearer", username=self.settings.username, secret=Secret(text))

    def _tokens(self, text: bytes) -> Iterator[str]:
        """What in its words is to be shown to nobody: each line, alone and as a header has it."""
        for line in text.decode("utf-8", "replace").splitlines():
            yield from (line, f"{self.settings.username}:{line}")

    def _asked(self, program: Program, refused: Credential | None, hint: str) -> Credential:
        asked = self._question(program)
        found = self._found(program, asked)
        if refused is not None and found is not None and _same(found, refused):  # not before: older helpers erase whatever password they have
            program.run("erase", told=git.message({**asked, **git.described(refused)}))
            found = self._found(program, asked)
        if found is not None and not (refused is not None and _same(found, refused)):
            return found
        why = "the server refused what it gives" if found is not None else f"{program.argv[0]} knows none for {asked['protocol']}://{asked['host']}"
        raise CredentialNeeded(f"{program.what}: {why}", hint=hint)

    def _question(self, program: Program) -> dict[str, str]:
        if not self.settings.url:
            raise CredentialNeeded(f"{program.what}: a helper of git's is asked by address", hint='add url = "https://server.example" to the section')
        return git.question(address_of(self.settings.url), self.settings.username, use_http_path=self.settings.use_http_path)

    @staticmethod
    def _found(program: Program, asked: Mapping[str, str]) -> Credential | None:
        said = _well(program, program.run("get", told=git.message(asked)), "be asked")
        return git.answer(said.text, program.what, program.argv[0])


def _same(one: Credential, other: Credential) -> bool:
    return (one.username, one.secret) == (other.username, other.secret)


def _well(program: Program, said: Said, aim: str) -> Said:
    """The same, if the program ended well."""
    if said.code == 0:
        return said
    how = f"was ended by signal {-said.code}" if said.code < 0 else f"ended with exit code {said.code}"
    raise CredentialNeeded(f"{program.what}: {program.argv[0]} cannot {aim}: it {how}{_because(said)}", hint="start it by hand to see what it lacks")


def _because(said: Said) -> str:
    return f" ({said.complaint})" if said.complaint else ""


def _how_to_go_on(name: str, program: Program, environment: Mapping[str, str]) -> str:
    """``sendoff credentials set`` tells the store of this process' user alone."""
    if environment.get("HOME") == os.environ.get("HOME"):
        return f"sendoff credentials set {name}"
    return f"tell {program.argv[0]} the login in the home of whoever submitted the upload, then: sendoff resume"
