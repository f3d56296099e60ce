"""What an owner is made from, and on which boot of the machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sendoff.desk.calling import Calling, HandlerProcess
from sendoff.errors import Json
from sendoff.model.configuration import Configuration
from sendoff.ports.clock import Clock
from sendoff.ports.network import Network
from sendoff.ports.store import Store
from sendoff.runtime.installation import Installed, Listening


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an owner is made from.

    folder: the state folder. configured: the configuration's folder. config_file: its file, which need not be there. load: reads the configuration
    anew. explain: each key in force, its value (secrets as three stars) and where it came from. hide: told every secret value that is opened, so that
    no log shows it. clean: takes those out of what an error says, before it is put on record. call: begins to call a completion handler.
    """

    store: Store
    installed: Installed
    listeners: Listening
    network: Network
    configuration: Configuration
    load: Callable[[], Configuration]
    explain: Callable[[], Sequence[Json]]
    clock: Clock
    random: Random
    folder: Path
    configured: Path
    environment: Mapping[str, str]
    config_file: Path | None = None
    hide: Callable[[str], None] = lambda _: None
    clean: Callable[[str], str] = str
    call: Callable[..., Calling] = HandlerProcess


def boot_id() -> str:
    """This boot of this machine, as far as it says."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return socket.gethostname()
