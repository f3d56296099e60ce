"""What git's credential helpers understand: lines of ``key=value`` (git-credential(1), "Input/Output Format")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sendoff import Credential, CredentialNeeded, InvalidArgument, Secret

from sendoff_credentials_basic.address import Address
from sendoff_credentials_basic.value import controlled, whole

_PUBLIC = frozenset({"protocol", "host", "path", "username", "authtype", "capability[]", "password_expiry_utc", "quit"})
_LONGEST_WORD = 40


def question(address: Address, username: str, *, use_http_path: bool) -> dict[str, str]:
    """Which credential is meant. Of a web address git leaves out the path, unless it is told to use it (gitcredentials(7), "useHttpPath")."""
    path = address.path if use_http_path or address.protocol not in ("http", "https") else ""
    asked = {"protocol": address.protocol, "host": address.host, "path": path, "username": username or address.username}
    return {key: value for key, value in asked.items() if value}


def message(described: Mapping[str, str]) -> bytes:
    """The lines, and the empty one that ends them. A line break in a value would be a further line (CVE-2020-5260, CVE-2024-52006): refused."""
    for key, value in described.items():
        if controlled(value):
            raise InvalidArgument(f"{key}: a control character cannot be told to a credential helper")
        if not whole(value):
            raise InvalidArgument(f"{key}: what is not text cannot be told to a credential helper")
    return "".join(f"{key}={value}\n" for key, value in described.items()).encode() + b"\n"


def described(credential: Credential) -> dict[str, str]:
    """A credential as its lines say it: for ``store``, and for ``erase``, which takes away no newer one."""
    lines = {"username": credential.username} if credential.username else {}
    lines["password"] = credential.secret.reveal()
    if credential.expires_at is not None:
        lines["password_expiry_utc"] = str(credential.expires_at // 1_000_000)
    return lines


def answer(text: bytes, what: str, who: str) -> Credential | None:
    """What a helper says; None where it knows nothing. Errors: ``CredentialNeeded`` for what is not such lines."""
    said = _lines(text, what, who)
    if said.get("quit") in ("1", "true"):
        raise CredentialNeeded(f"{what}: {who} has decided that nobody is asked further", hint="give it the credential")
    bearer, password = said.get("credential", ""), said.get("password", "")
    if not bearer and not password:
        return None
    expires = said.get("password_expiry_utc", "")
    if expires and not (expires.isascii() and expires.isdigit() and len(expires) < 15):
        raise CredentialNeeded(f"{what}: {who} says a password_expiry_utc that is no number of seconds", hint="correct the helper")
    if bearer and said.get("authtype", "").lower() not in ("bearer", ""):
        raise CredentialNeeded(
            f"{what}: {who} answers with authtype {said['authtype'][:_LONGEST_WORD]!r}; sendoff knows a password and Bearer", hint="let it give one of those"
        )
    kind = "bearer" if bearer or not said.get("username") else "basic"
    return Credential(
        kind=kind, username=said.get("username", ""), secret=Secret(bearer or password),
        expires_at=int(expires) * 1_000_000 if expires else None,
    )  # fmt: skip


def _lines(text: bytes, what: str, who: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.decode("utf-8", "surrogateescape").split("\n"):
        if not line:
            break
        key, equals, value = line.partition("=")
        if not equals or controlled(value) or not value.isprintable():
            raise CredentialNeeded(f"{what}: what {who} says is not lines of key=value without control characters", hint="correct the helper")
        found[key] = value
    return found


def secrets(text: bytes) -> Iterator[str]:
    """What in such lines is to be shown to nobody: passwords, alone and as a header has them, and whatever is not known to be harmless."""
    lines = text.decode("utf-8", "replace").splitlines()
    users = [line.removeprefix("username=") for line in lines if line.startswith("username=")]
    for line in lines:
        key, _, value = line.partition("=")
        if key not in _PUBLIC:
            yield from (line, value, *(f"{user}:{value}" for user in users if value))
