"""``use = "log"``: each notice is an entry of the systemd journal, or a line of the host's log."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from sendoff import Notice, Sink, Transient

_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3}  # syslog(3)


class LogSink(Sink):
    """Writes a notice as fields: ``SENDOFF_TYPE=completed`` and others in the journal, ``type=completed`` and others on one line of the log.

    The last field, ``SENDOFF_NOTICE`` or ``notice``, is the whole of it as JSON. The journal is written to where its socket is there.
    """

    class Settings(BaseModel):
        """level: at which it is logged; bad news at ``warning`` at least. to: ``auto`` is the journal where there is one. socket: the journal's."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        level: Literal["debug", "info", "warning", "error"] = "info"
        to: Literal["auto", "journal", "log"] = "auto"
        socket: Annotated[str, Field(min_length=1)] = "/run/systemd/journal/socket"

    settings: Settings
    shows: ClassVar[frozenset[str]] = frozenset({"popup", "tile"})

    def deliver(self, notice: Notice) -> None:
        """Accepted once the log has it. Errors: ``Transient`` where only the journal is wanted and cannot be written to."""
        facts = _facts(notice)
        if self.settings.to == "log" or not self._to_journal(notice, facts):
            line = " ".join(f"{name}={_quoted(value)}" for name, value in facts.items())
            self.toolkit.log.log(logging.getLevelNamesMapping()[self._level(notice).upper()], "%s", f"{line} notice={notice.json()}")

    def _to_journal(self, notice: Notice, facts: dict[str, str]) -> bool:
        """Whether the journal took it."""
        said = notice.message.title if notice.message is not None else f"sendoff: {notice.type}"
        fields = {"MESSAGE": said, "PRIORITY": str(_PRIORITY[self._level(notice)]), "SYSLOG_IDENTIFIER": "sendoff"}
        fields |= {f"SENDOFF_{name.upper()}": value for name, value in facts.items()}
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                end.settimeout(5.0)
                end.connect(self.settings.socket)
                end.send(b"".join(_native({**fields, "SENDOFF_NOTICE": notice.json()})))
        except OSError as cause:
            if self.settings.to == "journal":
                raise Transient(f"the journal at {self.settings.socket} cannot be written to: {cause.strerror or cause}") from cause
            return False
        return True

    def _level(self, notice: Notice) -> str:
        bad = notice.message is not None and notice.message.failed
        return "warning" if bad and self.settings.level in ("debug", "info") else self.settings.level


def _facts(notice: Notice) -> dict[str, str]:
    """What one filters by."""
    told = notice.document()
    operation, message = told["operation"] or {}, told["message"] or {}
    found: dict[str, Any] = {
        "type": notice.type, "id": notice.id, "operation": operation.get("id"), "batch": operation.get("batch") or (told["data"] or {}).get("batch"),
        "status": operation.get("status"), "url": operation.get("url"), "destination": operation.get("destination"), "title": message.get("title"),
        "text": message.get("text"),
    }  # fmt: skip
    return {name: str(value) for name, value in found.items() if value}


def _quoted(value: str) -> str:
    """As it is where it is one word, else as JSON has a text."""
    return value if value.isascii() and value.isprintable() and not set(value) & set(' "=\\') else json.dumps(value)


def _native(fields: dict[str, str]) -> Iterator[bytes]:
    """The journal's own protocol: a name and a value a line; one of several lines has its length before it, in eight bytes."""
    for name, value in fields.items():
        content = value.encode("utf-8", "replace")
        if b"\n" in content:
            yield name.encode("ascii") + b"\n" + len(content).to_bytes(8, "little") + content + b"\n"
        else:
            yield name.encode("ascii") + b"=" + content + b"\n"
