"""What a ``[transports.sftp]`` section and a destination's own keys may say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sendoff import InvalidArgument, seconds


def _length_of_time(given: Any) -> Any:
    try:
        return seconds(given)
    except InvalidArgument as cause:
        raise ValueError(str(cause)) from cause


def _several(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


def _mode(given: Any) -> Any:
    """``"640"`` and ``"keep"``; a bare number in TOML is decimal and nearly always meant otherwise."""
    if given == "keep":
        return None
    if isinstance(given, str) and given.strip("01234567") == "" and 3 <= len(given) <= 4:
        return int(given, 8)
    raise ValueError('write it as text in octal, such as "640", or "keep" for that of the file')


Seconds = Annotated[float, BeforeValidator(_length_of_time), Field(gt=0)]
Paths = Annotated[tuple[str, ...], BeforeValidator(_several)]


class Settings(BaseModel):
    """Settings of the SFTP transport; what is left out is as ``~/.ssh/config`` says, then as ``[retry]`` does.

    identity_file: private keys to log in with, a certificate beside each as ``-cert.pub``. agent: whether the submitter's agent (``SSH_AUTH_SOCK``) is
    asked. passphrase_credential: opens encrypted private keys. ssh_config: the file to heed; ``none`` heeds none. proxy_command: whether one that
    stands there may be run. proxy_jump: hosts to go through, ``[user@]host[:port]`` with commas between them; ``none`` goes straight.
    host_keys: files of known hosts, read and never written. accept_new: take the key of a host never seen before without asking anybody.
    make_folders: those that are missing: ``below`` the destination's own folder, ``all``, ``none``. mode: of the finished file.
    replace_by_remove: where the server cannot replace a file in one step, remove the old one first; for a moment neither is there.
    digest_command: one that prints the SHA-256 of the file named after it, run at the server for ``--verify digest``: ``sha256sum``.
    connect_timeout: until the connection stands. banner_timeout, auth_timeout, channel_timeout: the server's greeting, the login, a session in it.
    stall_timeout: without a sign of life while an answer is due. keepalive: between two questions to an idle server; 0 asks none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    identity_file: Paths = ()
    agent: bool = True
    passphrase_credential: str | None = None
    ssh_config: str = "~/.ssh/config"
    proxy_command: bool = False
    proxy_jump: str | None = None
    host_keys: Paths = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts")
    accept_new: bool = False
    make_folders: Literal["below", "all", "none"] = "below"
    mode: Annotated[int | None, BeforeValidator(_mode)] = None
    replace_by_remove: bool = False
    digest_command: str | None = None
    connect_timeout: Seconds | None = None
    banner_timeout: Seconds = 30.0
    auth_timeout: Seconds = 30.0
    channel_timeout: Seconds = 30.0
    stall_timeout: Seconds | None = None
    keepalive: Annotated[float, BeforeValidator(_length_of_time), Field(ge=0)] = 30.0
