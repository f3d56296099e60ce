"""What every credential store promises."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sendoff.errors import CredentialNeeded, SendoffError
from sendoff.model.secret import Credential
from sendoff.ports.credentials import CredentialStore
from sendoff.testing.driver_contract import DriverContract

Keep = Callable[[str], Mapping[str, str]]
FIRST, SECOND = "first-Value-1f7a", "second-Value-93c0"


class CredentialContract(DriverContract):
    """Provide ``driver``, ``options``, ``name`` and ``keep``.

    name: of a credential. keep: puts a secret under that name, in the place of an earlier one, and returns the environment to ask with.
    """

    @pytest.fixture
    def name(self) -> str:
        """Of a credential that ``keep`` sets."""
        return "SENDOFF_CONTRACT"

    @pytest.fixture
    def keep(self, toolkit: Any) -> Keep:
        """Puts a secret under the name and returns the environment to ask with."""
        raise pytest.UsageError("a credential contract needs the fixture `keep`")

    @pytest.fixture
    def store(self, made: CredentialStore) -> CredentialStore:
        """The store itself."""
        return made

    def test_what_was_kept_is_given(self, store: CredentialStore, name: str, keep: Keep) -> None:
        found = store.get(name, environment=keep(FIRST))

        assert isinstance(found, Credential)
        assert found.secret.reveal() == FIRST
        assert found.kind in ("basic", "bearer", "header", "key")

    def test_a_change_is_seen_at_the_next_use(self, store: CredentialStore, name: str, keep: Keep) -> None:
        store.get(name, environment=keep(FIRST))

        assert store.get(name, environment=keep(SECOND)).secret.reveal() == SECOND

    def test_a_refused_value_is_not_given_again(self, store: CredentialStore, name: str, keep: Keep) -> None:
        environment = keep(FIRST)
        refused = store.get(name, environment=environment)

        with pytest.raises(CredentialNeeded):
            store.get(name, environment=environment, refused=refused)

    def test_after_a_refusal_a_newer_value_is_given(self, store: CredentialStore, name: str, keep: Keep) -> None:
        refused = store.get(name, environment=keep(FIRST))

        assert store.get(name, environment=keep(SECOND), refused=refused).secret.reveal() == SECOND

    def test_one_that_is_not_there_is_asked_of_a_person(self, store: CredentialStore, name: str, keep: Keep) -> None:
        with pytest.raises(CredentialNeeded) as caught:
            store.get(f"{name}_OF_NOBODY", environment=keep(FIRST))

        assert f"{name}_OF_NOBODY" in caught.value.message
        assert caught.value.hint, "the error says what to do"

    @pytest.mark.parametrize("bad", ["", "a\nb", "a\rb", "a\0b", "a\x1bb"])
    def test_a_name_with_control_characters_is_refused(self, store: CredentialStore, name: str, keep: Keep, bad: str) -> None:
        with pytest.raises(SendoffError):
            store.get(bad, environment=keep(FIRST))

    def test_only_the_environment_that_is_handed_in_is_asked(self, store: CredentialStore, name: str, keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
        environment = keep(FIRST)
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)

        if environment:
            with pytest.raises(CredentialNeeded):
                store.get(name, environment={})
        assert store.get(name, environment=environment).secret.reveal() == FIRST

    def test_no_error_shows_the_secret(self, store: CredentialStore, name: str, keep: Keep) -> None:
        environment = keep(FIRST)
        refused = store.get(name, environment=environment)

        with pytest.raises(SendoffError) as caught:
            store.get(name, environment=environment, refused=refused)
        assert FIRST not in "".join(traceback.format_exception(caught.value)) + str(caught.value.hint)

    def test_it_says_whether_it_works_here(self, store: CredentialStore, name: str, keep: Keep) -> None:
        keep(FIRST)

        assert store.usable() is None
