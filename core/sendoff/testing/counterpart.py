"""What a driver talks to while sendoff's end-to-end promises are run with it.

``pytest tests/end_to_end --store path/to/my_tests.py:MyCounterpart``
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, ClassVar, Self


class Counterpart:
    """One for a store as it stands; for a transport and a sink there is a class of its own below.

    Made without arguments, entered before the first test and left after the last: a server is started in ``__enter__`` and ended in ``__exit__``.
    Where it cannot run, ``__enter__`` calls ``pytest.skip`` with the command that installs what is missing.

    driver: the word after ``use =``; the distribution that brings it is installed.
    Example::

        class Postgres(Counterpart):
            driver = "postgres"

            def __enter__(self):
                self.server = start_a_server()
                return self

            def __exit__(self, *_):
                self.server.stop()

            def section(self, folder):
                return {"dsn": self.server.dsn, "schema": self.server.new_schema(folder)}
    """

    driver: ClassVar[str]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Whatever was started is ended."""

    def section(self, folder: Path) -> Mapping[str, Any]:
        """The keys of the driver's section beside ``use``, for whatever host has this state folder.

        Two folders share nothing; the same one is given the same keys again. It need not exist yet, and nothing is put into it.
        """
        return {}


class TransportCounterpart(Counterpart, ABC):
    """A place that a transport carries to.

    Its ``section`` is that of a destination, ``url`` among its keys: the address of a folder, below which whoever has this state folder is alone.

    Example::

        class Azure(TransportCounterpart):
            driver = "azure-blob"

            def section(self, folder):
                return {"url": self.server.folder_for(folder)}

            def landed(self, folder, name):
                return self.server.blob(folder, name)
    """

    @abstractmethod
    def section(self, folder: Path) -> Mapping[str, Any]:
        """The keys of ``[destinations.NAME]`` beside ``use``: its ``url`` and what the driver needs to be told."""

    def environment(self, folder: Path) -> Mapping[str, str]:
        """Variables that whoever puts something there needs, such as a password that ``section`` refers to."""
        return {}

    @abstractmethod
    def landed(self, folder: Path, name: PurePosixPath) -> bytes | None:
        """What lies under a name below the destination, read without the driver; None where nothing does."""

    def unfinished(self, folder: Path) -> Sequence[str] | None:
        """What half-done uploads have left at the server, whatever it calls them; None where it cannot be told."""
        return None


class SinkCounterpart(Counterpart, ABC):
    """Somebody who is told, and remembers what.

    Example::

        class Teams(SinkCounterpart):
            driver = "teams"

            def section(self, folder):
                return {"url": self.server.room_for(folder)}

            def delivered(self, folder):
                return self.server.messages(folder)
    """

    def environment(self, folder: Path) -> Mapping[str, str]:
        """Variables that the host needs, such as a password that ``section`` refers to."""
        return {}

    @abstractmethod
    def delivered(self, folder: Path) -> Sequence[Mapping[str, Any]]:
        """The documents of the notices that were delivered so far with the section of this folder, in order, each as often as it came."""


def variables(counterpart: Counterpart, folder: Path) -> dict[str, str]:
    """The ``SENDOFF_STORE__`` variables that choose a store, stronger than any configuration file.

    Example: ``variables(Postgres(), state)["SENDOFF_STORE__USE"] == "postgres"``
    """
    keys = {"use": counterpart.driver, **counterpart.section(folder)}
    return {f"SENDOFF_STORE__{key.upper()}": value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()}


def toml(counterpart: Counterpart, folder: Path) -> str:
    """The lines of a driver's section, without its heading.

    Example: ``f"[destinations.there]\\n{toml(counterpart, folder)}"``
    """
    keys = {"use": counterpart.driver, **counterpart.section(folder)}
    return "".join(f"{key} = {_value(value)}\n" for key, value in keys.items())


def _value(value: Any) -> str:
    """As TOML writes it; but for tables it writes what JSON does."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
