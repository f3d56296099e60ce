"""A POST is never carried out twice unless somebody said that it may be."""

import json
import time

import pytest
from sendoff.testing.receiver import Answer, Delay, Lost, Receiver, Reset, Rule, Stall

from tests.end_to_end.stage import MIB, PACE, Stage

SIZE = 16 * MIB
SMALL = 300_000
POST = ("--method", "POST")


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.config.write_text('[retry]\nbackoff = ["0.1s", "0.5s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE) as made:
        yield made


def posted(receiver):
    """The requests about the POST; others may have been made since."""
    return [request for request in receiver.requests if request.method == "POST"]


def work_goes_on(stage, receiver):
    """A later upload completes: whatever the host had still wanted to send, it could have."""
    source, _ = stage.file(100, "later.bin")
    stage.run("put", "--wait", source, receiver.url)


def died_awaiting_the_answer(stage, receiver, *words):
    """A POST that the receiver has whole and does not answer; the host is killed then."""
    receiver.script.add(Rule(do=Stall(), method="POST"))
    source, digest = stage.file(SMALL)
    (id,) = stage.put(source, f"{receiver.url}one", *POST, *words)
    assert receiver.wait_for(complete=True).sha256 == digest
    stage.kill_host()
    return id, digest


@pytest.mark.parity("F165", "F168")
def test_a_post_that_had_gone_out_when_the_host_died_ends_canceled_and_is_never_sent_twice(stage, receiver):
    id, _ = died_awaiting_the_answer(stage, receiver)

    stage.run("wait", id, fine=(1,))

    view = stage.view(id)
    assert (view["status"], view["reason"], stage.ends(id)) == ("canceled", "interrupted_non_idempotent", ["canceled"])
    assert "not sent twice" in stage.run("show", id).stdout
    work_goes_on(stage, receiver)
    stage.kill_host()
    work_goes_on(stage, receiver)
    assert len(posted(receiver)) == 1
    assert stage.ends(id) == ["canceled"]


def test_a_post_broken_off_in_mid_body_by_the_hosts_death_is_sent_again(stage, receiver):
    source, digest = stage.file(SIZE)
    (id,) = stage.put(source, f"{receiver.url}one", *POST)
    receiver.wait_for(bytes=MIB)
    stage.kill_host()
    assert 0 < receiver.wait_for(over=True).received < SIZE

    stage.run("wait", id)

    assert [(request.complete, request.sha256) for request in posted(receiver)] == [(False, None), (True, digest)]
    assert stage.ends(id) == ["completed"]


@pytest.mark.parity("F151")
def test_a_post_broken_off_in_mid_body_while_the_host_lives_is_sent_again(stage, receiver):
    receiver.script.add(Rule(do=Reset(), at=SIZE // 2))
    source, digest = stage.file(SIZE)

    stage.run("put", "--wait", source, f"{receiver.url}one", *POST)

    assert [(request.complete, request.sha256) for request in posted(receiver)] == [(False, None), (True, digest)]


@pytest.mark.parity("F151")
@pytest.mark.parametrize("loss", [Lost(), Reset()], ids=["closed", "reset"])
def test_a_post_whose_answer_is_lost_while_the_host_lives_ends_as_unknown(stage, receiver, loss):
    receiver.script.add(Rule(do=loss, method="POST"))
    source, digest = stage.file(SMALL)

    done = stage.run("put", "--wait", source, f"{receiver.url}one", *POST, "--json", fine=(1,))

    id = json.loads(done.stdout.splitlines()[0])["id"]
    view = stage.view(id)
    assert (view["status"], view["error"]["code"], stage.ends(id)) == ("error", "outcome_unknown", ["failed"])
    work_goes_on(stage, receiver)
    assert [request.sha256 for request in posted(receiver)] == [digest]


def test_a_post_that_may_be_repeated_is_sent_again_after_the_hosts_death(stage, receiver):
    id, digest = died_awaiting_the_answer(stage, receiver, "--retry-unsafe")

    stage.run("wait", id)

    assert [request.sha256 for request in posted(receiver)] == [digest] * 2
    assert stage.ends(id) == ["completed"]


@pytest.mark.parity("F151")
@pytest.mark.parametrize("words", [("--idempotency-key",), ("--retry-unsafe",)], ids=["key", "unsafe"])
def test_a_post_that_may_be_repeated_is_sent_again_after_a_lost_answer(stage, receiver, words):
    receiver.script.add(Rule(do=Lost(), method="POST"))
    source, digest = stage.file(SMALL)

    stage.run("put", "--wait", source, f"{receiver.url}one", *POST, *words)

    assert [request.sha256 for request in posted(receiver)] == [digest] * 2


def test_every_try_carries_the_same_idempotency_key_even_after_the_hosts_death(stage, receiver):
    id, digest = died_awaiting_the_answer(stage, receiver, "--idempotency-key")
    stage.run("wait", id)
    assert ([request.sha256 for request in posted(receiver)], stage.ends(id)) == ([digest] * 2, ["completed"])
    source, _ = stage.file(100, "other.bin")
    stage.run("put", "--wait", source, f"{receiver.url}other", *POST, "--idempotency-key")

    first, second, other = [request.header("Idempotency-Key") for request in posted(receiver)]

    assert first and first == second != other and other


def test_the_key_may_have_a_header_of_its_own_and_a_repeated_put_keeps_it(stage, receiver):
    source, _ = stage.file(100)
    words = ("put", "--wait", source, f"{receiver.url}one", *POST, "--idempotency-key=X-Once", "--id", "order-7")

    stage.run(*words)
    again = stage.run(*words)

    (request,) = posted(receiver)
    assert len(request.header("X-Once")) == 32
    assert again.stdout.split() == ["order-7"] and "was there already" in again.stderr


@pytest.mark.parity("F149")
def test_a_post_that_the_server_put_off_is_sent_again_when_it_said(stage, receiver):
    receiver.script.add(Rule(do=Answer(503, (("Retry-After", "1"),)), method="POST"))
    source, digest = stage.file(SMALL)

    stage.run("put", "--wait", source, f"{receiver.url}one", *POST)

    first, second = posted(receiver)
    assert [(one.status, one.sha256) for one in (first, second)] == [(503, digest), (201, digest)]
    assert 1.0 <= second.began_at - first.answered_at < 3.0


def test_a_host_told_to_stop_waits_for_the_answer_to_a_post_that_has_gone_out(stage, receiver):
    receiver.script.add(Rule(do=Delay(1.5), method="POST"))
    source, digest = stage.file(SMALL)
    (id,) = stage.put(source, f"{receiver.url}one", *POST)
    receiver.wait_for(complete=True)

    stage.run("host", "stop")

    assert [(request.status, request.sha256) for request in posted(receiver)] == [(201, digest)]
    assert stage.ends(id) == ["completed"]


@pytest.mark.campaign
def test_a_host_told_to_stop_does_not_wait_for_ever_for_the_answer_to_a_post(stage, receiver):
    receiver.script.add(Rule(do=Stall(), method="POST"))
    source, _ = stage.file(SMALL)
    (id,) = stage.put(source, f"{receiver.url}one", *POST)
    receiver.wait_for(complete=True)

    began = time.monotonic()
    stage.run("host", "stop")

    assert time.monotonic() - began < 10
    assert (stage.view(id)["reason"], stage.ends(id), len(posted(receiver))) == ("interrupted_non_idempotent", ["canceled"], 1)


@pytest.mark.parity("F61")
def test_pausing_a_post_under_way_is_refused_in_one_sentence(stage, receiver):
    receiver.script.add(Rule(do=Stall(), at=MIB, method="POST"))
    source, _ = stage.file(SIZE)
    (id,) = stage.put(source, f"{receiver.url}one", *POST)
    receiver.wait_for(bytes=MIB)

    refused = stage.run("pause", id, fine=(2,))

    assert "is a POST under way, which cannot be repeated; let it finish or cancel it" in refused.stderr
    assert refused.stderr.startswith("sendoff: ") and "Traceback" not in refused.stderr
    assert (stage.view(id)["status"], stage.view(id)["want"]) == ("running", None)
    stage.run("cancel", id)
    stage.run("wait", id, fine=(1,))
    assert (stage.ends(id), len(posted(receiver))) == (["canceled"], 1)
