"""A configuration on its way: changed on a copy beside it, and checked before it takes the old one's place."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sendoff.cli.call import Call
from sendoff.errors import ConfigurationError, InvalidState, StoreRefused
from sendoff.settings import load
from sendoff.settings.keys import keys, template

EDITORS = ("nano", "vi", "vim", "emacs")  # looked for where nobody has said which
SUFFIX = ".draft"
_GOES_ON = "sendoff config edit goes on with it"


def edited(call: Call, environ: Mapping[str, str]) -> bool:
    """Lets a person change the configuration; whether it changed. Errors: what is wrong with the draft, which is kept then."""
    path = Path(os.path.realpath(call.place.config))  # a link stays one
    draft = path.with_name(path.name + SUFFIX)
    try:
        before = path.read_bytes() if path.exists() else None
        _begin(call, path, draft, before)
        begun = draft.read_bytes()
        while True:
            _let_edit(environ, draft)
            error = _fault(draft, path, environ)
            if error is None:
                return _take(path, draft, before, begun)
            if not _again(call, error):
                raise _kept(error, draft)
    except OSError as cause:
        raise StoreRefused(f"{cause.filename or draft}: {cause.strerror}") from cause


def _begin(call: Call, path: Path, draft: Path, before: bytes | None) -> None:
    """A copy to work on; one that was left from the last time goes on."""
    if draft.exists():
        call.output.note(f"going on with {draft}, which was left the last time")
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft.write_bytes(template(keys()).encode() if before is None else before)
    if before is not None:
        shutil.copymode(path, draft)


def _let_edit(environ: Mapping[str, str], draft: Path) -> None:
    words = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or next(filter(shutil.which, EDITORS), ""))
    if not words:
        raise InvalidState("there is no editor", hint="name one: EDITOR=nano sendoff config edit")
    try:
        code = subprocess.run([*words, str(draft)], check=False).returncode
    except FileNotFoundError as cause:
        raise InvalidState(f"there is no editor {words[0]}", hint="name one: EDITOR=nano sendoff config edit") from cause
    if code:
        raise InvalidState(f"the editor {words[0]} ended with {code}; nothing was changed", hint=f"what you wrote is in {draft}, and {_GOES_ON}")


def _fault(draft: Path, path: Path, environ: Mapping[str, str]) -> ConfigurationError | None:
    try:
        load(draft, environ)
    except ConfigurationError as error:
        return ConfigurationError(error.message.replace(str(draft), str(path)), hint=error.hint, **error.facts)
    return None


def _again(call: Call, error: ConfigurationError) -> bool:
    """Whether to correct it now; nobody is asked where nobody sits."""
    if call.output.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    call.output.fail(error)
    sys.stderr.write("Edit it again? [Y/n] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def _kept(error: ConfigurationError, draft: Path) -> ConfigurationError:
    hint = f"the configuration in force is as before; what you wrote is in {draft}, and {_GOES_ON}"
    return ConfigurationError(error.message, hint=hint, **error.facts)


def _take(path: Path, draft: Path, before: bytes | None, begun: bytes) -> bool:
    """The draft takes the place of the file, in one step, unless somebody else has changed that meanwhile."""
    if draft.read_bytes() == (before if before is not None else begun):
        draft.unlink()
        return False
    if (path.read_bytes() if path.exists() else None) != before:
        raise InvalidState(f"{path} was changed by somebody else meanwhile; it is left as it is", hint=f"what you wrote is in {draft}")
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)
    return True
