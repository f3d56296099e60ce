"""One upload: what is known about it, its bytes, and who is at it (section "Upload Resource")."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Condition
from typing import BinaryIO

from tests.servers.rufh.answer import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is known about an upload besides its bytes.

    method, path: of the request that created it. expires_at: wall clock, None = never. length: None = not known yet.
    digests: what the whole was said to have, hex by algorithm. wanted: which digests the final answer is to carry.
    only_new: nothing may be there already. final: the answer of the target (status, fields, body); with it the upload is complete.
    """

    id: str
    method: str
    path: str
    expires_at: float | None = None
    length: int | None = None
    digests: dict[str, str] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()
    only_new: bool = False
    final: tuple[int, tuple[tuple[str, str], ...], str] | None = None

    @property
    def complete(self) -> bool:
        """The target has answered."""
        return self.final is not None

    def ended(self, answer: Answer) -> State:
        """The target has answered so."""
        return replace(self, final=(answer.status, answer.fields, answer.body.decode("latin-1")))

    def replay(self) -> Answer:
        """The target's answer."""
        assert self.final is not None
        status, fields, body = self.final
        return Answer(status, fields, body.encode("latin-1"))


class Upload:
    """A state, a file that grows, and one request at a time that has hold of both.

    folder: its own, with ``state.json`` and ``data``; listed: clients can address it, so its state is kept across a restart.
    """

    def __init__(self, folder: Path, state: State, *, listed: bool = True) -> None:
        self.folder, self.state, self.listed = folder, state, listed
        self.active = True
        self._changed = Condition()
        self._let_go: Callable[[], None] | None = None
        self._file: BinaryIO | None = None
        self._size = self.data.stat().st_size if self.data.exists() else 0

    @property
    def data(self) -> Path:
        """Where its bytes are until they are published."""
        return self.folder / "data"

    @property
    def offset(self) -> int:
        """How many bytes were processed (section "Offset")."""
        return self._size

    # -- who is at it

    @contextmanager
    def held(self, let_go: Callable[[], None]) -> Iterator[None]:
        """Alone with the upload; an older request that still is at it has its connection ended first (section "Concurrency")."""
        with self._changed:
            while self._let_go is not None:
                self._let_go()
                self._changed.wait()
            self._let_go = let_go
        try:
            yield
        finally:
            with self._changed:
                self._close()
                self._let_go = None
                self._changed.notify_all()

    # -- what changes; only while it is held

    def append(self, piece: bytes) -> None:
        """Some more bytes: in the file before they count."""
        if self._file is None:
            self._file = self.data.open("ab", buffering=0)
        self._file.write(piece)
        self._size += len(piece)

    def cut(self, offset: int) -> None:
        """Takes back bytes that never were announced: those of a content that is not what its digest says."""
        self._close()
        os.truncate(self.data, offset)
        self._size = offset

    def become(self, state: State) -> None:
        """Its state is another from now on, on disk first."""
        if self.listed:
            parked = self.folder / "state.new"
            parked.write_text(json.dumps(asdict(state)))
            os.replace(parked, self.folder / "state.json")
        self.state = state

    def end(self) -> None:
        """Deactivated: nothing of it stays."""
        self.active = False
        self._close()
        for name in ("state.json", "state.new", "data"):
            (self.folder / name).unlink(missing_ok=True)
        if self.folder.exists():
            self.folder.rmdir()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def reopened(folder: Path) -> Upload | None:
    """An upload of an earlier run; None when any part of it was lost, which ends it (section "Offset")."""
    try:
        told = json.loads((folder / "state.json").read_text())
    except (OSError, ValueError):
        return None
    final = told["final"] and (told["final"][0], tuple(tuple(pair) for pair in told["final"][1]), told["final"][2])
    state = State(**{**told, "wanted": tuple(told["wanted"]), "final": final})
    upload = Upload(folder, state)
    if state.complete:
        upload._size = state.length or 0
    return upload if state.complete or upload.data.exists() else None
