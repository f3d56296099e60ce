"""Where the data key lives, and what a vault does with and without it."""

import os
import threading
from pathlib import Path

import pytest
from sendoff.errors import ConfigurationError, CredentialNeeded, JournalFull
from sendoff.runtime.key import KeyFile, MemoryKey, keys_for
from sendoff.runtime.vault import Vault

PLAIN = b"the secret itself"


class NoStores:
    """A machine without a key store."""

    def installed(self, driver):
        return False


def key_for(seal, *, environment, folder):
    """The place where a key would be made."""
    return keys_for(seal, environment=environment, folder=folder, journal="j", credentials=NoStores())[0][0]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "keys" / "journal.key"


@pytest.fixture
def vault(path):
    return Vault(KeyFile(path, given=False))


def written(path, text="ab" * 32, mode=0o600):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


# -- the key file -----------------------------------------------------------------------------------------------------


def test_the_key_is_made_at_the_first_need_and_only_its_owner_may_read_it(vault, path):
    assert not path.exists()
    sealed = vault.seal(PLAIN, "x")
    key = path.read_text()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert len(bytes.fromhex(key)) == 32
    assert Vault(KeyFile(path, given=False)).open(sealed, "x") == PLAIN
    assert (path.read_text(), os.listdir(path.parent)) == (key, ["journal.key"])


def test_who_comes_first_at_the_same_moment_makes_the_one_key(path):
    vaults = [Vault(KeyFile(path, given=False)) for _ in range(4)]
    start, sealed = threading.Barrier(16), []

    def seal(vault):
        start.wait(10)
        sealed.append(vault.seal(PLAIN, "x"))

    threads = [threading.Thread(target=seal, args=(vaults[number % 4],)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [Vault(KeyFile(path, given=False)).open(one, "x") for one in sealed] == [PLAIN] * 16
    assert os.listdir(path.parent) == ["journal.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o777])
def test_a_key_that_others_may_read_or_write_is_not_used(mode, path):
    with pytest.raises(CredentialNeeded) as raised:
        Vault(KeyFile(written(path, mode=mode), given=False)).seal(PLAIN, "x")
    assert raised.value.message == f"the key file {path} can be read by others"
    assert raised.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize("text", ["", "ab", "z" * 64, "ab" * 33])
def test_what_is_no_key_is_said_to_be_none(text, path):
    with pytest.raises(CredentialNeeded, match="64 hexadecimal digits"):
        Vault(KeyFile(written(path, text), given=False)).seal(PLAIN, "x")


def test_a_key_that_somebody_else_keeps_is_never_made_here(path):
    with pytest.raises(ConfigurationError) as raised:
        KeyFile(path, given=True).make()
    assert "openssl rand -hex 32" in raised.value.hint
    assert not path.exists()


def test_the_service_managers_key_comes_before_the_named_one_and_that_before_our_own(tmp_path):
    handed, named = written(tmp_path / "handed" / "sendoff-key", "aa" * 32, 0o440), written(tmp_path / "named", "bb" * 32)
    both = {"CREDENTIALS_DIRECTORY": str(handed.parent), "SENDOFF_KEY_FILE": str(named)}

    def key(environment):
        return key_for("auto", environment=environment, folder=tmp_path / "config").load()

    assert key(both) == b"\xaa" * 32
    assert key({"SENDOFF_KEY_FILE": str(named)}) == b"\xbb" * 32
    assert key({"CREDENTIALS_DIRECTORY": str(tmp_path), "SENDOFF_KEY_FILE": str(named)}) == b"\xbb" * 32
    assert key({}) is None
    assert str(tmp_path / "config" / "keys" / "j.key") in key_for("sealed-file", environment={}, folder=tmp_path / "config").describe()
    assert isinstance(key_for("memory", environment=both, folder=tmp_path), MemoryKey)


def test_a_named_key_that_everybody_may_read_is_not_used(tmp_path):
    path = written(tmp_path / "named", mode=0o644)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        key_for("auto", environment={"SENDOFF_KEY_FILE": str(path)}, folder=tmp_path).load()
    path.chmod(0o640)
    assert key_for("auto", environment={"SENDOFF_KEY_FILE": str(path)}, folder=tmp_path).load()


# -- sealed values ----------------------------------------------------------------------------------------------------


def test_what_is_sealed_shows_nothing_and_never_looks_the_same_twice(vault):
    one, another = vault.seal(PLAIN, "x"), vault.seal(PLAIN, "x")
    assert one != another
    assert PLAIN not in one
    assert vault.open(one, "x") == vault.open(another, "x") == PLAIN


def test_a_sealed_value_opens_only_where_it_belongs_and_untouched(vault):
    sealed = vault.seal(PLAIN, "operation a")
    with pytest.raises(CredentialNeeded):
        vault.open(sealed, "operation b")
    for place in range(len(sealed)):
        touched = bytearray(sealed)
        touched[place] ^= 1
        if place == 0:
            continue  # the version of the form
        with pytest.raises(CredentialNeeded):
            vault.open(bytes(touched), "operation a")


def test_a_fingerprint_names_a_content_and_tells_nothing_without_the_key(vault, tmp_path):
    other = Vault(KeyFile(tmp_path / "other.key", given=False))
    assert vault.fingerprint(PLAIN) == vault.fingerprint(PLAIN) != vault.fingerprint(b"else")
    assert vault.fingerprint(PLAIN) != other.fingerprint(PLAIN)


# -- without the key --------------------------------------------------------------------------------------------------


def known(path):
    """A journal whose values were sealed with a key: its id and a value."""
    used = []
    sealed = Vault(KeyFile(path, given=False), used=lambda id, _kind: used.append(id)).seal(PLAIN, "x")
    (id,) = used
    return id, sealed


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: written(path, "cd" * 32)], ids=["gone", "another"])
def test_while_something_is_sealed_no_second_key_is_made_or_taken(lose, path):
    id, sealed = known(path)
    key = path.read_text()
    lose(path)
    there = path.exists() and path.read_text()
    vault = Vault(KeyFile(path, given=False), known=id, in_use=lambda: True)

    for act in (lambda: vault.open(sealed, "x"), lambda: vault.seal(PLAIN, "y"), lambda: vault.fingerprint(PLAIN)):
        with pytest.raises(CredentialNeeded) as raised:
            act()
        assert str(path) in raised.value.message and "bring the key back" in raised.value.hint
    assert (path.exists() and path.read_text()) == there

    written(path, key)
    assert vault.open(sealed, "x") == PLAIN


def test_a_key_whose_name_could_not_be_recorded_seals_nothing(path):
    recorded, full = [], [JournalFull("no room")]

    def used(id, _place):
        if full:
            raise full.pop()
        recorded.append(id)

    vault = Vault(KeyFile(path, given=False), used=used)
    with pytest.raises(JournalFull):
        vault.seal(PLAIN, "x")

    assert vault.open(vault.seal(PLAIN, "x"), "x") == PLAIN
    assert len(recorded) == 1, "the journal knows the key before anything is sealed with it"


@pytest.mark.parametrize("content", [os.urandom(32), b"\xff\xfe", b"zz" * 32, b""], ids=["raw", "no text", "no digits", "empty"])
def test_what_is_no_key_file_is_said_to_be_none(tmp_path, content):
    (tmp_path / "sendoff-key").write_bytes(content)

    with pytest.raises(ConfigurationError, match="is not a key file"):
        key_for("auto", environment={"CREDENTIALS_DIRECTORY": str(tmp_path)}, folder=tmp_path).load()


def test_a_pipe_in_the_place_of_a_key_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)

    with pytest.raises(ConfigurationError, match="no regular file"):
        KeyFile(tmp_path / "pipe", given=False).load()


