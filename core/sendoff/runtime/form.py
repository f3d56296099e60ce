"""A form as one body: header blocks, values and files in a row, read at any offset without ever holding more than was asked for."""

from __future__ import annotations

from base64 import b64decode
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sendoff.model.form import closing, openings
from sendoff.model.source import Form, Source, SourceIdentity
from sendoff.runtime.reader import FileReader, Reader, Sameness


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the body. start: where it begins. content: bytes, or the open file that has them."""

    start: int
    content: bytes | FileReader

    @property
    def stop(self) -> int:
        """Where the next one begins."""
        return self.start + (len(self.content) if isinstance(self.content, bytes) else self.content.size)

    def fill(self, buffer: memoryview, offset: int) -> int:
        """Fill from this offset of the body, as far as this stretch goes."""
        begin, wanted = offset - self.start, min(len(buffer), self.stop - offset)
        if isinstance(self.content, FileReader):
            return self.content._read(buffer[:wanted], begin)
        buffer[:wanted] = self.content[begin : begin + wanted]
        return wanted


class FormReader(Reader):
    """An open form: every file of it is open. values: what its sealed parts hold, in base64, by their place."""

    def __init__(self, source: Source, boot: str, values: Mapping[int, str]) -> None:
        super().__init__()
        self._queued, self._form = source, source.form or Form()
        self._files: dict[int, FileReader] = {}
        try:
            for place, part in enumerate(self._form.parts):
                if part.source is not None:
                    self._files[place] = FileReader(part.source, boot)
        except BaseException:
            self.close()
            raise
        self._spans = tuple(_laid_out(self._contents(values)))
        self._starts = [span.start for span in self._spans]

    @property
    def path(self) -> str:  # type: ignore[override]
        """Of the first file that is not what was queued, or of the first."""
        files = list(self._files.values())
        return next((file.path for file in files if file.sameness() is not Sameness.SAME), files[0].path if files else "")

    @property
    def size(self) -> int:
        """Bytes of the whole body."""
        return self._spans[-1].stop

    @property
    def source(self) -> Source:
        """As ``Reader`` says."""
        parts = list(self._form.parts)
        for place, file in self._files.items():
            parts[place] = replace(parts[place], source=file.source, size=file.size)
        return replace(self._queued, form=replace(self._form, parts=tuple(parts)), identity=body_of(self.size))

    @property
    def gone(self) -> bool:
        """Whether any of its files is."""
        return any(file.gone for file in self._files.values())

    def sameness(self) -> Sameness:
        """That of the file that differs most."""
        found = {file.sameness() for file in self._files.values()}
        return next((one for one in (Sameness.CHANGED, Sameness.MOVED) if one in found), Sameness.SAME)

    def check(self) -> None:
        """Every file still is what it was."""
        for file in self._files.values():
            file.check()

    def close(self) -> None:
        """Let go of all files."""
        for file in self._files.values():
            file.close()

    def _read(self, buffer: memoryview, offset: int) -> int:
        done = 0
        for span in self._spans[max(bisect_right(self._starts, offset) - 1, 0) :]:
            if done == len(buffer):
                break
            count = span.fill(buffer[done:], offset + done)
            done += count
            if offset + done < span.stop:
                break
        return done

    def _contents(self, values: Mapping[int, str]) -> Iterator[bytes | FileReader]:
        """All stretches in their order."""
        for place, opening in enumerate(openings(self._form)):
            file, kept = self._files.get(place), self._form.parts[place].content
            if file is None:
                yield opening + b64decode(values[place] if kept is None else kept)
            else:
                yield opening
                yield file
        yield closing(self._form)


def body_of(size: int) -> SourceIdentity:
    """What is known of a form's body as a whole: its files have identities of their own."""
    return SourceIdentity(size=size, mtime_ns=0, ctime_ns=0, inode=0, device=0)


def _laid_out(contents: Iterator[bytes | FileReader]) -> Iterator[Span]:
    start = 0
    for content in contents:
        span = Span(start, content)
        yield span
        start = span.stop
