"""``sendoff new-plugin``: writes a distribution of one's own that works, to change from there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.new_plugin.draft import Draft
from sendoff.cli.new_plugin.kind import KINDS, kind_of
from sendoff.cli.new_plugin.name import checked_name
from sendoff.cli.parser import Parser
from sendoff.errors import InvalidArgument


def arguments(parser: Parser, _command: str) -> None:
    """``--into``."""
    parser.option("--into", metavar="DIR", default=".", help="the folder in which the folder sendoff-NAME is made (default: this one)")
    parser.epilog = (
        f"KIND is one of: {'; '.join(f'{kind.word} ({kind.use})' for kind in KINDS)}. What is written can be installed and used at once, is typed, and "
        "keeps the contract of its kind before a backend that is easily replaced; its README.md says how to go on."
    )


def run(call: Call) -> int:
    """Carries ``new-plugin`` out."""
    if len(call.words) != 2:
        raise InvalidArgument("sendoff new-plugin takes a kind and a name", hint="such as: sendoff new-plugin sink pager")
    kind = kind_of(call.words[0])
    draft = Draft(kind, checked_name(kind, call.words[1]))
    folder = Path(call.options.into) / draft.distribution
    texts = draft.files()
    _write(folder, texts)
    call.output.item({"kind": kind.many, "name": draft.name, "distribution": draft.distribution, "path": str(folder.absolute()), "files": sorted(texts)})
    call.output.line(str(folder))
    call.output.note(f"a plugin of the kind {kind.word} that works; {folder / 'README.md'} says how to install it, try it and go on")
    return exits.DONE


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """The folder is there with all of them, or not at all. Errors: ``InvalidArgument`` where there is something already, or no folder to make it in."""
    if not folder.parent.is_dir():
        raise InvalidArgument(f"there is no folder {folder.parent} to make {folder.name} in; nothing was written", hint="make it first")
    if os.path.lexists(folder):
        raise InvalidArgument(f"{folder} is there already; nothing was written", hint="choose another name, or another folder with --into")
    try:
        _make(folder, texts)
    except OSError as cause:
        hint = "choose another folder with --into"
        raise InvalidArgument(f"{folder.parent}: {cause.strerror or type(cause).__name__}; nothing was written", hint=hint) from cause


def _make(folder: Path, texts: Mapping[str, str]) -> None:
    """Beside its place first, then there. Errors: ``OSError``; nothing is left then."""
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        unfinished.chmod(0o777 & ~_mask())
        for name, text in texts.items():
            (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
            (unfinished / name).write_text(text, encoding="utf-8")
        unfinished.rename(folder)
    except BaseException:
        rmtree(unfinished, ignore_errors=True)
        raise


def _mask() -> int:
    """What this user takes away of the rights of new files; it can only be read by being set."""
    found = os.umask(0o077)
    os.umask(found)
    return found
