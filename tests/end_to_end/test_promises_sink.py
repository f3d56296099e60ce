"""What a person is told, whoever tells it: run with ``--sink`` for any other than ours."""

import pytest

from tests.core.owned import eventually

pytestmark = pytest.mark.promise
NOWHERE = "http://127.0.0.1:9/"


def about(found):
    return found["type"], (found["operation"] or {}).get("id")


def told(audience, count):
    """What was told, as soon as it is so much."""
    return eventually(lambda: audience.delivered() if len(audience.delivered()) >= count else None, f"{count} notices")


def test_every_end_and_the_batch_s_end_are_told_with_the_id_of_the_event(stage, receiver, audience):
    ids = stage.put("--wait", *(stage.file(100, f"{number}.bin")[0] for number in range(3)), receiver.url)

    found = told(audience, 4)

    assert {about(one) for one in found} == {*(("completed", id) for id in ids), ("batch_completed", None)}
    assert {one["id"] for one in found if one["type"] == "completed"} == {stage.id_of_end(id) for id in ids}
    assert all(one["operation"]["status"] == "completed" for one in found if one["operation"])


@pytest.mark.campaign
def test_a_failure_is_told_with_its_reason(stage, receiver, audience):
    source, _ = stage.file(100)
    (id,) = stage.put("--sha256", "0" * 64, source, receiver.url)
    stage.run("wait", id, fine=(1,))

    (failed,) = [one for one in told(audience, 1) if one["type"] == "failed"]

    assert (failed["operation"]["id"], failed["operation"]["error"]["code"]) == (id, stage.view(id)["error"]["code"])


@pytest.mark.campaign
def test_a_canceled_one_is_told_of(stage, audience):
    (id,) = stage.put(stage.file(100)[0], NOWHERE)

    stage.run("cancel", id)

    assert ("canceled", id) in {about(one) for one in told(audience, 1)}


@pytest.mark.campaign
def test_ends_are_told_in_their_order_and_by_two_hosts_each_once(stage, receiver, audience):
    ids = [id for name in "abcde" for id in stage.put("--wait", stage.file(100)[0], f"{receiver.url}{name}")]
    told(audience, 5)

    stage.run("host", "stop")
    stage.run("put", "--wait", stage.file(100)[0], f"{receiver.url}last")
    told(audience, 6)
    stage.run("host", "stop")

    found = audience.delivered()
    assert len({one["id"] for one in found}) == len(found) == 6
    assert [about(one) for one in found][:5] == [("completed", id) for id in ids]


@pytest.mark.campaign
def test_what_had_not_been_told_when_the_host_was_killed_is_told_by_the_next(stage, receiver, audience):
    sources = [stage.file(100, f"{number}.bin")[0] for number in range(20)]
    ids = stage.put(*sources, receiver.url)
    told(audience, 1)
    stage.kill_host()

    stage.run("wait", *ids)

    wanted = {stage.id_of_end(id) for id in ids}
    eventually(lambda: wanted <= {one["id"] for one in audience.delivered()}, "every end")
