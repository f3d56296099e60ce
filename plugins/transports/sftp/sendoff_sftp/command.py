"""A program that carries a connection: ``ProxyCommand`` of ssh_config(5).

paramiko has one of its own, which never notices that the program has ended, and leaves it behind.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Mapping

_PATIENCE = 2.0  # seconds for it to end by itself


def started(command: str, environment: Mapping[str, str]) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The program, run by the shell as ``ssh`` does, and the socket that is its input and output. environment: what it gets besides our own."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                env={**os.environ, **environment},
            )
        except OSError:
            ours.close()
            raise
    return ours, process


def end(process: subprocess.Popen[bytes]) -> None:
    """The program is gone when this returns."""
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
