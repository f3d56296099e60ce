"""The key that seals secrets, in the key store of a login: had without a person or waited for, never lost, never made twice."""

import threading
import time

import pytest
from sendoff.errors import CredentialNeeded, InvalidArgument
from sendoff.model.query import Question

from tests.core.box import Box, Content, secret, waits
from tests.core.owned import QUICK, Owned


@pytest.fixture
def box():
    return Content()


@pytest.fixture
def sealing(tmp_path, box):
    """Makes an owner with this seal, whose key store is the box."""
    made = []

    def sealing(seal, timeout="30s"):
        one = Owned(tmp_path, config=sealed_by(seal, timeout), own={("credentials", "keyring"): (Box, lambda _: box)})
        made.append(one)
        return one

    yield sealing
    if box.held is not None:
        box.held.set()
    for one in made:
        one.close()


def sealed_by(seal, timeout="30s"):
    return f'{QUICK}[secrets]\nseal = "{seal}"\ntimeout = "{timeout}"\n'


def hidden(owned, **more):
    return owned.put(owned.file(), "session://10.0.0.1/x", secret_headers=(("X-Token", "s3cret-value"),), **more)


def key_files(owned):
    return list((owned.config.parent / "keys").glob("*")) if (owned.config.parent / "keys").exists() else []


@pytest.mark.parametrize("seal", ["auto", "keyring"])
def test_the_key_is_in_the_key_store_where_that_can_be_opened(sealing, box, seal):
    owned = sealing(seal)
    id = hidden(owned, start=False)
    (name,) = box.kept
    assert name.startswith("key-of-journal-") and key_files(owned) == []

    owned.reopen()
    owned.order("start", id)

    owned.done(id)
    assert owned.owner._secrets.vault.describe().startswith("keyring: the key is in the key store of this login, as keyring:key-of-journal-")


@pytest.mark.fault(88)
def test_while_the_key_store_is_locked_what_was_sealed_with_its_key_waits(sealing, box):
    owned = sealing("auto")
    id = hidden(owned, start=False)
    box.shut = "it is locked"
    owned.reopen()
    owned.order("start", id)

    assert waits(owned, id) == "the key store keyring cannot be opened: it is locked"
    assert key_files(owned) == [], "no second key is made"
    box.shut = None

    owned.until(id, "completed")  # it is looked at now and then


@pytest.mark.fault(88)
def test_a_key_that_is_late_is_not_called_lost_and_what_waited_for_it_goes_on(sealing, box):
    owned = sealing("auto")
    id = hidden(owned, start=False)
    owned.close()
    owned.config.write_text(sealed_by("auto", "0.3s"))
    box.held = threading.Event()
    owned.open()
    owned.order("start", id)

    assert "the credential store" in waits(owned, id)
    assert owned.view(id)["error"]["hint"] == "unlock it: what waits goes on then"
    box.held.set()
    owned.until(id, "completed")


def test_the_key_is_no_credential_that_could_be_sent_shown_or_removed(sealing, box):
    owned = sealing("auto")
    hidden(owned, start=False)
    (name,) = box.kept

    for act in (
        lambda: owned.owner.keep(f"keyring:{name}", None),
        lambda: owned.owner.keep(f"keyring:{name}", secret("x")),
        lambda: owned.put(owned.file(), "session://10.0.0.1/y", secret_headers=(("X-Token", f"keyring:{name}"),)),
    ):
        with pytest.raises(InvalidArgument, match="is the key of a journal"):
            act()
    assert list(box.kept) == [name]
    assert owned.owner.ask(Question(what="credentials"))["names"] == []


@pytest.mark.parametrize(("first", "then"), [("sealed-file", "memory"), ("keyring", "sealed-file"), ("sealed-file", "keyring"), ("keyring", "memory")])
def test_where_the_setting_changes_the_key_stays_in_use_as_long_as_anything_is_sealed_with_it(sealing, box, first, then):
    owned = sealing(first)
    id = hidden(owned, start=False)
    owned.close()
    owned.config.write_text(sealed_by(then))
    owned.open()
    other = owned.put(owned.file("b.bin"), "session://10.0.0.1/y", secret_headers=(("X-Token", "another-value"),), start=False)

    assert f"from when the setting was another: it is {then} when nothing is left" in owned.owner._secrets.vault.describe()
    owned.order("start", id)
    owned.order("start", other)
    owned.done(id)
    owned.done(other)
    owned.reopen()
    hidden(owned, start=False)
    assert owned.owner._secrets.vault.describe().startswith(f"{then}: ")


def test_status_does_not_wait_for_a_key_store(sealing, box):
    owned = sealing("auto")
    hidden(owned, start=False)
    box.held = threading.Event()
    owned.reopen()
    box.hangs = True
    began = time.monotonic()

    assert "seal" in owned.owner.ask(Question(what="status"))
    assert time.monotonic() - began < 10


def test_check_names_each_store_and_why_one_cannot_be_used(sealing, box):
    owned = sealing("sealed-file")
    box.shut = "it is locked"

    rows = {row["what"]: row["detail"] for row in owned.owner.ask(Question(what="check"))["rows"]}

    assert rows["credentials keyring"] == "not usable here: it is locked"
    assert rows["credentials env"] == "usable"


def test_where_there_is_no_key_store_the_key_is_in_a_file_and_stays_there(sealing, box):
    box.shut = "there is none"
    owned = sealing("auto")
    id = hidden(owned, start=False)
    said = owned.owner._secrets.vault.describe()
    assert len(key_files(owned)) == 1 and said.startswith("sealed-file: ") and said.endswith("; the key store is not used: there is none")

    box.shut = None
    owned.reopen()
    assert owned.owner._secrets.vault.describe().startswith("sealed-file: ")
    owned.order("start", id)

    owned.done(id)
    assert box.kept == {}


@pytest.mark.fault(88)
def test_where_only_the_key_store_will_do_and_it_is_locked_nothing_is_stored(sealing, box):
    box.shut = "it is locked"
    owned = sealing("keyring")

    with pytest.raises(CredentialNeeded, match="it is locked"):
        hidden(owned)
    assert owned.records() == [] and key_files(owned) == []


def test_a_key_that_was_taken_away_from_the_key_store_is_missed_and_no_other_made(sealing, box):
    owned = sealing("auto")
    id = hidden(owned, start=False)
    box.kept.clear()
    owned.reopen()
    owned.order("start", id)

    assert "cannot be had (keyring: the key is in the key store of this login" in waits(owned, id)
    assert box.kept == {} and key_files(owned) == []


def test_a_place_behind_a_store_that_hangs_holds_up_no_other(box, sealing):
    """The key of the journal is asked for when a connection is made, and nobody else waits for that one to be made."""
    patient = sealing("keyring", timeout="30s")
    waits_for_key = patient.put(patient.file(), "plain://10.0.0.1/x", start=False, environment={"AWS_PROFILE": "theirs"})
    box.held = threading.Event()
    patient.reopen()
    patient.order("start", waits_for_key)
    other = patient.put(patient.file(), "plain://10.0.0.2/other")

    patient.done(other)
    assert patient.view(waits_for_key)["status"] == "running"
    box.held.set()
    patient.done(waits_for_key)
