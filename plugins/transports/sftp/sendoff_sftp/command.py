"""A connection that a program carries: ``ProxyCommand`` of ssh_config(5)."""

from __future__ import annotations

from typing import Any

from paramiko import ProxyCommand


class CommandLine(ProxyCommand):
    """A running program as a socket."""

    def shutdown(self, _how: int) -> None:
        """Ends it."""
        self.close()

    def send(self, content: Any) -> int:
        """As a socket's."""
        return int(super().send(content))
