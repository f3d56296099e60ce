"""What becomes of a caller's own file after its upload: deleted or moved, once, and only while it still is what was sent.

A to-do from the upload's end on. Before the file is touched the to-do says so, synced; what was done is told in the unit that removes it.
A crash between the two finds the file gone, or in its new place, and tells what was done.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sendoff.desk.folder import sync
from sendoff.errors import InvalidArgument, SendoffError, SourceMissing
from sendoff.model.change import Append, SaveTodo
from sendoff.model.note import Todo
from sendoff.model.operation import Record, Request
from sendoff.model.query import Query
from sendoff.model.source import Source, SourceIdentity
from sendoff.model.then import Then
from sendoff.policy.proof import doubt
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.reader import mount_of, open_source

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True, slots=True)
class Leave:
    """The file stays as it is. why: for people."""

    why: str


def checked_then(request: Request, source: Source) -> None:
    """``InvalidArgument`` where what is to become of the file cannot be done, or must not be."""
    if request.then is None:
        return
    then, file = Then.read(request.then), source.file
    if file is None:
        raise InvalidArgument(f"then {request.then}: there is no file of yours that could be removed; what can be read only once, and a form, have none")
    if source.length is not None:
        raise InvalidArgument(f"then {request.then}: only a part of {file} is sent, and the rest of it would be lost")
    if os.path.islink(request.source):
        raise InvalidArgument(f"then {request.then}: {request.source} is a symbolic link to {file}", hint="name the file itself")
    if not os.access(os.path.dirname(file), os.W_OK | os.X_OK):
        raise InvalidArgument(f"then {request.then}: {os.path.dirname(file)} is a folder that nothing can be removed from: permission denied")
    if then.folder is not None:
        _check_folder(then.folder, file)


def _check_folder(folder: str, file: str) -> None:
    if not os.path.isabs(folder):
        raise InvalidArgument(f"then move: {folder!r} is not an absolute path")
    try:
        there = os.stat(folder)
    except OSError as cause:
        raise InvalidArgument(f"then move: {folder} is no folder that {file} could be moved to: {(cause.strerror or str(cause)).lower()}") from cause
    if not stat.S_ISDIR(there.st_mode):
        raise InvalidArgument(f"then move: {folder} is not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidArgument(f"then move: {folder} cannot be written to: permission denied")
    if there.st_dev != os.stat(os.path.dirname(file)).st_dev or mount_of(os.path.join(folder, "x")) != mount_of(file):
        raise InvalidArgument(f"then move: {folder} lies on another file system than {file}", hint="name a folder on the same one")
    if os.path.lexists(os.path.join(folder, os.path.basename(file))):
        raise InvalidArgument(f"then move: there is a {os.path.basename(file)} in {folder} already")


class Removal:
    """Works off the to-dos ``then``. boot: this boot's id."""

    def __init__(self, ledger: Ledger, boot: str) -> None:
        self._ledger, self._boot = ledger, boot

    def __call__(self, todo: Todo) -> bool | None:
        """None once it was told what was done, and the to-do with that; a drive that is away is waited for."""
        record = self._ledger.read(todo.payload["number"])
        if record is None or record.spec.then is None or record.spec.source.file is None:
            return True
        then, file = Then.read(record.spec.then), record.spec.source.file
        if not todo.payload.get("begun"):
            left = self._left(record, file)
            if left is not None:
                self._tell(todo, record, "source_left", {"path": file, "why": left.why})
                return None
            todo = self._begin(todo)
        result = self._delete(record, file) if then.folder is None else self._move(record, file, then.folder)
        if isinstance(result, Leave):
            self._tell(todo, record, "source_left", {"path": file, "why": result.why})
        else:
            self._tell(todo, record, "source_removed", {"path": file, **result})
        return None

    # -- before ------------------------------------------------------------------------------------------------------

    def _left(self, record: Record, file: str) -> Leave | None:
        why = doubt(record.spec.demand, record.receipt)
        return Leave(why) if why is not None else self._kept(record, file)

    def _kept(self, record: Record, file: str) -> Leave | None:
        """Why it is not to be touched: it is not what was sent, or another upload may still read it, which lets go of it then where that was asked."""
        left = self._changed(record, file)
        if left is not None:
            return left
        others = self._ledger.journal.store.find(Query(reads=file), limit=2).items
        other = next((one for one in others if one.number != record.number), None)
        return None if other is None else Leave(f"upload {other.number} {'may still need' if other.open else 'has failed, and a retry would need'} it")

    def _changed(self, record: Record, file: str) -> Leave | None:
        """Why it is not to be touched: it is another, or has changed since it was sent; None = it still is what was sent."""
        found = self._found(file, record.spec.source.mount)
        if found is None:
            return Leave("it was gone already")
        sent = record.spec.source.found
        same = not isinstance(found, Leave) and sent is not None and found.same_file(sent)
        return None if same else found if isinstance(found, Leave) else Leave("it is another file now, or was changed after it was sent")

    def _found(self, file: str, mount: str) -> SourceIdentity | Leave | None:
        """What lies there now; None = nothing."""
        if os.path.islink(file):
            return Leave("a symbolic link is in its place")
        try:
            handle, found = open_source(file, mount)
        except SourceMissing:
            return None
        except InvalidArgument as error:
            return Leave(error.message)
        os.close(handle)
        return SourceIdentity.of(found, self._boot)

    def _begin(self, todo: Todo) -> Todo:
        """From here on a file that is gone was removed by us."""
        payload = {**todo.payload, "begun": True}
        reply = self._ledger.journal.commit([SaveTodo(kind=todo.kind, about=todo.about, seen=todo.version, payload=payload, due=todo.due)])[0]
        if reply.refused is not None:
            raise SendoffError(f"the to-do {todo.about} is another's now")
        return Todo(kind=todo.kind, about=todo.about, payload=payload, due=todo.due, tries=todo.tries, version=reply.version)

    # -- the deed ----------------------------------------------------------------------------------------------------

    def _delete(self, record: Record, file: str) -> dict[str, Any] | Leave:
        left = self._kept(record, file)
        if left is not None:
            return left if os.path.lexists(file) else {"what": "deleted"}
        return _done(lambda: os.unlink(file), file) or {"what": "deleted"}

    def _move(self, record: Record, file: str, folder: str) -> dict[str, Any] | Leave:
        """By a second name, and then without the first: nothing that lies in the new place is ever written over."""
        place = os.path.join(folder, os.path.basename(file))
        moved = {"what": "moved", "to": place}
        if _is_ours(place, record.spec.source.found):  # a crash came between the two
            return (_done(lambda: os.unlink(file), file, place) if _same(file, place) else None) or moved
        left = self._kept(record, file)
        return left or _done(lambda: _renamed(file, place), file, place) or moved

    def _tell(self, todo: Todo, record: Record, type_: str, data: dict[str, Any]) -> None:
        gone = SaveTodo(kind=todo.kind, about=todo.about, seen=todo.version, payload=None)
        self._ledger.journal.commit([gone, Append(self._ledger.event(record, type_, data, "then"))])


