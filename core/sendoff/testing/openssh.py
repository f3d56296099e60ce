"""OpenSSH's own server on loopback, as whoever runs the test."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

HOW = "apt-get install openssh-server openssh-client"
_PATIENCE = 10.0
_STARTS = 3  # somebody else may take the port that was free a moment ago


class OpenSsh:
    """``sshd`` with keys of its own. lines: more of ``sshd_config``. authorized: whether ``user_key`` lets in. addresses: where it listens.
    keys: a folder where keys lie or are made, for several servers; None = they are its own.

    folder: everything is below it; files arrive in ``root``. host_key, user_key: private keys, ``.pub`` beside them. known_hosts: the line that knows it.

    Example::

        server = OpenSsh(tmp_path / "sshd")
        url = server.url("a.iso")
        ...
        assert (server.root / "a.iso").exists()
        server.close()
    """

    def __init__(
        self, folder: Path, *, lines: str = "", authorized: bool = True, addresses: Sequence[str] = ("127.0.0.1",), keys: Path | None = None
    ) -> None:  # fmt: skip
        self.folder, self.root, self._lines, self._addresses = folder, folder / "root", lines, addresses
        self.root.mkdir(parents=True)
        self.host_key, self.user_key = (_there(name) or made_key(name) for name in ((keys or folder) / "host", (keys or folder) / "user"))
        self.user, self.port = getpass.getuser(), 0
        (folder / "authorized").write_text(self.user_key.with_suffix(".pub").read_text() if authorized else "")
        self._process = self._started()
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(self.known_as("127.0.0.1", self.port))

    @staticmethod
    def missing() -> str | None:
        """None, or how to install what is missing."""
        return None if _program() and shutil.which("ssh-keygen") else HOW

    def known_as(self, host: str, port: int) -> str:
        """A line of ``known_hosts`` for this server behind another port."""
        return f"[{host}]:{port} {self.host_key.with_suffix('.pub').read_text()}"

    def url(self, path: str = "", *, port: int | None = None) -> str:
        """The address of a path below ``root``."""
        return f"sftp://{self.user}@127.0.0.1:{port or self.port}{self.root}/{path}"

    @property
    def log(self) -> str:
        """What it has logged."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self) -> None:
        """The end of it and of the sessions that it serves."""
        self._process.terminate()
        self._process.wait(_PATIENCE)

    def __enter__(self) -> OpenSsh:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _started(self) -> subprocess.Popen[bytes]:
        program = _program()
        if program is None:
            raise FileNotFoundError(f"there is no sshd: {HOW}")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # it wants this folder, as root
        for _ in range(_STARTS):
            self.port = _free_port(self._addresses)
            self._configure()
            process = subprocess.Popen([program, "-D", "-f", self.folder / "config", "-E", self.folder / "log"], stdin=subprocess.DEVNULL)
            if self._listens(process):
                return process
            process.kill()
            process.wait()
        raise RuntimeError(f"sshd did not start: {self.log}")

    def _configure(self) -> None:
        where = "".join(f"ListenAddress {address}\n" for address in self._addresses)
        (self.folder / "config").write_text(
            f"Port {self.port}\n{where}HostKey {self.host_key}\nAuthorizedKeysFile {self.folder}/authorized\nPidFile none\n"
            f"StrictModes no\nUsePAM no\nPermitRootLogin yes\nMaxStartups 100\n{self._lines}\nSubsystem sftp internal-sftp\n"
        )

    def _listens(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it answers at every address; it opens them one after the other."""
        until = time.monotonic() + _PATIENCE
        waiting = list(self._addresses)
        while waiting and time.monotonic() < until and process.poll() is None:
            if _answers(waiting[0], self.port):
                waiting.pop(0)
            else:
                time.sleep(0.01)  # a foreign program tells nobody that it listens
        return not waiting


def made_key(path: Path, *words: str, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A new key pair; one of RSA as short as is still taken. words: more for ``ssh-keygen``."""
    words = ("-b", "2048", *words) if kind == "rsa" else words
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", path, *words], check=True, stdin=subprocess.DEVNULL)
    return path


def _there(path: Path) -> Path | None:
    return path if path.exists() else None


def _program() -> str | None:
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


def _answers(address: str, port: int) -> bool:
    with socket.socket(_family(address)) as one:
        return one.connect_ex((address, port)) == 0


def _free_port(addresses: Sequence[str]) -> int:
    """A port that nobody has at the first of them; another is drawn where ``sshd`` finds it taken elsewhere."""
    with socket.socket(_family(addresses[0])) as free:
        free.bind((addresses[0], 0))
        port: int = free.getsockname()[1]
        return port


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
