"""A credential that is kept through the desk, and who waited for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sendoff.errors import CredentialNeeded, InvalidArgument
from sendoff.model.secret import Credential, Secret
from sendoff.ports.credentials import CredentialStore, Writable
from sendoff.testing.receiver import Receiver

from tests.core.owned import Owned

REFERENCE = "drawer:token"


def drawer(kept: dict[str, Credential]) -> type:
    """A credential store that can be written, over a dictionary."""

    class Drawer(CredentialStore, Writable):
        Settings = dict

        def get(self, name: str, *, environment: Mapping[str, str], refused: Credential | None = None) -> Credential:
            if name not in kept:
                raise CredentialNeeded(f"the drawer has no {name}")
            return kept[name]

        def set(self, name: str, credential: Credential) -> None:
            kept[name] = credential

        def remove(self, name: str) -> bool:
            return kept.pop(name, None) is not None

        def names(self) -> Iterator[str]:
            yield from kept

    return Drawer


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[Owned]:
    made = Owned(tmp_path, own={("credentials", "drawer"): (drawer({}), dict)})
    yield made
    made.close()


def put(owned: Owned, folder: Path, url: str) -> Any:
    source = folder / "source.bin"
    source.write_bytes(b"x" * 1000)
    return owned.put(source, url, credential=REFERENCE)


def test_who_waited_for_a_credential_goes_on_when_it_is_kept(owned: Owned, tmp_path: Path) -> None:
    with Receiver(tmp_path / "landed", authorization="Bearer right") as receiver:
        id = put(owned, tmp_path, f"{receiver.url}a")
        owned.until(id, "paused_recoverable")

        owned.owner.keep(REFERENCE, Credential(kind="bearer", secret=Secret("right")))

        owned.until(id, "completed")


def test_what_is_not_there_cannot_be_removed_and_what_cannot_be_written_says_so(owned: Owned) -> None:
    with pytest.raises(InvalidArgument, match="no credential"):
        owned.owner.keep(REFERENCE, None)
    with pytest.raises(InvalidArgument, match="cannot be written"):
        owned.owner.keep("env:TOKEN", Credential(secret=Secret("x")))
