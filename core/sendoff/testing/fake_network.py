"""Networks for tests: one that is as a file says, for other processes, and one that is as it was told; a change is seen at once."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from sendoff.errors import InvalidArgument
from sendoff.model.complaint import nearest
from sendoff.model.conditions import Conditions
from sendoff.model.document import decode, encode
from sendoff.ports.network import Network, Watching

_GLANCE = 0.01  # seconds between two looks whether the file is another


def become(file: str | Path, **conditions: bool) -> None:
    """From now on the network is like this: ``become(file, metered=True)``. What is not named is unknown, and unknown allows.

    >>> network = FakeNetwork(FakeNetwork.Settings(file=str(tmp_path / "net")), None)
    >>> become(tmp_path / "net", online=True, metered=True)
    >>> network.look().metered
    True
    """
    path = Path(file)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    draft.write_text(json.dumps(encode(_checked(conditions))))
    os.replace(draft, path)


class FakeNetwork(Network, Watching):
    """Reads its conditions from a file that ``become`` writes; a file that is not there, or makes no sense, is unknown.

    A package of a test makes it a driver like any other: ``[sendoff.networks]``, ``fake = sendoff.testing.fake_network:FakeNetwork``. A host heeds a change
    when it has lasted: ``[network] settle = "0s"`` where nobody wants to wait for that.

    >>> FakeNetwork(FakeNetwork.Settings(file="/nowhere"), None).look().online is None
    True
    """

    class Settings:
        """file: where its state is written."""

        def __init__(self, *, file: str, **unknown: object) -> None:
            if unknown:
                raise ValueError(f"there is no key {', '.join(unknown)}; there is file")
            self.file = file

    settings: Settings

    def look(self) -> Conditions:
        """As the file says."""
        try:
            return decode(Conditions, {**json.loads(Path(self.settings.file).read_text()), "name": "fake"})
        except (OSError, ValueError, TypeError):
            return Conditions(name="fake")

    @contextmanager
    def watch(self, changed: Callable[[], None]) -> Iterator[None]:
        """A thread looks at the file all the time."""
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(changed, over), name="sendoff-fake-network", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _watch(self, changed: Callable[[], None], over: threading.Event) -> None:
        seen: object = ()  # as nothing is: what changed before this began is told, too
        while not over.wait(_GLANCE):
            now = self._state()
            if now != seen:
                seen = now
                changed()

    def _state(self) -> object:
        try:
            found = os.stat(self.settings.file)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


class ToldNetwork(Network):
    """A network in memory: whatever ``become`` said last; unknown before.

    >>> network = ToldNetwork()
    >>> network.become(online=False)
    >>> network.look().online
    False
    """

    Settings = dict

    def __init__(self, settings: Any = None, toolkit: Any = None) -> None:
        super().__init__(settings, toolkit)
        self._conditions = Conditions(name="told")
        self._told: list[Callable[[Conditions], None]] = []

    def become(self, **conditions: bool) -> None:
        """From now on it is like this: ``become(online=False)``. What is not named is unknown, and unknown allows."""
        self._conditions = replace(_checked(conditions), name="told")
        for told in self._told:
            told(self._conditions)

    def on_change(self, told: Callable[[Conditions], None]) -> None:
        """``told`` is called after each change, before ``become`` returns."""
        self._told.append(told)

    def look(self) -> Conditions:
        """As it was told."""
        return self._conditions


def _checked(conditions: Mapping[str, bool | None]) -> Conditions:
    """Conditions that there are; ``InvalidArgument`` names the one that is not, and the nearest."""
    known = [one.name for one in fields(Conditions) if one.name not in ("name", "since")]
    for name, value in conditions.items():
        if name not in known:
            raise InvalidArgument(f"become() knows no condition {name!r}{nearest(name, known)}", hint=f"there are {', '.join(known)}")
        if value is not None and not isinstance(value, bool):
            raise InvalidArgument(f"become({name}={value!r}): True, False or None is expected")
    return Conditions(**conditions)  # type: ignore[arg-type]
