"""The systemd unit that runs a host: what is written in it, and where it lies (systemd.unit(5), systemd.service(5))."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendoff.desk.place import DEFAULT_APP, Place
from sendoff.desk.service import MARK, Service
from sendoff.errors import InvalidArgument

_UNFIT_FOR_A_PROGRAM = re.compile(r"""[\x00-\x1f\x7f"'\\]""")  # the manager refuses a program with these in its name

_TEXT = """\
{mark}
# Remove it with: {remove}

[Unit]
Description=sendoff, background uploads{about}
StartLimitIntervalSec=0

[Service]
Type=exec
{identity}ExecStart={command}
WorkingDirectory=/
{environment}UMask=0077
# "sendoff host stop" ends it with 0 and it stays away; whatever else ends it, it comes back, a newer version too
Restart=on-failure
RestartSec=2
# it writes down where it is and leaves within ten seconds
KillMode=mixed
TimeoutStopSec=20
# It reads whatever its user may read and runs what the configuration names, so no folder is hidden from it
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
{more}
[Install]
WantedBy={target}
"""
_OF_THE_SYSTEM = """\
ProtectSystem=full
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ReadWritePaths={written}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The service that is the host of one place.

    interpreter: absolute path. user: whose uploads, for a service of the system. environment: variables that it needs.
    """

    place: Place
    service: Service
    interpreter: str
    user: str | None = None
    environment: Mapping[str, str]

    def text(self) -> str:
        """The file."""
        app = "" if self.place.app == DEFAULT_APP else f" --app {self.place.app}"
        return _TEXT.format(
            mark=MARK + json.dumps({"state": self.place.state}),
            remove=f"sendoff{app} host uninstall{'' if self.user is None else ' --system'}",
            about=f" ({self.place.app})" if app else "",
            identity="" if self.user is None else f"User={self.user}\n",
            command=command_line(self._words()),
            environment="".join(f"Environment={quoted(f'{name}={value}')}\n" for name, value in self.environment.items()),
            more="" if self.user is None else _OF_THE_SYSTEM.format(written=self._written()),
            target=self.service.target,
        )

    def _written(self) -> str:
        """The journal, and the folder where keys are kept, wherever they are."""
        return " ".join(quoted(f"-{folder}") for folder in (self.place.state, os.path.dirname(self.place.config)))

    def _words(self) -> Sequence[str]:
        place = self.place
        words = [self.interpreter, "-P", "-m", "sendoff.host", "--service", self.service.name, "--state-dir", place.state, "--config", place.config]
        return words if place.app == DEFAULT_APP else [*words, "--app", place.app]


def command_line(words: Sequence[str]) -> str:
    """Words as ``ExecStart=`` takes them; the colon keeps a dollar sign from meaning anything (systemd.service(5), "Command lines")."""
    program = ["/usr/bin/env", "--"] if _UNFIT_FOR_A_PROGRAM.search(words[0]) else []
    return ":" + " ".join(map(quoted, [*program, *words]))


def quoted(word: str) -> str:
    """A word in quotes, whatever it holds (systemd.syntax(7), "Quoting"); ``%`` begins a specifier there (systemd.unit(5))."""
    try:
        word.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{word!a} is not valid UTF-8, and a unit must be") from None
    escaped = re.sub(r'[\\"]', r"\\\g<0>", word).replace("%", "%%")
    return '"' + re.sub("[\x01-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", escaped) + '"'
