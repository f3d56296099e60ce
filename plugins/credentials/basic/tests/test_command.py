"""Programs that know a credential: one that prints a token, and credential helpers of git's, git's own among them."""

import os
import stat

import pytest
from sendoff import CredentialNeeded, InvalidArgument
from sendoff.testing.credential_contract import CredentialContract, WritableContract
from sendoff_credentials_basic.command import CommandCredentials

from plugins.credentials.basic.tests.programs import asked, helper_in, login, made, of_git, program

GIT = "git"


class TestToken(CredentialContract):
    """A script that prints what a file holds, under the one name that it knows."""

    @pytest.fixture
    def driver(self):
        return CommandCredentials

    @pytest.fixture
    def options(self, tmp_path, name):
        text = f"import os, pathlib\nif os.environ['SENDOFF_CREDENTIAL'] == {name!r}: print(pathlib.Path({str(tmp_path / 'token')!r}).read_text())"
        return {"argv": [program(tmp_path / "token.py", text)]}

    @pytest.fixture
    def keep(self, tmp_path):
        def keep(secret):
            (tmp_path / "token").write_text(secret)
            return {}

        return keep

    def test_it_is_a_bearer_token_and_with_a_user_name_a_login(self, driver, options, toolkit, name, keep):
        keep("t0ken")
        found = [driver(driver.Settings(**options, **more), toolkit).get(name, environment={}) for more in ({}, {"username": "me"})]

        assert [(one.kind, one.username, one.secret.reveal()) for one in found] == [("bearer", "", "t0ken"), ("basic", "me", "t0ken")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "says nothing where one token is expected"),
        ("print('a'); print('b')", "more than one line"),
        ("print('a\\x1b[31m')", "more than one line"),
        ("import sys; sys.exit('log in first')", r"exit code 1 \(log in first\)"),
        ("import os; os.kill(os.getpid(), 9)", "ended by signal 9"),
        ("print('x' * 100000)", "more than 64 KiB"),
        ("import sys\nwhile True: sys.stdout.write('y' * 4096)", "more than 64 KiB"),
    ],
)
def test_what_is_no_token_is_explained(toolkit, tmp_path, text, said):
    with pytest.raises(CredentialNeeded, match=said) as caught:
        made(toolkit, program(tmp_path / "bad.py", text)).get("media", environment={})
    assert "credentials.media" in caught.value.message and caught.value.hint


@pytest.mark.parametrize("argv", ["/nowhere/at/all", "/etc/passwd", "/"])
def test_a_program_that_cannot_be_started_is_named(toolkit, argv):
    with pytest.raises(CredentialNeeded, match=f"{argv} cannot be started"):
        made(toolkit, argv).get("media", environment={})


def test_without_a_program_it_says_what_to_write(toolkit):
    with pytest.raises(CredentialNeeded) as caught:
        made(toolkit).get("media", environment={})
    assert caught.value.hint == 'add [credentials.media] with use = "command" and argv = ["/PATH/OF/IT"]'


# -- git's helpers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def helper(tmp_path):
    """A helper of git's that keeps what it is told."""
    return lambda **more: helper_in(tmp_path, **more)


def test_it_is_asked_for_the_address_and_told_what_was_refused(toolkit, tmp_path, helper):
    store = of_git(toolkit, helper())
    store.set("forge", login())
    found = store.get("forge", environment={})
    with pytest.raises(CredentialNeeded):
        store.get("forge", environment={}, refused=found)

    assert (found.kind, found.username, found.secret.reveal()) == ("basic", "me", "s3cret")
    where = {"protocol": "https", "host": "forge.example"}
    assert [verb for verb, _ in asked(tmp_path)] == ["store", "get", "get", "get", "erase", "get"]
    assert all({key: said.get(key) for key in where} == where for _, said in asked(tmp_path))
    assert asked(tmp_path)[4][1]["password"] == "s3cret", "it erases that one, and no newer one"


def test_a_time_at_which_it_expires_is_kept(toolkit, helper):
    store = of_git(toolkit, helper(password_expiry_utc="1900000000"))
    store.set("forge", login(expires_at=1_900_000_000_000_000))

    assert store.get("forge", environment={}).expires_at == 1_900_000_000_000_000


def test_a_bearer_token_in_gits_newer_words(toolkit, helper):
    store = of_git(toolkit, helper(authtype="Bearer", credential="t0ken", password=""))
    store.set("forge", login("t0ken"))

    assert (store.get("forge", environment={}).kind, store.get("forge", environment={}).secret.reveal()) == ("bearer", "t0ken")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"password": "a\rb"}, "without control characters"),
        ({"password": "a\x1b[0m"}, "without control characters"),
        ({"password_expiry_utc": "soon"}, "no number of seconds"),
        ({"authtype": "NTLM", "credential": "x"}, "'NTLM'"),
        ({"authtype": "x" * 1000, "credential": "x"}, "authtype 'x{40}';"),
        ({"quit": "1"}, "nobody is asked further"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_the_reason(toolkit, helper, tmp_path, more, said):
    (tmp_path / "held").write_text('{"protocol": "https", "host": "forge.example", "username": "me", "password": "x"}')

    with pytest.raises(CredentialNeeded, match=said):
        of_git(toolkit, helper(**more)).get("forge", environment={})


@pytest.mark.parametrize("secret", ["a\nhost=evil.example", "a\rb", "a\0b"])
def test_a_value_that_would_be_a_further_line_is_told_to_nobody(toolkit, helper, tmp_path, secret):
    with pytest.raises(InvalidArgument, match="control character"):
        of_git(toolkit, helper()).set("forge", login(secret))
    assert not (tmp_path / "log").exists()


def test_a_helper_that_forgets_what_it_is_told_is_found_out(toolkit, tmp_path):
    with pytest.raises(CredentialNeeded, match="does not give it back"):
        of_git(toolkit, program(tmp_path / "forgets.py", "import sys; sys.stdin.read()")).set("forge", login())


def test_a_helper_needs_an_address(toolkit, helper):
    with pytest.raises(CredentialNeeded) as caught:
        of_git(toolkit, helper(), url="").get("forge", environment={})
    assert "url = " in caught.value.hint


def test_a_program_that_prints_a_token_cannot_be_told_one(toolkit):
    for act in (lambda store: store.set("media", login()), lambda store: store.remove("media")):
        with pytest.raises(InvalidArgument, match="cannot be told"):
            act(made(toolkit, "/bin/true"))


class TestGitsOwnStore(WritableContract):
    """``git credential-store``, which keeps a file."""

    @pytest.fixture
    def driver(self):
        return CommandCredentials

    @pytest.fixture
    def options(self, tmp_path):
        return {"argv": [GIT, "credential-store", "--file", str(tmp_path / "kept")], "protocol": "git", "url": "https://forge.example"}

    @pytest.fixture
    def name(self):
        return "forge"

    def test_one_that_is_not_there_is_asked_of_a_person(self, store):
        with pytest.raises(CredentialNeeded, match=r"credentials\.forge") as caught:
            store.get("forge", environment={})
        assert caught.value.hint

    def test_what_git_has_kept_is_found(self, store, tmp_path):
        (tmp_path / "kept").write_text("https://ci:from-git@forge.example\n")
        os.chmod(tmp_path / "kept", stat.S_IRUSR | stat.S_IWUSR)

        assert store.get("forge", environment={}).secret.reveal() == "from-git"
