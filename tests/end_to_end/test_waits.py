"""Nobody is left wondering: of whatever waits each command says why, since when, and what would help it on."""

import json
from datetime import datetime

import pytest
from sendoff.testing.fake_network import become
from sendoff.testing.receiver import Answer, Receiver, Rule, Stall

FAR = "http://far.example/"


@pytest.fixture
def network(stage):
    """What the network of the host is from now on."""
    stage.install("fakenet", "sendoff.networks", "fake = sendoff.testing.fake_network:FakeNetwork", "")
    file = stage.folder / "network"
    become(file, online=True)
    stage.config.write_text(f'[network]\nuse = "fake"\nfile = "{file}"\n[limits]\nconcurrency = 1\n')
    return lambda **conditions: become(file, **{"online": True, "power": True, **conditions})


def shown(stage, id):
    """An operation as JSON, and what ``show`` and ``list`` say of it to a person."""
    view = json.loads(stage.run("show", id, "--json").stdout)
    assert view["reason_text"] and view["unblocked_by"], view
    return view, stage.run("show", id).stdout, stage.run("list")


def rows(text):
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition("  ")
        found[name] = value.strip()
    return found


def test_offline_is_told_with_since_when_and_that_nothing_is_to_be_done(stage, network):
    network(online=False)
    (id,) = stage.put(stage.file(100)[0], f"{FAR}a")
    stage.until(id, status="paused_no_network")
    view, told, listed = shown(stage, id)
    assert (view["reason"], view["reason_text"]) == ("offline", "there is no network")
    since = datetime.fromisoformat(view["waiting_since"].replace("Z", "+00:00")).astimezone()
    assert rows(told)["why"] == f"there is no network, since {since:%H:%M:%S}"
    assert rows(told)["helped by"] == "nothing to do: it goes on when the network is back"
    assert f"1: there is no network, since {since:%H:%M:%S}; nothing to do: it goes on when the network is back" in listed.stderr
    (event,) = [one for one in stage.history(id) if one.type == "waiting"]
    assert (event.data["text"], event.data["unblocked_by"], event.data["since"]) == (view["reason_text"], view["unblocked_by"], view["waiting_since"])


@pytest.mark.parametrize(
    ("conditions", "words", "reason", "help"),
    [
        ({"metered": True}, ("--cost", "unrestricted-only"), "metered", "another network, or: sendoff set 1 --cost default"),
        ({"metered": True, "roaming": True}, (), "roaming", "another network, or: sendoff set 1 --cost always"),
        ({"portal": True}, (), "portal", "open a web page and sign in"),
        ({"power": False}, (), "power", "the end of power saving; once, whatever the machine says: sendoff resume 1 --now"),
    ],
    ids=["metered", "roaming", "portal", "power"],
)  # fmt: skip
def test_a_network_or_a_machine_that_says_no_is_told_with_the_way_out(conditions, words, reason, help, stage, network):
    network(**conditions)
    (id,) = stage.put(*words, stage.file(100)[0], f"{FAR}a")
    view, told, listed = shown(stage, stage.until(id, reason=reason)["id"])
    assert (view["reason"], view["unblocked_by"], rows(told)["helped by"]) == (reason, help, help)
    assert help in listed.stderr


def test_a_limit_and_an_earlier_upload_name_who_is_ahead(stage):
    stage.config.write_text("[limits]\nconcurrency = 1\n")
    with Receiver(script=[Rule(do=Stall(), at=0)]) as receiver:
        path = stage.file(1000)[0]
        (first,) = stage.put(path, f"{receiver.url}a")
        receiver.wait_for()
        (second,) = stage.put("--again", path, f"{receiver.url}a")
        (third,) = stage.put(path, f"{receiver.url}b")
        view, told, listed = shown(stage, second)
        assert view["reason"] == "earlier_upload" and first in view["reason_text"] and first in rows(told)["why"]
        assert "the end of that one" in listed.stderr
        view, told, _ = shown(stage, third)
        assert (view["reason"], rows(told)["helped by"]) == ("limit", "the end of one of them, or: sendoff limit concurrency 2")
        stage.run("cancel", "--all")


def test_a_pause_between_tries_is_told_with_its_end_by_the_local_clock(stage):
    stage.config.write_text('[retry]\nbackoff = ["10m", "10m"]\n')
    with Receiver(script=[Rule(do=Answer(503), times=None)]) as receiver:
        (id,) = stage.put(stage.file(100)[0], f"{receiver.url}a")
        stage.until(id, reason="backoff")
        view, told, _ = shown(stage, id)
        assert view["retry_at"] in view["unblocked_by"]
        due = datetime.fromisoformat(view["retry_at"].replace("Z", "+00:00")).astimezone()
        assert rows(told)["next try"] in (f"{due:%H:%M:%S}", f"{due:%a %d %b %H:%M}")
        assert rows(told)["next try"] in rows(told)["helped by"] and rows(told)["helped by"].endswith("sendoff resume 1 --now")
        stage.run("cancel", id)


def test_a_destination_that_does_not_answer_is_told_with_since_when(stage):
    stage.config.write_text('[retry]\nbackoff = ["5m", "5m"]\n')
    path = stage.file(100)[0]
    (asks,) = stage.put(path, "http://127.0.0.1:9/a")
    stage.until(asks, reason="unreachable")
    (waits,) = stage.put(path, "http://127.0.0.1:9/b")
    asked, _, _ = shown(stage, asks)
    behind, told, _ = shown(stage, waits)
    assert asked["waiting_since"] and behind["waiting_since"] == asked["waiting_since"]
    assert "cannot be reached" in behind["reason_text"] and "since" in rows(told)["why"]
    stage.run("cancel", "--all")


def test_what_a_person_has_paused_and_what_needs_one_say_the_command(stage):
    with Receiver(authorization="Bearer right") as receiver:
        (id,) = stage.put(stage.file(100)[0], f"{receiver.url}a")
        stage.until(id, reason="credential_needed")
        view, told, listed = shown(stage, id)
        assert view["needs"]["command"] in view["unblocked_by"] and rows(told)["helped by"] == view["unblocked_by"]
        assert view["unblocked_by"] in listed.stderr
        stage.run("pause", id)
        view, told, _ = shown(stage, id)
        assert (view["reason_text"], view["unblocked_by"]) == ("somebody paused it", "sendoff resume 1")
