"""Proving who we are: keys, certificates, the agent, passwords, questions."""

from __future__ import annotations

import getpass
import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sendoff import Credential, CredentialNeeded, TransportToolkit

from sendoff_sftp.route import Hop
from sendoff_sftp.settings import Settings
from sendoff_sftp.watch import Watch

if TYPE_CHECKING:
    from paramiko import PKey

    from sendoff_sftp.private import Client

_USUAL = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
Prompts = list[tuple[str, bool]]


class Login:
    """Logs in to one host. own: the server itself, for which the destination's credential counts; hosts in between get keys only."""

    def __init__(self, transport: Client, hop: Hop, settings: Settings, toolkit: TransportToolkit, watch: Watch, *, own: bool) -> None:
        self._transport, self._hop, self._settings, self._toolkit, self._watch, self._own = transport, hop, settings, toolkit, watch, own
        self._unusable: list[str] = []
        self._tried: list[str] = []
        self._half = False  # a proof was taken, and is not enough
        self._passphrase: str | None = None

    def run(self) -> None:
        """Returns once the server has let us in. ``CredentialNeeded`` says what was tried. A refused credential is asked for anew, once.

        ``SSHException`` where the server neither let us in nor refused: silence is nothing that a person can cure.
        """
        credential = self._toolkit.credential() if self._own else None
        if self._with(credential):
            return
        if credential is not None and self._transport.is_active():
            newer = self._newer(credential)
            if newer is not None and newer != credential and self._with_credential(self._user(newer), newer, frozenset()):
                return
        raise self._refused(credential)

    def _newer(self, refused: Credential) -> Credential | None:
        """Another than the refused one, or whoever keeps it says that it has none: then all that go there wait, or each would have it refused once more."""
        try:
            return self._toolkit.credential(refused=refused)
        except CredentialNeeded as error:
            known = self._refused(refused)
            raise CredentialNeeded(f"{known.message}; {error.message}", hint=error.hint or known.hint, everybody=True) from error

    def _user(self, credential: Credential | None) -> str:
        return self._hop.user or (credential.username if credential and credential.username else "") or getpass.getuser()

    def _with(self, credential: Credential | None) -> bool:
        user = self._user(credential)
        allowed = self._allowed(user)
        if allowed is None:
            return True
        named = bool(self._hop.identity_files)  # what somebody has named goes before what happens to lie here: a server counts refusals
        if not named and credential is not None and self._with_credential(user, credential, allowed):
            return True
        if self._with_keys(user, credential, allowed):
            return True
        return credential is not None and (named or self._half) and self._with_credential(user, credential, frozenset() if self._half else allowed)

    def _with_keys(self, user: str, credential: Credential | None, allowed: frozenset[str]) -> bool:
        keys = self._keys(credential) if "publickey" in allowed else iter(())
        return any(self._try(name, lambda key=key: self._transport.auth_publickey(user, key)) for name, key in keys)  # type: ignore[misc]

    def _allowed(self, user: str) -> frozenset[str] | None:
        """The ways in that the server has; None = it wants no proof (RFC 4252 section 5.2)."""
        from paramiko import AuthenticationException, BadAuthenticationType, SSHException

        from sendoff_sftp.private import Unanswered

        try:
            self._transport.auth_none(user)
        except BadAuthenticationType as said:
            return frozenset(said.allowed_types)
        except Unanswered:
            raise
        except (AuthenticationException, SSHException, OSError, EOFError):
            self._check()
            return frozenset({"publickey", "password", "keyboard-interactive"})
        return None

    def _with_credential(self, user: str, credential: Credential, allowed: frozenset[str]) -> bool:
        """With what the destination's credential holds."""
        secret = credential.secret.reveal()
        if credential.kind == "key":
            return False  # among the keys
        if not allowed or "password" in allowed:
            if self._try("password", lambda: self._transport.auth_password(user, secret, fallback=False)):
                return True
            if allowed and self._transport.is_active() and not self._half:
                return False  # the same word as an answer would be refused once more, and counted against us
        if allowed and "keyboard-interactive" not in allowed:
            return False
        return self._try("questions", lambda: self._transport.auth_interactive(user, _answering(secret)))

    def _try(self, name: str, attempt: Callable[[], list[str]]) -> bool:
        """Whether we are in; a proof that is taken but not enough is not."""
        from paramiko import AuthenticationException, SSHException

        from sendoff_sftp.private import Unanswered

        if not self._transport.is_active():
            return False
        self._tried.append(name)
        try:
            self._half = bool(attempt())
        except Unanswered:
            raise
        except AuthenticationException:
            self._check()
        except (SSHException, OSError, EOFError) as cause:
            self._check()
            if not self._transport.is_active():
                return False
            self._unusable.append(f"{name}: {type(cause).__name__}")
        return bool(self._transport.is_authenticated())

    def _check(self) -> None:
        """What is not the server's answer but the end of the connection by our own hand."""
        if self._watch.stopped:
            self._watch.check()

    # -- keys

    def _keys(self, credential: Credential | None) -> Iterator[tuple[str, PKey]]:
        """The keys to offer, named for people: the credential's, those of files, the agent's."""
        if credential is not None and credential.kind == "key":
            yield from self._given(credential)
        for name in self._hop.identity_files or (() if self._hop.only else _USUAL):
            yield from self._from_file(name, asked=bool(self._hop.identity_files))
        if self._settings.agent:
            yield from self._from_agent(self._toolkit.environment)

    def _given(self, credential: Credential) -> Iterator[tuple[str, PKey]]:
        """A private key that is itself the credential, as text."""
        key = self._loaded(credential.secret.reveal(), "the credential's key")
        if key is not None:
            yield "the credential's key", key

    def _from_file(self, name: str, *, asked: bool) -> Iterator[tuple[str, PKey]]:
        from paramiko import SSHException

        path = Path(os.path.expanduser(name))
        if not path.is_file():
            if asked:
                self._unusable.append(f"{path} is not there")
            return
        try:
            text = path.read_text("utf-8", errors="replace")
        except OSError as cause:
            self._unusable.append(f"{path} cannot be read ({cause.strerror})")
            return
        key = self._loaded(text, str(path))
        if key is None:
            return
        certificate = path.with_name(path.name + "-cert.pub")
        if certificate.is_file():
            with suppress(SSHException, ValueError, OSError):
                key.load_certificate(str(certificate))
                yield str(certificate), key
                key.public_blob = None
        yield str(path), key

    def _loaded(self, text: str, name: str) -> PKey | None:
        """A private key from its text; None where it is of no use, which is said in the end."""
        from paramiko import ECDSAKey, Ed25519Key, PasswordRequiredException, RSAKey, SSHException

        for kind in (Ed25519Key, ECDSAKey, RSAKey):
            try:
                return kind.from_private_key(io.StringIO(text), None)
            except PasswordRequiredException:
                return self._unlocked(kind, text, name)
            except (SSHException, ValueError, TypeError, UnicodeError, IndexError):
                continue
        self._unusable.append(f"{name} is no private key that can be read")
        return None

    def _unlocked(self, first: type[PKey], text: str, name: str) -> PKey | None:
        """An encrypted private key."""
        from paramiko import ECDSAKey, Ed25519Key, RSAKey, SSHException

        word = self._asked_passphrase()
        if word is None:
            self._unusable.append(f"{name} needs a passphrase; name it with passphrase_credential")
            return None
        for kind in dict.fromkeys((first, Ed25519Key, ECDSAKey, RSAKey)):
            with suppress(SSHException, ValueError, TypeError, UnicodeError, IndexError):
                return kind.from_private_key(io.StringIO(text), word)
        self._unusable.append(f"{name} does not open with its passphrase")
        return None

    def _asked_passphrase(self) -> str | None:
        """What opens encrypted keys; asked for once and only where one is met."""
        if self._passphrase is None and self._settings.passphrase_credential:
            found = self._toolkit.credential("passphrase")
            self._passphrase = found.secret.reveal() if found else None
        return self._passphrase

    def _from_agent(self, environment: Mapping[str, str]) -> Iterator[tuple[str, PKey]]:
        """The keys of the submitter's agent; where only certain keys count, those of them that it holds."""
        from sendoff_sftp.private import agent_at

        socket_path = environment.get("SSH_AUTH_SOCK")
        if not socket_path:
            return
        with agent_at(socket_path) as agent:
            if agent is None:
                self._unusable.append("the agent does not answer")
                return
            wanted = {_public(name) for name in self._hop.identity_files} if self._hop.only else None
            for key in agent.get_keys():
                if wanted is None or key.asbytes() in wanted:
                    yield "the agent's key", key

    # -- refusals

    def _refused(self, credential: Credential | None) -> CredentialNeeded:
        tried = f"tried: {', '.join(dict.fromkeys(self._tried))}" if self._tried else "nothing was tried: there is neither a key nor a password"
        said = [f"it said: {self._transport.farewell}"] if self._transport.farewell else []
        more = "".join(f"; {one}" for one in (*self._unusable, *said))
        text = f"{self._watch.where}: {self._hop.name} refused the login of {self._user(credential)!r} ({tried}{more})"
        hint = "put a key into ~/.ssh or into the agent, name one with identity_file, or name a password with --credential env:NAME"
        return CredentialNeeded(text, hint=hint, everybody=True)


def _answering(secret: str) -> Callable[[str, str, Prompts], list[str]]:
    """Answers a server's questions: the password to whatever is not to be shown while it is typed (RFC 4256)."""

    def answer(_title: str, _instructions: str, prompts: Prompts) -> list[str]:
        return ["" if echo else secret for _, echo in prompts]

    return answer


def _public(name: str) -> bytes:
    """The public half that lies beside a private key."""
    from paramiko.pkey import PublicBlob

    with suppress(OSError, ValueError):
        blob: bytes = PublicBlob.from_file(os.path.expanduser(name) + ("" if name.endswith(".pub") else ".pub")).key_blob
        return blob
    return b""
