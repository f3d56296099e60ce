"""A program that is asked for a credential: started without a shell, read with a limit, ended with its time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sendoff import CredentialNeeded

from sendoff_credentials_basic.complaint import quoted
from sendoff_credentials_basic.dialogue import LARGEST, Dialogue
from sendoff_credentials_basic.surroundings import secrets_among, surroundings

NAME = "SENDOFF_CREDENTIAL"
Secrets = Callable[[bytes], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Said:
    """What a program has written to its standard output, what of its complaints may be shown, and its exit code; negative: the signal it died of."""

    text: bytes
    complaint: str
    code: int


class Program:
    """A program that is asked once or several times, within ``timeout`` seconds from now in all; then it is ended, with all that it started.

    name: of the credential. environment: the submitter's; None = asked for no upload. named: further variables of it that the program sees.
    secrets: what is secret in a text that it is told or says.
    """

    def __init__(
        self, argv: Sequence[str], *, name: str, timeout: float, environment: Mapping[str, str] | None, named: Sequence[str], secrets: Secrets
    ) -> None:  # fmt: skip
        self.argv, self.what = argv, f"credentials.{name}"
        self._timeout, self._until = timeout, time.monotonic() + timeout
        self._environment = {**surroundings(environment, named), NAME: name}
        self._secrets, self._known = secrets, {*secrets_among(self._environment, named)}

    def run(self, *words: str, told: bytes = b"") -> Said:
        """Start it with these further words, and write ``told`` to its standard input. Errors: ``CredentialNeeded``."""
        self._known |= {*self._secrets(told)}
        with self._started(words) as program:
            dialogue = Dialogue(program, told)
            self._follow(dialogue)
            if dialogue.held:
                _end(program)
        self._known |= {*self._secrets(bytes(dialogue.said))}
        return Said(bytes(dialogue.said), quoted(bytes(dialogue.complaint), self._known), program.returncode)

    def _follow(self, dialogue: Dialogue) -> None:
        try:
            dialogue.run(self._until)
        except TimeoutError:
            message = f"{self.what}: {self.argv[0]} did not end within {self._timeout:g} seconds and was ended"
            raise CredentialNeeded(message, hint="see what holds it up, or give it a longer timeout") from None
        if len(dialogue.said) > LARGEST:
            raise CredentialNeeded(f"{self.what}: {self.argv[0]} says more than 64 KiB", hint="what it is asked for is one credential")

    @contextmanager
    def _started(self, words: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        pipe = subprocess.PIPE
        try:
            program = subprocess.Popen(
                [*self.argv, *words], bufsize=0, env=self._environment, cwd="/", start_new_session=True, stdin=pipe, stdout=pipe, stderr=pipe
            )
        except (OSError, ValueError) as cause:
            reason = cause.strerror if isinstance(cause, OSError) else str(cause)
            raise CredentialNeeded(f"{self.what}: {self.argv[0]} cannot be started: {reason}", hint="correct its argv") from cause
        try:
            yield program
        except BaseException:
            _end(program)
            raise
        finally:
            _close(program)


def _end(program: subprocess.Popen[bytes]) -> None:
    """End it, and everything it started that did not leave its process group, whose number is nobody else's while one of them lives."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def _close(program: subprocess.Popen[bytes]) -> None:
    for stream in (program.stdin, program.stdout, program.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()