def _done(act: Any, file: str, place: str = "") -> Leave | None:
    """Done and on disk; or why it cannot be."""
    try:
        act()
    except FileExistsError:
        return Leave(f"there is another {os.path.basename(place)} in {os.path.dirname(place)}")
    except OSError as cause:
        return Leave(f"it could not be removed: {(cause.strerror or str(cause)).lower()}")
    for folder in {os.path.dirname(one) for one in (file, place) if one}:
        with suppress(OSError):
            sync(folder)
    return None


def _renamed(file: str, place: str) -> None:
    """Moved, unless something has that name already."""
    try:
        os.link(file, place, follow_symlinks=False)
    except OSError as cause:
        if cause.errno not in _NO_LINKS or os.path.lexists(place):
            raise
        os.rename(file, place)  # a file system without second names
        return
    try:
        os.unlink(file)
    except OSError:
        os.unlink(place)
        raise


def _is_ours(place: str, sent: SourceIdentity | None) -> bool:
    """Whether the very file lies there; its change time is another since it has that name."""
    with suppress(OSError):
        found = os.lstat(place)
        return sent is not None and stat.S_ISREG(found.st_mode) and (found.st_ino, found.st_size, found.st_mtime_ns) == (sent.inode, sent.size, sent.mtime_ns)
    return False


def _same(file: str, place: str) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.lstat(file), os.lstat(place))
    return False
