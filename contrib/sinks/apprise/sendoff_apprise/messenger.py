"""The process that does the telling: what the library logs, changes or hangs in is its own, and it can be ended."""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
from collections.abc import Sequence
from typing import Any

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

_HTTP = re.compile(r"error=(\d{3})\b")
_SMTP = re.compile(r"\((\d{3}), b['\"]|was refused: (\d{3})\b")
_UNPROVEN = "CERTIFICATE_VERIFY_FAILED"


class Overheard(logging.Handler):
    """What the library says to its log: the only place where it tells why. Nothing of it but numbers leaves this process."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self._lines.append(record.getMessage())

    def taken(self) -> dict[str, Any]:
        """What was said since the last time: status codes of HTTP and of SMTP, and whether somebody could not prove who he is."""
        lines, self._lines = self._lines, []
        text = "\n".join(lines)
        smtp = [int(one or other) for one, other in _SMTP.findall(text)]
        return {"http": [int(code) for code in _HTTP.findall(text)], "smtp": smtp, "unproven": _UNPROVEN in text}


def answer() -> None:
    """Reads what is asked from standard input, and writes one line of JSON for each address, as soon as it is known."""
    asked = json.load(sys.stdin)
    signal.alarm(round(asked["seconds"]) + 1)  # whoever would end this process may have been killed
    out, sys.stdout = sys.stdout, sys.stderr
    overheard = _listening()
    asset = AppriseAsset(app_id="sendoff", app_desc="sendoff", async_mode=False, http_redirects=False, interpret_emojis=False, storage_mode="memory")
    for number, url in asked["urls"]:
        said = {"number": number, **_told(url, asset, asked), **overheard.taken()}
        out.write(f"{json.dumps(said)}\n")
        out.flush()


def _listening() -> Overheard:
    overheard, log = Overheard(), logging.getLogger("apprise")
    log.handlers, log.propagate = [overheard], False
    log.setLevel(logging.DEBUG)
    return overheard


def _told(url: str, asset: AppriseAsset, asked: dict[str, Any]) -> dict[str, Any]:
    """Whether the library understands the address, whose it is, and whether that one took the message."""
    services = Apprise(asset=asset)
    if not services.add(url) or not len(services):
        return {"understood": False, "service": None, "taken": False}
    kinds = {"failure": NotifyType.FAILURE, "warning": NotifyType.WARNING, "success": NotifyType.SUCCESS, "info": NotifyType.INFO}
    taken = services.notify(title=asked["title"], body=asked["text"], notify_type=kinds[asked["kind"]], body_format=NotifyFormat.TEXT)
    return {"understood": True, "service": _name(list(services)), "taken": bool(taken)}


def _name(services: Sequence[Any]) -> str:
    return str(services[0].service_name)