def test_when_nothing_sealed_is_left_a_new_key_is_made_and_remembered(path):
    id, _ = known(path)
    path.unlink()
    used = []
    vault = Vault(KeyFile(path, given=False), known=id, used=lambda id, _kind: used.append(id), in_use=lambda: False)
    assert vault.open(vault.seal(PLAIN, "x"), "x") == PLAIN
    assert len(used) == 1 and used != [id]


def test_a_key_in_memory_is_another_after_every_death_and_never_remembered():
    used = []
    first, second = Vault(MemoryKey(), used=lambda id, _kind: used.append(id)), Vault(MemoryKey(), used=lambda id, _kind: used.append(id))
    sealed = first.seal(PLAIN, "x")
    assert first.open(sealed, "x") == PLAIN
    with pytest.raises(CredentialNeeded, match="nowhere on disk"):
        second.open(sealed, "x")
    assert second.open(second.seal(PLAIN, "x"), "x") == PLAIN
    assert used == []


@pytest.mark.parametrize("seal", ["auto", "sealed-file", "memory"])
def test_each_place_says_what_it_protects_from(seal, tmp_path):
    said = key_for(seal, environment={}, folder=tmp_path).describe()
    assert said.startswith("memory" if seal == "memory" else "sealed-file")
    assert "after the host's death" in said or "a copy of the state folder alone tells nothing" in said
