"""A client in memory, for an application's own tests: no host, no disk, no wait."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sendoff
import sendoff.testing

SOON = 10
FAR = "https://far.example/a"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "python.md"


@pytest.fixture
def client():
    with sendoff.testing.client() as made:
        yield made


@pytest.fixture
def still():
    """One whose time passes when the test says so."""
    with sendoff.testing.client(hurry=False) as made:
        yield made


def until(operation, **facts):
    """The operation as soon as these are so, looked at after each of its events."""
    for _ in operation._connection.desk.follow(sendoff.Query(ids=(operation.id,)), after=0):
        if all(getattr(operation.refresh(), name) == value for name, value in facts.items()):
            return operation
    raise AssertionError("the events ended")


def test_what_is_sent_is_there_and_what_is_told_is_true(client, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"from a file")
    login = sendoff.Credential(username="me", secret=sendoff.Secret("open"))

    operation = client.put(tmp_path / "a.bin", FAR, headers={"X-A": "1"}, credential=login, metadata={"order": 42})

    assert operation.wait(SOON).receipt.size == 11
    (sent,) = client.receiver.requests
    assert (sent.method, sent.url, sent.body, sent.header("x-a"), sent.header("Authorization")) == ("PUT", FAR, b"from a file", "1", "Basic bWU6b3Blbg==")
    assert client.receiver.stored == {FAR: b"from a file"}
    assert [event.type for event in operation.events()] == ["created", "completed", "acknowledged"]
    assert list(client.find(metadata={"order": 42})) == []


def test_tries_are_as_many_as_in_truth_and_take_no_time(client):
    client.receiver.answer(503, times=5)
    operation = client.put(b"x", FAR)

    assert (operation.wait(SOON).progress.attempt, len(client.receiver.requests)) == (6, 6)
    assert client.clock.monotonic() > 30


def test_patience_ends_when_it_would_have_ended(client):
    client.receiver.answer(500, times=None)
    operation = client.put(b"x", FAR, patience="2h")

    with pytest.raises(sendoff.UploadFailed) as caught:
        operation.wait(SOON)
    assert sendoff.get_status(caught.value) is sendoff.WebErrorStatus.INTERNAL_SERVER_ERROR
    assert 2 * 3600 <= client.clock.monotonic() < 3 * 3600


@pytest.mark.parametrize(("status", "error"), [(404, sendoff.UploadFailed), (413, sendoff.UploadFailed), (401, sendoff.NeedsAttention)])
def test_a_refusal_ends_as_in_truth_and_its_answer_can_be_read(client, status, error):
    client.receiver.answer(status, "https://far.example/", body=b"because")
    refused, other = client.put(b"x", FAR), client.put(b"y", "https://near.example/a")

    with pytest.raises(error) as caught:
        refused.wait(SOON)
    assert (caught.value.http_status, refused.response.status_code, refused.open_response().read()) == (status, status, b"because")
    assert other.wait(SOON).receipt.size == 1


@pytest.mark.parity("F148")
def test_an_hour_without_a_network_costs_no_try_and_no_patience(still):
    still.receiver.answer(503)
    operation = still.put(b"x", FAR, patience="10m")
    until(operation, reason="backoff")

    still.network.become(online=False)
    still.clock.advance("1h")
    until(operation, status=sendoff.TransferStatus.PAUSED_NO_NETWORK)
    still.clock.advance("1h")
    assert (operation.refresh().progress.attempt, len(still.receiver.requests)) == (1, 1)
    still.network.become(online=True)

    assert operation.wait(SOON).progress.attempt == 2


def test_time_stands_still_until_it_is_told_to_pass(still):
    still.receiver.answer(503)
    operation = still.put(b"x", FAR)
    until(operation, reason="backoff")

    still.clock.advance(1e-6)
    assert operation.refresh().reason == "backoff"
    still.clock.advance("1m")

    assert operation.wait(SOON).progress.attempt == 2


def test_a_configuration_can_be_given_and_is_checked(tmp_path):
    with sendoff.testing.client(config={"destinations": {"archive": {"url": "https://a.example/in/"}}}) as client:
        client.post("archive:form", [sendoff.ContentPart("a").set_text("1")]).wait(SOON)

        assert [(sent.method, sent.url) for sent in client.receiver.requests] == [("POST", "https://a.example/in/form")]
    with pytest.raises(sendoff.ConfigurationError, match="nonsense"):
        sendoff.testing.client(config={"nonsense": {}})


def test_two_see_nothing_of_each_other_and_nothing_stays_behind(client):
    with sendoff.testing.client() as other:
        other.put(b"x", FAR).wait(SOON)
        folder = other._connection.place.state
        assert list(client.find()) == [] and client.receiver.requests == ()
        with other.another() as again:
            assert again.put(b"y", FAR).wait(SOON).receipt.size == 1

    other.close()
    assert not os.path.exists(folder)
    with pytest.raises(sendoff.InvalidState, match="closed"):
        list(other.find())
    assert "sendoff-hurry" in [thread.name for thread in threading.enumerate()], "of the one that is open"


APPLICATION = """
import sendoff

def publish(text):
    return sendoff.put(text.encode(), "https://far.example/news", label="news")

def archive(texts):
    with sendoff.CompletionGroup() as group:
        group.on_complete("application:archived")
        uploader = sendoff.BackgroundUploader(completion_group=group)
        for number, text in enumerate(texts):
            uploader.create_upload(f"archive:{number}", text.encode()).start()

def archived(details):
    sendoff.put(f"{len([one for one in details.uploads if one.receipt])} archived".encode(), "https://far.example/report")

def report():
    with sendoff.connect() as client:
        return [operation.label for operation in client.find(all=True)]
"""
ITS_TESTS = """
import application
import sendoff

def test_news_are_published(sendoff_client):
    sendoff_client.receiver.answer(503, times=3)
    application.publish("it works").wait(10)
    assert sendoff_client.receiver.stored == {"https://far.example/news": b"it works"}
    assert application.report() == ["news"]

def test_the_next_one_begins_with_nothing(sendoff_client):
    assert application.report() == []

def test_what_is_configured_and_a_handler_are_tested_too(sendoff_client):
    application.archive(["one", "two"])
    for event in sendoff.events(follow=True, types=("handler_completed", "handler_failed")):
        break
    for operation in sendoff.find():
        operation.wait(10)
    assert sendoff_client.receiver.stored == {
        "https://archive.example/in/0": b"one", "https://archive.example/in/1": b"two", "https://far.example/report": b"2 archived",
    }
"""


def test_an_application_tests_itself_with_a_fixture(tmp_path):
    (tmp_path / "application.py").write_text(APPLICATION)
    (tmp_path / "test_application.py").write_text(ITS_TESTS)
    (example,) = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "conftest.py").write_text(f"import pytest\n{example}")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout + done.stderr
