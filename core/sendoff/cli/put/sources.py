"""From the words of ``put`` to files and the names they land under; what is wrong with them is found before anything is stored."""

from __future__ import annotations

import os
import stat
from argparse import Namespace
from collections.abc import Iterator, Sequence
from time import time_ns

from sendoff.cli.put import listed
from sendoff.cli.put.choice import Choice
from sendoff.cli.put.refusals import Refusals
from sendoff.cli.put.walk import Found, Walk
from sendoff.cli.text import is_whole
from sendoff.errors import InvalidArgument, SourceUnsuitable
from sendoff.model.quantity import seconds

INPUT = "-"


class Sources:
    """Finds what ``put`` is to put, in the order in which it was named.

    options, words: of the command. destination: where to, as it was written. refusals: what cannot be put.
    walk: what was left out on the way.
    """

    def __init__(self, options: Namespace, words: Sequence[str], destination: str, refusals: Refusals) -> None:
        self._options, self._words, self._destination, self._refusals = options, words, destination, refusals
        self._folder = is_folder(destination)
        self.walk = Walk(_choice(options), refusals, follow=options.follow, seeing=options.only_new)

    def found(self) -> list[Found]:
        """All files; no two of them have one name."""
        files = [one for named in self._named() for one in named]
        if len(files) > 1 and not self._folder:
            raise InvalidArgument(f"{len(files)} files cannot all become {self._destination}", hint="end the destination with / to put them below it")
        self._refuse_twins(files)
        return files

    def _named(self) -> Iterator[Iterator[Found]]:
        for word in self._words:
            yield self._word(word)
        if self._options.files_from:
            base = os.path.abspath(self._options.base or "")
            for line in listed.lines(self._options.files_from, zero=self._options.zero):
                yield self._word(line) if os.path.isabs(line) else self._line(line, base)

    def _word(self, word: str) -> Iterator[Found]:
        """A source by its own name."""
        path, name = os.path.abspath(word), os.path.basename(os.path.abspath(word))
        contents = os.path.basename(word) in ("", ".", "..")  # the folder's own name is left out, as rsync does
        return self._under(path, name, "" if contents else f"{name}/", word)

    def _line(self, line: str, base: str) -> Iterator[Found]:
        """A source by its path below the base."""
        name = listed.kept(line)
        return self._under(os.path.join(base, name) if name else base, name, f"{name}/" if name else "", line)

    def _under(self, path: str, name: str, prefix: str, word: str) -> Iterator[Found]:
        """A file as it was named, or all that is in a folder. What else is wrong with it is found by whoever opens it."""
        try:
            seen = os.stat(path)
        except OSError:
            yield self._file(path, name, None)
            return
        if stat.S_ISDIR(seen.st_mode):
            self._check_folder(path)
            yield from self.walk.below(path, prefix)
        elif word.endswith("/"):
            self._refusals.add(SourceUnsuitable(f"{word} is not a folder"))
        elif self.walk.choice.takes(name):
            yield from self._chosen(path, name, seen)

    def _chosen(self, path: str, name: str, seen: os.stat_result) -> Iterator[Found]:
        before = self.walk.choice.before
        if before is not None and seen.st_mtime_ns > before:
            self.walk.left["young"] += 1
        else:
            yield self._file(path, name, (seen.st_size, seen.st_mtime_ns) if self.walk.seeing else None)

    def _file(self, path: str, name: str, seen: tuple[int, int] | None) -> Found:
        return Found(path, name if self._folder else None, seen)

    def _check_folder(self, path: str) -> None:
        if not self._options.recursive:
            raise InvalidArgument(f"{path} is a directory", hint="-r puts all that is in it")
        if not self._folder:
            raise InvalidArgument(f"the directory {path} cannot become {self._destination}", hint="end the destination with / to put it below it")
        if self._options.id:
            raise InvalidArgument("--id names one operation, and a directory may hold many files")

    def _refuse_twins(self, files: Sequence[Found]) -> None:
        """Two with one name are a mistake; the files of one tree cannot have it."""
        if len(self._words) + bool(self._options.files_from) * 2 < 2:
            return
        twins, first = Refusals(), dict[str | None, Found]()
        for one in files:
            other = first.setdefault(one.name, one)
            if other is not one:
                text = f"{other.path} and {one.path} would both become {self._destination}{one.name}"
                twins.add(InvalidArgument(text, hint="nothing was stored; put them below different folders"))
        if twins:
            raise twins.error()


def is_folder(destination: str) -> bool:
    """Whether files land below it under their names: it ends in ``/``, or is the root of a named destination (``archive:``)."""
    return destination.endswith("/") or (destination.endswith(":") and "/" not in destination)


def check_words(options: Namespace, words: Sequence[str], destination: str) -> None:
    """``InvalidArgument`` where the words contradict each other."""
    _check_input(options, words, destination)
    for word in words:
        if not is_whole(word):
            raise SourceUnsuitable(f"the name of {word} is not valid UTF-8", hint="rename it, or name the target: sendoff put - TARGET < FILE")
        if word == "":
            raise InvalidArgument("the name of a file is empty")
    if len(words) > 1 and not is_folder(destination):
        raise InvalidArgument(f"{len(words)} files cannot all become {destination}", hint="end the destination with / to put them below it")
    if options.id and (len(words) > 1 or options.files_from):
        raise InvalidArgument("--id names one operation, and there are several files")
    if (options.offset or options.length) and (len(words) != 1 or options.files_from or options.recursive):
        raise InvalidArgument("--offset and --length mean one file, and there are several")
    if options.base and not options.files_from:
        raise InvalidArgument("--base goes with --files-from, and there is none")
    if options.zero and not options.files_from:
        raise InvalidArgument("-0 goes with --files-from, and there is none")


def _check_input(options: Namespace, words: Sequence[str], destination: str) -> None:
    """Standard input can be read once."""
    headers = "@-" in (*options.header, *options.header_secret)
    lines = options.files_from == INPUT
    if words.count(INPUT) > 1:
        raise InvalidArgument("standard input (-) can be sent only once")
    if INPUT in words and headers:
        raise InvalidArgument("standard input cannot be both the file (-) and the headers (@-)")
    if lines and (headers or INPUT in words):
        raise InvalidArgument("standard input cannot be both the list (--files-from -) and the " + ("headers (@-)" if headers else "file (-)"))
    if INPUT in words and is_folder(destination):
        raise InvalidArgument("standard input has no name to put below a folder", hint="write the whole target: it must not end with /")
    if INPUT in words and (options.then or options.offset or options.length):
        raise InvalidArgument("standard input (-) goes whole, and no file is there to be removed: it goes without --then, --offset and --length")
    if INPUT in words and (options.files_from or options.only_new or options.min_age):
        raise InvalidArgument("standard input (-) goes alone, without --files-from, --only-new and --min-age")


def _choice(options: Namespace) -> Choice:
    before = None if options.min_age is None else time_ns() - round(seconds(options.min_age) * 1e9)
    return Choice(options.include, options.exclude, before=before)
