"""Handing requests over, and telling what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sendoff.cli.call import Call
from sendoff.cli.put.refusals import Refusals
from sendoff.cli.put.requests import Asking
from sendoff.cli.put.walk import Found
from sendoff.cli.text import count
from sendoff.errors import SendoffError

if TYPE_CHECKING:
    from sendoff.model.operation import Request
    from sendoff.model.query import Created

LEFT = {
    "unchanged": ("unchanged file", "unchanged files"), "vanished": ("file that vanished", "files that vanished"), "links": ("symbolic link", "symbolic links"),
    "special": ("pipe, socket or device", "pipes, sockets or devices"), "young": ("file changed too recently", "files changed too recently"),
}  # fmt: skip


class Taking:
    """One ``put`` or ``post`` at the desk.

    left: what was left out so far, counted. refusals: what cannot be taken. verb: for messages. unnamed: what has no path, for messages.
    ids: of all operations that do what was asked. new: the first that was not there already.
    """

    def __init__(self, call: Call, refusals: Refusals, left: Counter[str], *, verb: str = "put", unnamed: str = "standard input") -> None:
        self._call, self.refusals, self._left, self._verb, self._unnamed = call, refusals, left, verb, unnamed
        self._warned: set[str] = set()
        self._skipped: list[tuple[Found, Created]] = []
        self._old = 0
        self.ids: list[str] = []
        self.new: Created | None = None

    def check(self, files: Sequence[Found], asking: Asking) -> list[Found]:
        """Store nothing, and find all that is wrong; a dry run tells what would be put where. Gives those that are still to be stored."""
        rest: list[Found] = []
        for one, answer in zip(files, self._answers(map(asking, files), dry_run=True), strict=True):
            if isinstance(answer, SendoffError):
                self.refusals.add(answer)
            elif self._call.options.dry_run:
                self._tell_plan(one, answer)
            elif answer.skipped:
                self._skipped.append((one, answer))
            else:
                rest.append(one)
        return rest

    def store(self, files: Sequence[Found], asking: Asking) -> None:
        """Store them, and print the id of each as soon as it is safe."""
        for one, skipped in self._skipped:
            self._tell_skipped(one, skipped)
        answers = self._answers(map(asking, files), dry_run=False) if files else ()
        for one, answer in zip(files, answers, strict=True):
            if isinstance(answer, SendoffError):
                self.refusals.add(answer)
            elif answer.skipped:
                self._tell_skipped(one, answer)
            else:
                self._tell(one, answer)

    def _answers(self, requests: Iterable[Request], *, dry_run: bool) -> Iterator[Created | SendoffError]:
        return self._call.desk().create(iter(requests), dry_run=dry_run, together=True)

    # -- each of them --------------------------------------------------------------------------------------------------

    def _tell(self, one: Found, answer: Created) -> None:
        output = self._call.output
        self._warn(answer)
        self.ids.append(answer.id)
        if answer.existing:
            self._old += 1
        elif self.new is None:
            self.new = answer
        facts = {"id": answer.id, "number": answer.number, "batch": answer.batch, "batch_number": answer.batch_number}
        output.item({"schema": 1, **facts, "source": one.path or None, "url": answer.url, "existing": answer.existing})
        output.line(answer.id)
        output.detail(f"{answer.id} is number {answer.number}: {self._name(one)} to {answer.url}")

    def _tell_skipped(self, one: Found, answer: Created) -> None:
        self._left[str(answer.skipped)] += 1
        self._call.output.item({"schema": 1, "id": answer.id or None, "skipped": answer.skipped, "source": one.path, "url": answer.url})
        self._call.output.detail(f"{self._name(one)} was left out: {answer.skipped}")

    def _tell_plan(self, one: Found, answer: Created) -> None:
        if self.refusals:
            return
        if answer.skipped:
            self._left[answer.skipped] += 1
        else:
            self._warn(answer)
            self.ids.append(answer.id)
            self._call.output.line(f"would {self._verb} {self._name(one)} to {answer.url}")
        more = {"skipped": answer.skipped} if answer.skipped else {}
        self._call.output.item({"schema": 1, "dry_run": True, "source": one.path or None, "url": answer.url, **more})

    def _warn(self, answer: Created) -> None:
        if answer.warning and answer.warning not in self._warned:
            self._warned.add(answer.warning)
            self._call.output.warn(answer.warning)

    # -- and all -------------------------------------------------------------------------------------------------------

    def tell_plan(self) -> None:
        """What a dry run found."""
        self._call.output.note(f"{count(len(self.ids), 'upload')} checked, nothing stored{self.without()}")

    @property
    def queued(self) -> int:
        """How many are new."""
        return len(self.ids) - self._old

    def tell(self) -> None:
        """One line about all that was put."""
        if self.ids or not self.refusals:
            self._call.output.note(f"{self._queued()}{self.without()}")

    def refuse(self) -> None:
        """Raise what is wrong, if anything is."""
        if not self.refusals:
            return
        error = self.refusals.error()
        if self.ids and not self._call.options.dry_run:  # the world changed between the check of all and the storing of some
            error.hint = "what was stored before it is queued; the same command again puts the rest"
        raise error

    def _name(self, one: Found) -> str:
        return one.path or self._unnamed

    def _queued(self) -> str:
        old = f"{count(self._old, 'operation')} {'was' if self._old == 1 else 'were'} there already" if self._old else ""
        if self.new is None:
            return old or f"nothing to {self._verb}"
        told = f"operation {self.new.number} queued" if self.new.batch_number is None else f"{_batch(self.new)}: {count(self.queued, 'operation')} queued"
        return told + (f", {old}" if old else "")

    def without(self) -> str:
        """What was left out."""
        told = [f"{self._left[what]} {words[self._left[what] > 1]}" for what, words in LEFT.items() if self._left[what]]
        return f"; left out: {', '.join(told)}" if told else ""


def _batch(new: Created) -> str:
    return f"batch {new.batch_number} ({new.batch})"


def _name(one: Found) -> str:
    return one.path or "standard input"
