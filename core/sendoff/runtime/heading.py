"""The headers of an operation while they are changed: what is shown of them, and what is sealed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sendoff.errors import InvalidArgument
from sendoff.model.header import checked_header, is_secret_header, joined
from sendoff.model.secret import STARS, reveal
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.secrets import Sealed

Pairs = Sequence[tuple[str, str]]


class Heading:
    """Headers by name; a change replaces all of its name. shown: as the record has them, secrets as three stars. named: variables that new references read.

    key: the idempotency key, whose header is not changed.
    """

    def __init__(self, shown: Pairs, sealed: Sealed, credentials: Credentials, *, key: str | None) -> None:
        self.shown, self.sealed, self.named = tuple(shown), sealed, tuple[str, ...]()
        self._credentials, self._key = credentials, key

    @property
    def secret(self) -> list[str]:
        """The names of those that are sealed."""
        return [name for name, value in self.shown if value == STARS]

    def change(self, headers: Iterable[Any], secret_headers: Iterable[Any]) -> list[str]:
        """Each takes the place of those of its name; one without a value (None) only removes them. What changed, for people."""
        public, secret = [tuple(one) for one in headers], [tuple(one) for one in secret_headers]
        before = self._state()
        names = {str(name).lower(): str(name) for name, _ in (*public, *secret)}
        for name in names.values():
            self._remove(name)
        for name, value in joined(tuple(checked_header(name, value) for name, value in public if value is not None)):
            self._add(name, reveal(value), hidden=is_secret_header(name))
        for name, value in secret:
            if value is not None:
                self._add_secret(*checked_header(name, value))
        return [f"header {name}" for lower, name in names.items() if before.get(lower) != self._state().get(lower)]

    def exchange(self, old: Pairs, new: Pairs, *, url: str | None) -> None:
        """Another destination: its configured headers in the place of the old one's, and its signed address."""
        mine = {name.lower() for name, _ in old} - {name.lower() for name, _ in new}
        for name in mine:
            self._remove(name)
        there = {name.lower() for name, _ in self.shown}
        for name, value in new:
            if name.lower() not in there:
                self._add(name, value, hidden=is_secret_header(name))
        self.sealed = replace(self.sealed, url=url)

    def forget_identity(self, kind: str) -> None:
        """Another credential takes the place of the one that came with the operation."""
        self.sealed = replace(self.sealed, identities=tuple(one for one in self.sealed.identities if one[0] != kind))

    def _state(self) -> dict[str, Any]:
        """What goes out under each name."""
        sealed = {name.lower(): value for name, value in (*self.sealed.headers, *self.sealed.references)}
        return {name.lower(): sealed.get(name.lower(), value) for name, value in self.shown}

    def _remove(self, name: str) -> None:
        if self._key is not None and any(one.lower() == name.lower() and value == self._key for one, value in self.shown):
            raise InvalidArgument(f"header {name}: it carries the idempotency key, which stays the same for all tries")
        self.shown = _others(self.shown, name)
        self.sealed = replace(self.sealed, headers=_others(self.sealed.headers, name), references=_others(self.sealed.references, name))

    def _add(self, name: str, value: str, *, hidden: bool) -> None:
        self.shown = (*self.shown, (name, STARS if hidden else value))
        if hidden:
            self.sealed = replace(self.sealed, headers=(*self.sealed.headers, (name, value)))

    def _add_secret(self, name: str, value: Any) -> None:
        if not self._credentials.is_reference(reveal(value)):
            self._add(name, reveal(value), hidden=True)
            return
        self.shown = (*self.shown, (name, STARS))
        self.sealed = replace(self.sealed, references=(*self.sealed.references, (name, reveal(value))))
        self.named += self._credentials.variables(reveal(value))


def _others(pairs: Pairs, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(one for one in pairs if one[0].lower() != name.lower())
