"""A program that is asked: whose environment it sees, how long it may take, and what is told of its complaints."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from base64 import b64encode

import pytest
from sendoff import Credential, CredentialNeeded, Secret
from sendoff.runtime.secrets import Secrets
from sendoff_credentials_basic.file import FileCredentials

from plugins.credentials.basic.tests.programs import helper_in, login, made, of_git, program, shell

SHOWS = "import json, os, sys\nprint(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]))"
WHOSE = ("HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")


def ended(mark):
    """Whether the process whose number stands in a file has ended, or does so soon."""
    return _over(mark, seconds=10)


def runs(mark):
    return not _over(mark, seconds=0)


def _over(mark, seconds):
    try:
        process = os.pidfd_open(int(mark.read_text()))
    except ProcessLookupError:
        return True
    with open(process) as file:
        return bool(select.select([file], [], [], seconds)[0])


# -- what it sees ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def seen(toolkit, tmp_path):
    """What a program sees: its words, its folder, its environment."""

    def seen(*words, environment, **settings):
        store = made(toolkit, program(tmp_path / "shows.py", SHOWS), *words, **settings)
        return json.loads(store.get("x", environment=environment).secret.reveal())

    return seen


def test_it_is_started_without_a_shell_in_the_root_folder_and_knows_which_credential_is_meant(seen):
    words, folder, environment = seen("$(id)", "a b", environment={})

    assert (words, folder, environment["SENDOFF_CREDENTIAL"]) == (["$(id)", "a b"], "/", "x")


def test_it_sees_who_the_submitter_is_and_nothing_that_says_who_the_host_is(seen, monkeypatch):
    for name in (*WHOSE, "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "SOMETHING_ELSE"):
        monkeypatch.setenv(name, "/the/hosts")
    theirs = dict.fromkeys((*WHOSE, "AWS_PROFILE", "https_proxy", "NO_PROXY", "SSH_AUTH_SOCK", "SSL_CERT_FILE"), "/theirs")

    _, _, environment = seen(environment=theirs)
    _, _, nobodys = seen(environment={})

    assert {name: environment.get(name) for name in theirs} == theirs
    assert "/the/hosts" not in {*environment.values(), *nobodys.values()}


def test_it_sees_the_variables_of_its_own_section_and_not_those_of_other_references(seen):
    _, _, environment = seen(environment={"MINE": "1", "TOKEN": "of another reference", "PATH": "/theirs"}, variables=["MINE"])

    assert environment["MINE"] == "1"
    assert "TOKEN" not in environment and environment["PATH"] == os.environ["PATH"]


def test_what_says_whose_store_is_read_travels_with_the_upload_and_so_do_the_variables_it_needs(toolkit):
    assert made(toolkit, "x", variables=["VAULT_TOKEN"]).variables("any") == (*WHOSE, "VAULT_TOKEN")


def test_no_log_has_stars_for_a_home_or_a_user(toolkit):
    hidden = []
    secrets = Secrets(vault=None, store=None, hide=hidden.append)
    secrets._opened["1"] = {**dict.fromkeys(WHOSE, "/home/me"), "VAULT_TOKEN": "vault-secret"}

    secrets.environment("1")

    assert hidden == ["vault-secret"]


def test_what_is_kept_for_no_upload_is_kept_where_the_process_has_its_home(toolkit, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    store = of_git(toolkit, "git", "credential-store", url="https://forge.example")

    store.set("forge", login("s3cret"))
    assert "s3cret" in (tmp_path / ".git-credentials").read_text()
    assert store.get("forge", environment={"HOME": str(tmp_path)}).secret.reveal() == "s3cret"
    assert store.remove("forge") is True


def test_one_that_knows_nothing_in_anothers_home_is_not_to_be_told_in_ours(toolkit, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "host"))
    store = of_git(toolkit, helper_in(tmp_path))

    with pytest.raises(CredentialNeeded) as ours:
        store.get("forge", environment={"HOME": str(tmp_path / "host")})
    with pytest.raises(CredentialNeeded) as theirs:
        store.get("forge", environment={"HOME": str(tmp_path / "theirs")})

    assert ours.value.hint == "sendoff credentials set forge"
    assert theirs.value.hint == f"tell {store.settings.argv[0]} the login in the home of whoever submitted the upload, then: sendoff resume"


# -- how long it may take --------------------------------------------------------------------------------------------------


def test_one_that_hangs_is_ended_with_all_that_it_started(toolkit, tmp_path):
    mark = tmp_path / "pid"
    child = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    text = f"import subprocess, sys, time\nopen({str(mark)!r}, 'w').write(str({child}.pid))\ntime.sleep(60)"
    began = time.monotonic()

    with pytest.raises(CredentialNeeded, match="did not end within"):
        made(toolkit, program(tmp_path / "hangs.py", text), timeout="3s").get("media", environment={})

    assert time.monotonic() - began < 30
    assert ended(mark)


@pytest.mark.timeout(30)
def test_one_that_does_not_hear_what_it_is_told_is_ended(toolkit):
    with pytest.raises(CredentialNeeded, match="did not end within 1 seconds"):
        shell(toolkit, "exec sleep 60", protocol="git", url="https://forge.example", timeout=1).set("forge", login("x" * 200_000))


@pytest.mark.timeout(30)
@pytest.mark.parametrize("stream", ["1", "2"])
def test_one_that_complains_without_end_is_ended(toolkit, stream):
    with pytest.raises(CredentialNeeded, match=r"did not end within 1 seconds|more than 64 KiB"):
        shell(toolkit, f"exec yes >&{stream}", timeout=1).get("media", environment={})


@pytest.mark.timeout(30)
def test_one_that_says_nothing_more_and_does_not_end_is_ended(toolkit):
    with pytest.raises(CredentialNeeded, match="did not end within 1 seconds"):
        shell(toolkit, "echo token; exec sleep 60 >&- 2>&-", timeout=1).get("media", environment={})


@pytest.mark.parametrize("told", [1, 65_536, 300_000])
def test_however_long_it_is_a_program_that_hears_is_told_all(toolkit, tmp_path, told):
    heard = tmp_path / "heard"
    store = shell(toolkit, f'test "$0" = get || cat > {heard}', protocol="git", url="https://forge.example")

    with pytest.raises(CredentialNeeded, match="does not give it back"):
        store.set("forge", login("x" * told))

    assert f"password={'x' * told}\n" in heard.read_text()


def test_what_was_said_counts_although_a_child_keeps_the_pipe_open_and_the_child_is_ended(toolkit, tmp_path):
    mark = tmp_path / "pid"

    said = shell(toolkit, f"sleep 60 & echo $! > {mark}; echo token", timeout=30).get("media", environment={}).secret.reveal()

    assert said == "token"
    assert ended(mark)


def test_a_child_that_goes_on_talking_is_no_part_of_the_answer_for_long(toolkit, tmp_path):
    mark = tmp_path / "pid"

    with pytest.raises(CredentialNeeded, match="more than 64 KiB"):
        shell(toolkit, f"yes & echo $! > {mark}", timeout=30).get("media", environment={})

    assert ended(mark)


def test_a_keeper_that_lets_go_of_the_pipes_stays(toolkit, tmp_path):
    mark = tmp_path / "pid"

    shell(toolkit, f"sleep 60 </dev/null >/dev/null 2>&1 & echo $! > {mark}; echo token").get("media", environment={})

    assert runs(mark)
    os.kill(int(mark.read_text()), signal.SIGKILL)


def test_gits_own_cache_keeps_what_it_is_told(toolkit, tmp_path):
    cache = ["git", "credential-cache", "--socket", str(tmp_path / "cache" / "socket")]
    store = of_git(toolkit, *cache, url="https://forge.example")
    try:
        store.set("forge", login())

        assert store.get("forge", environment={}).secret.reveal() == "s3cret"
    finally:
        subprocess.run([*cache, "exit"])


def test_all_that_one_use_asks_shares_one_time(toolkit, tmp_path):
    text = "import sys, time\nsys.stdin.read(); time.sleep(0.8)\nif sys.argv[1] == 'get': print('username=me\\npassword=old')"

    with pytest.raises(CredentialNeeded, match=r"did not end within 1\.5 seconds"):
        of_git(toolkit, program(tmp_path / "slow.py", text), timeout="1.5s").get("forge", environment={}, refused=login("old"))


def test_it_says_how_long_an_answer_may_take_and_that_is_longer_than_it_waits_itself(toolkit):
    assert 90 < made(toolkit, "x", timeout="90s").patience() < 100
    assert FileCredentials(FileCredentials.Settings(), toolkit).patience() is None


# -- what is told of its complaints ----------------------------------------------------------------------------------------


def complaint(act):
    with pytest.raises(CredentialNeeded) as caught:
        act()
    return caught.value.message


def test_what_it_is_told_is_not_repeated_although_it_repeats_it(toolkit):
    store = shell(toolkit, "cat >&2; exit 1", protocol="git", url="https://forge.example")

    said = complaint(lambda: store.set("forge", login("hunter2-secret")))

    assert "cannot store it: it ended with exit code 1 (***)" in said and "hunter2" not in said


@pytest.mark.parametrize("form", ["$T", "user:$T@host", "T%20$T", "$(printf %s $T | base64)", "$(printf me:%s $T | base64)", "t%2Fok%2Bs3cret"])
def test_a_token_that_it_also_complains_is_not_repeated(toolkit, form):
    said = complaint(lambda: shell(toolkit, f'T=t/ok+s3cret; echo $T; echo "about {form}" >&2; exit 1', username="me").get("media", environment={}))

    assert "(about " in said and "***" in said
    assert not [form for form in ("s3cret", b64(b"t/ok+s3cret"), b64(b"me:t/ok+s3cret")) if form in said]


def b64(value):
    return b64encode(value).decode()


def test_the_variables_that_it_was_given_are_not_repeated(toolkit):
    key = "-----BEGIN KEY-----\nMIIEline-of-it\n-----END KEY-----\n"
    store = shell(
        toolkit, 'echo "$VAULT_TOKEN $AWS_SECRET_ACCESS_KEY $https_proxy $(echo "$KEY" | sed -n 2p) in $HOME" >&2; exit 1', variables=["VAULT_TOKEN", "KEY"]
    )
    environment = {
        "VAULT_TOKEN": "vault-secret",
        "AWS_SECRET_ACCESS_KEY": "aws-secret",
        "https_proxy": "http://me:proxy-secret@p:3128",
        "KEY": key,
        "HOME": "/home/me",
    }

    said = complaint(lambda: store.get("media", environment=environment))

    assert said.endswith("(*** *** http://me:***@p:3128 *** in /home/me)")


def test_what_a_helper_said_before_is_not_repeated_by_its_next_answer(toolkit):
    store = shell(
        toolkit, 'case $0 in get) echo password=hunter2-secret;; *) echo "no hunter2-secret" >&2; exit 1;; esac', protocol="git", url="https://f.example"
    )

    assert complaint(lambda: store.remove("forge")).endswith("(no ***)")


def test_one_line_of_what_can_be_printed_is_quoted(toolkit):
    text = "import sys\nsys.exit('first\\nand \\x1b[31mred ' + 'x' * 500)"

    said = complaint(lambda: made(toolkit, sys.executable, "-c", text).get("media", environment={}))

    assert "first" not in said and said.isprintable()
    assert said.partition("(")[2] == "and \ufffd[31mred " + "x" * (200 - len("and \ufffd[31mred ")) + ")"


def test_of_endless_complaints_none_is_quoted(toolkit):
    said = complaint(lambda: shell(toolkit, "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1").get("media", environment={}))

    assert said.endswith("it ended with exit code 1")


def test_a_refused_one_that_cannot_be_erased_is_not_repeated(toolkit):
    store = shell(toolkit, "echo username=me; echo password=hunter2-secret; cat >&2; exit 0", protocol="git", url="https://forge.example")

    refused = Credential(kind="basic", username="me", secret=Secret("hunter2-secret"))
    assert "hunter2" not in complaint(lambda: store.get("forge", environment={}, refused=refused))
