"""Where a try begins: the source compared with what was queued, and the session that may still be used with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sendoff.errors import SourceChanged, Superseded
from sendoff.model.change import Append, Change, DropCheckpoint, Update
from sendoff.model.operation import Record
from sendoff.model.session import Session
from sendoff.runtime.abandonment import abandoned
from sendoff.runtime.form import FormReader
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.reader import FileReader, Reader, Sameness
from sendoff.runtime.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Begun:
    """Where a try stands when it begins.

    record: the operation as it is after the comparison. session: the one that can go on. vouched: so many bytes of a source that is another
    file now were seen to be the same; None = it is the same file.
    """

    reader: Reader
    record: Record
    session: Session | None = None
    vouched: int | None = None


class Origin:
    """Opens sources. boot: this boot's id, for device numbers count only within one."""

    def __init__(self, ledger: Ledger, secrets: Secrets, boot: str) -> None:
        self._ledger, self._secrets, self._boot = ledger, secrets, boot

    @contextmanager
    def opened(self, record: Record) -> Iterator[Begun]:
        """The open source, compared with what was queued."""
        reader = self._reader(record)
        try:
            yield self._begin(record, reader)
        finally:
            reader.close()

    def _reader(self, record: Record) -> Reader:
        source = record.spec.source
        if source.form is None:
            return FileReader(source, self._boot)
        return FormReader(source, self._boot, dict(self._secrets.open(record).parts))

    def _begin(self, record: Record, reader: Reader) -> Begun:
        checkpoint = self._ledger.journal.store.checkpoint(record.number)
        session = self._secrets.open_session(record.id, checkpoint.session) if checkpoint and checkpoint.session else None
        sameness = reader.sameness()
        if sameness is Sameness.MOVED and session and checkpoint and checkpoint.prefix and checkpoint.prefix[0] > 0:
            known = reader.begins_with(checkpoint.prefix)
            sameness = Sameness.MOVED if known else Sameness.CHANGED
            if known:
                return self._go_on(record, reader, session, checkpoint.prefix)
        if sameness is Sameness.CHANGED and record.spec.if_changed != "restart":
            raise SourceChanged(f"{reader.path} was changed after it was queued", hint="put it again")
        if sameness is not Sameness.SAME:
            return self._start_over(record, reader, sameness)
        if session and checkpoint:
            reader.track(checkpoint.prefix)
        return Begun(reader, record, session)

    def _go_on(self, record: Record, reader: Reader, session: Session, prefix: tuple[int, int]) -> Begun:
        """The same content in another file: what was sent of it was compared, and counts."""
        reader.track(prefix)
        data = {"source": Sameness.MOVED.value, "checked": f"the first {prefix[0]} bytes"}
        return Begun(reader, self._changed(record, reader, data), session, prefix[0])

    def _start_over(self, record: Record, reader: Reader, sameness: Sameness) -> Begun:
        """From the first byte of what the file holds now; what the server has of the other is removed there."""
        data = {"source": sameness.value, "checked": "nothing; sent from the first byte"}
        todos = abandoned(record, self._ledger.journal.store.checkpoint(record.number), self._ledger.now())
        restarted = replace(record, tally=replace(record.tally, confirmed=0, best=0, restarted=True))
        return Begun(reader, self._changed(restarted, reader, data, *todos, DropCheckpoint(record.number, record.epoch)))

    def _changed(self, record: Record, reader: Reader, data: dict[str, Any], *more: Change) -> Record:
        event = self._ledger.event(record, "changed", data, f"{record.epoch}.source")
        while True:
            spec = replace(record.spec, source=reader.source)
            update = Update(record.number, record.version, {"spec": spec, "tally": record.tally}, record.epoch)
            reply = self._ledger.journal.commit([update, Append(event), *more])[0]
            if reply.refused is None:
                return replace(record, spec=spec, version=reply.version)
            if reply.refused != "version":
                raise Superseded()
            newest = self._ledger.read(record.number)
            if newest is None:
                raise Superseded()
            record = replace(newest, epoch=record.epoch, tally=record.tally)
