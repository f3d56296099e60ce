"""A function in a process of its own, for what reads the environment: nobody's variables are ever set in the host's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from sendoff.errors import CredentialNeeded, Json, Permanent, SendoffError, Transient, from_json, to_json
from sendoff.runtime.secrets import is_identity

LONGEST = 60.0  # seconds; a chain may have to ask a server of its own


def in_child(function: Callable[..., Json], environment: Mapping[str, str], **words: Json) -> Json:
    """As ``ports.toolkit.Child`` says."""
    name = f"{function.__module__}:{function.__qualname__}"
    asked = json.dumps({"function": name, "words": words, "path": _places()}).encode()
    command = [sys.executable, "-P", "-c", "from sendoff.runtime.child import answer; answer()"]
    try:
        done = subprocess.run(command, input=asked, env=_surroundings(environment), capture_output=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired as cause:
        raise Transient(f"{name} did not end within {LONGEST:g} seconds", side="local") from cause
    try:
        said = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError) as cause:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise Permanent(f"{name} gave no answer: {last}", side="local") from cause
    if "error" in said:
        raise from_json(said["error"])
    return said["answer"]


def answer() -> None:
    """The other side: reads what is asked from standard input, and writes the answer as the last line."""
    asked = json.load(sys.stdin)
    sys.path[:] = asked["path"]
    module, _, name = asked["function"].partition(":")
    try:
        said: Json = {"answer": getattr(import_module(module), name)(**asked["words"])}
    except SendoffError as error:
        said = {"error": to_json(error)}
    except Exception as error:  # noqa: BLE001 - a stranger's code; it becomes one of sendoff's errors
        said = {"error": to_json(Permanent(f"{asked['function']} failed: {type(error).__name__}: {error}", side="local"))}
    sys.stdout.write(f"\n{json.dumps(said)}\n")


def _surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what says who it is, with what is given; modules are found where they are found here."""
    broken = next((name for name, value in environment.items() if "\0" in value), None)
    if broken is not None:
        raise CredentialNeeded(f"{broken}, as the upload was queued with it, holds a NUL character, which no environment can", hint=f"correct {broken}")
    plain = {name: value for name, value in os.environ.items() if not is_identity(name)}
    return {**plain, **environment, "PYTHONPATH": os.pathsep.join(_places())}


def _places() -> list[str]:
    """Where this process looks for modules, without its working folder, where anybody may have put some."""
    return [one for one in sys.path if os.path.isabs(one)]
