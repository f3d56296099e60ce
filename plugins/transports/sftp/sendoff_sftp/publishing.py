"""Giving the whole file its name: in one step, and never twice."""

from __future__ import annotations

from contextlib import suppress

from sendoff import Demand, OutcomeUnknown, Rejected, SendoffError, TargetExists

from sendoff_sftp import files
from sendoff_sftp.address import shown
from sendoff_sftp.files import Files
from sendoff_sftp.meaning import Meaning
from sendoff_sftp.part import Part
from sendoff_sftp.settings import Settings
from sendoff_sftp.wire import Said


class Publishing:
    """From the name of the part to the final one, as the demand for what exists says."""

    def __init__(self, at: Files, final: bytes, demand: Demand, settings: Settings, meaning: Meaning) -> None:
        self._files, self._final, self._demand, self._settings, self._meaning = at, final, demand, settings, meaning

    def run(self, part: bytes) -> None:
        """The file has its final name when this returns, and the part is gone. Errors: ``TargetExists`` and the meanings of refusals."""
        try:
            self._replace(part) if self._demand.existing == "overwrite" else self._add(part)
        except Said as said:
            raise self.refused(said, part) from said

    def seen(self, part: Part, size: int) -> bool:
        """Whether an earlier try, whose answer was lost, gave the name. ``OutcomeUnknown`` where neither file is there: somebody may have fetched it."""
        there, final = self._files.lstat(part.path), self._files.lstat(self._final)
        ours = final is not None and final.size == size and final.mtime in (None, part.published)
        if there is None and not ours:
            text = (
                f"{shown(self._final)} was given its name, or was about to be, when the connection broke; now neither it nor its part is there as it was sent"
            )
            raise OutcomeUnknown(text, hint="ask whoever fetches files there; if it did not arrive: sendoff retry")
        if there is not None and ours and self._demand.existing != "overwrite":
            with suppress(Said):
                self._files.remove(part.path)  # a second name was given, and the first not yet taken away
        return ours and (there is None or self._demand.existing != "overwrite")

    def _replace(self, part: bytes) -> None:
        if self._files.offers(files.RENAME_OVER):
            self._files.rename_over(part, self._final)
            return
        try:
            self._files.rename(part, self._final)
        except Said as said:
            if said.code == files.NO_SUCH_FILE or self._files.lstat(self._final) is None:
                raise
            if not self._settings.replace_by_remove:
                raise Rejected(
                    f"{shown(self._final)} is there already, and this server cannot replace it in one step",
                    hint="put it again with --existing fail or skip; or with -o replace_by_remove=true, if for a moment neither file may be there",
                ) from said
            self._files.remove(self._final)
            self._files.rename(part, self._final)

    def _add(self, part: bytes) -> None:
        """Never in the place of anything: a second name cannot be given where there is one, so nobody slips in between."""
        if self._files.offers(files.LINK):
            try:
                self._files.link(part, self._final)
            except Said as said:
                if self._files.lstat(self._final) is not None:
                    raise
                if said.code not in (files.FAILURE, files.UNSUPPORTED, files.PERMISSION_DENIED):
                    raise
            else:
                with suppress(Said):  # it has its name, and is delivered, even where nothing may be removed
                    self._files.remove(part)
                return
        if self._files.lstat(self._final) is not None:
            raise Said(files.EXISTS, "it is there")
        self._files.rename(part, self._final)

    def refused(self, said: Said, part: bytes) -> SendoffError:
        """What it means that the name was not given."""
        if self._demand.existing != "overwrite" and self._files.lstat(self._final) is not None:
            return TargetExists(f"{shown(self._final)} appeared while it was sent")
        found = self._files.lstat(self._final)
        if found is not None and not found.regular:
            return Rejected(f"{shown(self._final)} is a folder or something else that is no file", hint="upload it under another name")
        return self._meaning.of(said, "give it its name", path=part if said.code == files.NO_SUCH_FILE else None)
