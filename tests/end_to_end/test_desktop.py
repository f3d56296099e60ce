"""``use = "desktop"`` with real hosts and a real desktop: whoever sits there hears of what went wrong without having asked for it."""

import json

import pytest
import sendoff
import sendoff.testing
from sendoff.model.query import Question
from sendoff.testing.receiver import Answer, Receiver, Rule

from plugins.sinks.desktop.tests.desk import Desk, missing
from tests.core.owned import eventually

pytestmark = pytest.mark.needs_server
QUICK = '[retry]\nbackoff = ["0.05s", "0.1s"]\n'


@pytest.fixture
def desk(stage, tmp_path_factory):
    """A login in which every command here runs; dunst shows its notifications."""
    if missing():
        pytest.skip(f"no desktop: {missing()}")
    desk = Desk(tmp_path_factory.mktemp("desk") / "run")
    try:
        desk.start_dunst()
        stage.environment |= {name: value for name, value in desk.environment.items() if name != "DISPLAY"}
        yield desk
        stage.run("host", "stop", fine=(0, 1))
    finally:
        desk.close()


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "in", script=[Rule(do=Answer(404), path="/refused", times=None)]) as made:
        yield made


def sinks(stage):
    return {sink["name"]: sink for sink in json.loads(stage.run("host", "status", "--json").stdout)["sinks"]}


def shown(desk):
    return [(row["summary"], row["body"].splitlines()[0] if row["body"] else "") for row in desk.shown()]


def test_without_any_configuration_a_failure_pops_up_and_a_success_does_not(stage, desk, receiver):
    source, _ = stage.file(1000, "film.mkv")
    stage.run("put", "--wait", source, f"{receiver.url}film.mkv")
    stage.run("put", "--wait", source, f"{receiver.url}refused", fine=(1,))

    eventually(lambda: shown(desk), "the notification")
    ((title, text),) = shown(desk)
    assert title == "Failed: film.mkv" and "404" in text
    assert desk.shown()[0]["message"] == "critical"
    assert sinks(stage)["desktop"]["uninvited"] is True


def test_of_many_that_fail_together_one_stands_on_the_screen(stage, desk, tmp_path):
    with Receiver(tmp_path / "closed", script=[Rule(do=Answer(404), times=None)]) as receiver:
        sources = [stage.file(100, f"{number}.bin")[0] for number in range(20)]
        stage.run("put", "--wait", *sources, receiver.url, fine=(1,))
    stage.run("host", "stop")  # which tells the sinks of all that happened before it ends

    assert desk.count("displayed") == 1


@pytest.mark.parity("F101")
def test_who_has_disabled_it_is_left_in_peace(stage, desk, receiver):
    stage.config.write_text('disabled = ["desktop"]\n')
    source, _ = stage.file(1000, "film.mkv")
    stage.run("put", "--wait", source, f"{receiver.url}refused", fine=(1,))

    assert sinks(stage) == {}
    stage.run("host", "stop")  # which tells the sinks of all that happened before it ends
    assert shown(desk) == []


def test_what_needs_somebody_says_so_with_the_command_that_helps(stage, desk, receiver):
    stage.config.write_text(f'[destinations.archive]\nurl = "{receiver.url}"\ncredential = "file:nobody"\n')
    source, _ = stage.file(1000, "film.mkv")
    stage.run("put", source, "archive:film.mkv")

    eventually(lambda: shown(desk), "the notification")
    (row,) = desk.shown()
    assert row["summary"] == "Needs you: film.mkv"
    assert "credentials.toml does not exist" in row["body"] and "\nsendoff " in row["body"]


@pytest.mark.fault(7, 79)
def test_what_failed_while_nobody_was_logged_in_is_shown_at_the_next_login_though_the_host_was_killed(stage, desk, receiver):
    stage.config.write_text(f'{QUICK}[[sinks]]\nuse = "desktop"\n')
    desk.end("dunst")
    desk.close_bus()
    source, _ = stage.file(1000, "film.mkv")
    (id,) = stage.put(source, f"{receiver.url}refused")
    stage.run("wait", id, fine=(1,))
    eventually(lambda: "notice_failed" in [event.type for event in stage.history(id)], "that it was tried")
    stage.kill_host()

    desk.open_bus()
    desk.start_dunst()
    stage.run("host", "start")
    eventually(lambda: shown(desk), "the notification")
    assert [title for title, _ in shown(desk)] == ["Failed: film.mkv"]


@pytest.mark.parity("F19")
def test_a_programs_own_words_pop_up_without_any_configuration_too(stage, desk, receiver):
    stage.run("host", "start")
    source, _ = stage.file(1000, "film.mkv")
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        uploader = sendoff.BackgroundUploader(client)
        uploader.method = "PUT"
        uploader.failure_notification = sendoff.Notification("Backup incomplete", "Look at the list.", tag="backup")
        with uploader.batch():
            for name in ("film.mkv", "refused"):
                uploader.create_upload(f"{receiver.url}{name}", source).start()

    wanted = ("Backup incomplete", "Look at the list.")
    eventually(lambda: wanted in shown(desk), "the program's own words")
    assert sorted(title for title, _ in shown(desk)) == ["Backup incomplete", "Failed: film.mkv"]


def test_what_fails_in_a_rehearsal_disturbs_nobody(desk, monkeypatch):
    for name, value in desk.environment.items():
        monkeypatch.setenv(name, value)
    with sendoff.testing.client() as client:
        client.receiver.answer(404)
        with pytest.raises(sendoff.UploadFailed):
            client.put(b"x", "https://h.example/a").wait(60)
        assert client._owner.ask(Question(what="sinks")) == []
    assert shown(desk) == []
