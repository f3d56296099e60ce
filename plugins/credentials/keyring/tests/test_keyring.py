"""The key store of a login, by the real SecretService of GNOME."""

import subprocess
import sys
import threading

import pytest
from sendoff import Credential, CredentialNeeded, InvalidArgument, Secret
from sendoff.testing.credential_contract import WritableContract
from sendoff_keyring.credentials import KeyringCredentials

pytestmark = [
    pytest.mark.needs_server,
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),  # keyring leaves a connection open where it finds a lock
]
AT_ONCE = """
from logging import getLogger
from pathlib import Path
from random import Random
from threading import Barrier, Thread
from sendoff.ports.clock import SystemClock
from sendoff.ports.toolkit import Toolkit
from sendoff_keyring.credentials import KeyringCredentials
toolkit = Toolkit(clock=SystemClock(), random=Random(1), log=getLogger("x"), folder=Path("."))
store, together, answers = KeyringCredentials(KeyringCredentials.Settings(), toolkit), Barrier(5), []
def ask():
    together.wait()
    try:
        answers.append(store.get("lab", environment={}).secret.reveal())
    except Exception as error:
        answers.append(str(error))
threads = [Thread(target=ask) for _ in range(5)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(set(answers))
"""
SERVICE = "keyring.backends.SecretService.Keyring"


class TestKeyring(WritableContract):
    @pytest.fixture
    def driver(self):
        return KeyringCredentials

    @pytest.fixture
    def options(self, desktop):
        return {"backend": SERVICE}

    def test_what_somebody_has_put_there_by_other_means_is_a_secret(self, driver, toolkit, desktop):
        subprocess.run([sys.executable, "-m", "keyring", "set", "sendoff", "lab"], input=b"typed\n", check=True)
        token = driver(driver.Settings(backend=SERVICE), toolkit).get("lab", environment={})
        login = driver(driver.Settings(backend=SERVICE, username="me"), toolkit).get("lab", environment={})

        assert [(one.kind, one.username, one.secret.reveal()) for one in (token, login)] == [("bearer", "", "typed"), ("basic", "me", "typed")]

    def test_many_threads_of_many_programs_that_ask_first_and_at_once_all_get_it(self, desktop):
        subprocess.run([sys.executable, "-m", "keyring", "set", "sendoff", "lab"], input=b"typed\n", check=True)
        programs = [subprocess.Popen([sys.executable, "-c", AT_ONCE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(8)]

        said = [program.communicate(timeout=60) for program in programs]
        assert {answers for answers, _ in said} == {"{'typed'}\n"}, said

    def test_a_locked_one_says_so_and_no_prompt_appears_for_the_question(self, store, writable, desktop):
        desktop.seat_nobody()
        writable.set("lab", Credential(secret=Secret("x")))
        desktop.lock()

        assert store.usable() == f"the key store {SERVICE}: it is locked"

    @pytest.mark.fault(88)
    def test_where_nobody_can_be_asked_a_locked_one_is_a_matter_for_a_person(self, store, writable, desktop):
        writable.set("lab", Credential(secret=Secret("x")))
        desktop.lock()

        with pytest.raises(CredentialNeeded, match="is locked") as caught:
            store.get("lab", environment={})
        assert "unlock" in caught.value.hint

    def test_a_prompt_that_nobody_answers_holds_it_up_until_somebody_does(self, store, writable, desktop):
        writable.set("lab", Credential(secret=Secret("x")))
        desktop.seat_nobody()
        desktop.lock()
        came = threading.Event()
        threading.Thread(target=lambda: (store.get("lab", environment={}), came.set()), daemon=True).start()

        assert not came.wait(1.0)
        desktop.unlock()
        desktop.dismiss()
        assert store.usable() is None
        assert came.wait(30)

    def test_one_that_goes_away_is_told_of(self, store, desktop):
        desktop.close()

        with pytest.raises(CredentialNeeded):
            store.get("lab", environment={})
        assert "cannot be" in store.usable()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("keyring.backends.null.Keyring", "it keeps nothing"),
        ("keyring.backends.fail.Keyring", "there is no key store here"),
        ("plugins.credentials.keyring.tests.plain.PlaintextKeyring", "in clear text"),
        ("plugins.credentials.keyring.tests.plain.Derived", "in clear text"),
    ],
)
@pytest.mark.fault(88)
@pytest.mark.parametrize("by", ["setting", "environment"])
def test_what_keeps_nothing_or_keeps_it_readable_is_refused_with_the_reason(toolkit, backend, name, reason, by):
    if by == "environment":
        backend(name)
    store = KeyringCredentials(KeyringCredentials.Settings(backend=name if by == "setting" else None), toolkit)

    for act in (lambda: store.get("lab", environment={}), lambda: store.set("lab", Credential(secret=Secret("x"))), lambda: store.remove("lab")):
        with pytest.raises(CredentialNeeded, match=reason):
            act()
    assert reason in store.usable() and name in store.usable()


@pytest.mark.parametrize("name", ["no.such.module.Class", "os.path.join", "keyring.backends.null.Nothing"])
def test_a_backend_that_is_none_is_named(toolkit, name):
    store = KeyringCredentials(KeyringCredentials.Settings(backend=name), toolkit)

    with pytest.raises(CredentialNeeded, match=f"the key store {name} cannot be used"):
        store.get("lab", environment={})


def test_one_that_does_not_give_back_what_it_was_given_is_found_out(toolkit):
    store = KeyringCredentials(KeyringCredentials.Settings(backend="plugins.credentials.keyring.tests.plain.Forgetful"), toolkit)

    with pytest.raises(CredentialNeeded, match="does not give back"):
        store.set("lab", Credential(secret=Secret("x")))


def test_the_entry_that_lists_the_others_is_nobodys(toolkit):
    store = KeyringCredentials(KeyringCredentials.Settings(backend=SERVICE), toolkit)

    with pytest.raises(InvalidArgument):
        store.get("(names)", environment={})
