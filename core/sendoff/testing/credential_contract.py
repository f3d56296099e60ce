"""What every credential store promises."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sendoff.errors import CredentialNeeded, InvalidArgument, SendoffError
from sendoff.model.secret import Credential, Secret
from sendoff.ports.credentials import CredentialStore, Writable
from sendoff.testing.driver_contract import DriverContract

Keep = Callable[[str], Mapping[str, str]]
FIRST, SECOND = "first-Value-1f7a", "second-Value-93c0"


class CredentialContract(DriverContract):
    """Provide ``driver``, ``options``, ``name`` and ``keep``.

    name: of a credential. keep: puts a secret under that name, in the place of an earlier one, and returns the environment to ask with.

    Example::

        class TestMine(CredentialContract):
            @pytest.fixture
            def driver(self):
                return MyStore

            @pytest.fixture
            def keep(self, tmp_path, name):
                def keep(secret):
                    (tmp_path / name).write_text(secret)
                    return {}

                return keep
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
        environment = keep(FIRST)

        with pytest.raises(InvalidArgument):
            store.get(bad, environment=environment)

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


class WritableContract(CredentialContract):
    """For one that can be written. Provide what ``CredentialContract`` needs besides ``keep``; ``environment``, where it is asked with one.

    Example::

        class TestMine(WritableContract):
            @pytest.fixture
            def driver(self):
                return MyStore

            @pytest.fixture
            def options(self, tmp_path):
                return {"folder": str(tmp_path)}
    """

    @pytest.fixture
    def environment(self) -> Mapping[str, str]:
        """What it is asked with."""
        return {}

    @pytest.fixture
    def writable(self, store: CredentialStore) -> Writable:
        """The store, to be written."""
        assert isinstance(store, Writable)
        return store

    @pytest.fixture
    def keep(self, writable: Writable, name: str, environment: Mapping[str, str]) -> Keep:
        """By its own means."""

        def keep(secret: str) -> Mapping[str, str]:
            writable.set(name, Credential(kind="basic", username="me", secret=Secret(secret)))
            return environment

        return keep

    @pytest.mark.parametrize("secret", ["a'b\"c", "[x]\\n = #;%$`!", "gr\u00fc\u00dfe \u2713", "x" * 2000, " ends with a blank "])
    def test_any_text_of_one_line_comes_back_as_it_was(
        self, store: CredentialStore, writable: Writable, name: str, environment: Mapping[str, str], secret: str
    ) -> None:  # fmt: skip
        writable.set(name, Credential(kind="basic", username="me", secret=Secret(secret)))

        found = store.get(name, environment=environment)
        assert (found.kind, found.username, found.secret.reveal()) == ("basic", "me", secret)

    def test_what_was_removed_is_gone(self, store: CredentialStore, writable: Writable, name: str, keep: Keep) -> None:
        environment = keep(FIRST)

        assert writable.remove(name) is True
        assert writable.remove(name) is False
        with pytest.raises(CredentialNeeded):
            store.get(name, environment=environment)

    def test_names_are_listed_and_values_never(self, writable: Writable, name: str, keep: Keep) -> None:
        keep(FIRST)

        names = list(writable.names())
        assert names in ([name], []), "one that cannot be listed names none"
        writable.remove(name)
        assert name not in list(writable.names())
