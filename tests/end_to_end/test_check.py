"""``sendoff check``: what it asks, how long it waits, and what it says."""

import json
import socket

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.stage import Stage


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def silent():
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def address(server):
    return f"https://127.0.0.1:{server.getsockname()[1]}/"


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_a_check_that_the_end_of_its_host_overtakes_is_asked_of_the_next(stage, silent, ending):
    stage.run("host", "start")
    check = stage.begin("check", address(silent))
    with silent.accept()[0]:
        stage.run("host", "stop") if ending == "stop" else stage.kill_host()
        silent.accept()[0].close()  # the next host's
    said, complaint = check.communicate(timeout=60)

    assert check.returncode == 1, complaint
    assert f"NOT OK  {address(silent)}" in said


def test_a_check_over_which_every_host_dies_says_that_there_is_no_host(stage, silent):
    stage.run("host", "start")
    check = stage.begin("check", address(silent))
    for _ in range(2):
        with silent.accept()[0]:
            stage.kill_host()
    said, complaint = check.communicate(timeout=60)

    assert (check.returncode, said) == (5, "")
    assert "went away before it had answered" in complaint


def test_a_check_claims_no_more_than_was_seen_and_fails_where_uploads_are_not_taken(stage):
    script = [Rule(do=Answer(501), request=-1), Rule(do=Answer(200, (("Allow", "GET, HEAD"),)), request=-2)]
    with Receiver(None, script=script) as receiver:
        unknown, refused, taken = (stage.run("check", receiver.url, fine=(0, 1)) for _ in range(3))

    assert (unknown.returncode, refused.returncode, taken.returncode) == (0, 1, 0)
    assert f"ok  {receiver.url}  reachable; whether it takes PUT was not seen (OPTIONS was answered 501)" in unknown.stdout
    assert f"NOT OK  {receiver.url}  it does not take PUT, only GET, HEAD (OPTIONS was answered 200)" in refused.stdout
    assert "choose another method" in refused.stderr
    assert "it says that it takes PUT" in taken.stdout


@pytest.mark.parametrize("asked", ["nope:", "nope:a/b.bin", "http:/h/x", "nope", "http://127.0.0.1:9/a b", "http://u@[::1/x", "gopher://h/x"])
def test_check_says_of_an_address_what_put_says(stage, asked):
    path, _ = stage.file(10)
    refused = stage.run("put", path, asked, fine=(2,))
    checked = stage.run("check", asked, fine=(2,))

    sentence, _, hint = refused.stderr.removeprefix("sendoff: ").partition("\n")
    assert sentence in checked.stdout
    assert hint.strip().removeprefix("hint: ") in checked.stderr


def test_check_asks_the_very_address_that_put_would_send_to(stage):
    with Receiver(None) as receiver:
        stage.config.write_text(f"[destinations.archive]\nurl = '{receiver.url}in/'\n[destinations.exact]\nurl = '{receiver.url}one.bin'\n")
        for asked in ("archive:", "archive", "archive:a b.bin", "archive:sub/", "exact:", f"{receiver.url}x/y.bin?token=t", f"{receiver.url}x/"):
            assert "it says that it takes PUT" in stage.run("check", asked).stdout
        asked = [row.path for row in receiver.questions]
        wanted = ["/in/", "/in/", "/in/a%20b.bin", "/in/sub/", "/one.bin", "/x/y.bin?token=t", "/x/"]

    assert asked == wanted


def test_check_shows_no_secret_of_an_address(stage):
    with Receiver(None) as receiver:
        assert "hunter2" not in stage.run("check", f"{receiver.url}x?token=hunter2").stdout


def test_a_sink_whose_section_cannot_work_is_not_ok_and_is_called_by_its_name(stage):
    sinks = (("ops", "url = 'https://h/x'"), ("mine", "urll = 'https://h/x'"))
    stage.config.write_text("".join(f"[[sinks]]\nuse = 'webhook'\nname = '{name}'\n{rest}\n" for name, rest in sinks))

    found = {row["what"]: row for row in json.loads(stage.run("check", "--json", fine=(2,)).stdout)["rows"]}

    assert (found["sinks.ops"]["ok"], found["sinks.mine"]["ok"]) == (True, False)
    assert "'urll' is not known; did you mean 'url'?" in found["sinks.mine"]["detail"]


# -- a file that is not in force


def test_a_file_is_tried_before_it_is_used_while_a_host_runs_with_another(stage, tmp_path):
    stage.run("host", "start")
    other = tmp_path / "other.toml"
    other.write_text("[destinations.archive]\nurl = 'https://u@h/in/'\nconnect_timeout = '5s'\n[credentials.c]\nuse = 'env'\n[[sinks]]\nuse = 'log'\n")

    said = stage.run("check", "--config", str(other)).stdout
    (found,) = map(json.loads, stage.run("check", "--config", str(other), "--json").stdout.splitlines())

    assert "can be used: 1 destination, 1 credential, 1 sink" in said
    store = stage.store.driver if stage.store else "sqlite"
    assert [row["what"] for row in found["rows"]] == [str(other), f"stores {store}", "credentials.c", "destinations.archive", "sinks.log"]
    assert found["ok"] and found["rows"][3]["detail"] == "https://h/in/, by HttpTransport"


def test_trying_a_file_starts_no_host(stage, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text("")

    stage.run("check", "--config", str(other))

    assert not stage.runs()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[limits]\nconcurency = 3\n", "did you mean 'concurrency'"),
        ("[destinations.a]\nurl = 'https://h/'\nconnect_timeuot = '5s'\n", "[destinations.a] unknown key 'connect_timeuot'; did you mean 'connect_timeout'?"),
        ("[destinations.a]\nurl = 'gopher://h/'\n", "no installed transport carries to gopher://"),
        ("[destinations.a]\nurl = 'https://h/'\ncredential = 'wallet:me'\n", "no credential store 'wallet' is installed"),
        ("[policy]\nallow_hosts = ['*.example']\n[destinations.a]\nurl = 'https://h/'\n", "h is not allowed here"),
        ("[[sinks]]\nuse = 'pigeon'\n", "no sink 'pigeon' is installed"),
        ("[transports.http]\nproxi = 'none'\n", "[transports.http] unknown key 'proxi'"),
    ],
)
def test_what_a_tried_file_has_wrong_is_said(stage, tmp_path, text, sentence):
    other = tmp_path / "other.toml"
    other.write_text(text)

    said = stage.run("check", "--config", str(other), fine=(2,))

    assert sentence in said.stdout + said.stderr


def test_a_word_of_disabled_that_is_nobodys_name_is_told(stage, tmp_path):
    (other := tmp_path / "other.toml").write_text('disabled = ["webhok", "sendoff-desktop", "env"]\n')
    stage.config.write_text(other.read_text())

    for words in ((), ("--config", str(other))):
        (found,) = map(json.loads, stage.run("check", *words, "--json").stdout.splitlines())
        told = [row["detail"] for row in found["rows"] if row["what"] == "disabled"]
        assert (found["ok"], told) == (True, ["nothing installed is called 'webhok'; did you mean 'webhook'?"])


def test_a_file_to_try_that_is_not_there_is_named(stage, tmp_path):
    assert f"{tmp_path}/none.toml does not exist" in stage.run("check", "--config", str(tmp_path / "none.toml"), fine=(2,)).stderr
