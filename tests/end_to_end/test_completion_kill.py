"""Completion groups through the death of programs and hosts."""

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.core.owned import eventually
from tests.end_to_end.completing import SOON, created, program, started


@pytest.mark.parity("F107")
def test_a_host_that_is_killed_between_the_last_end_and_the_handler_calls_it_when_it_is_back(work, stage, receiver):
    source, _ = stage.file(10)
    group, uploader = work.group("handlers:when_allowed")
    (handle,) = started(created(uploader, receiver, source, "a"))
    handle.result(SOON)
    group.enable()
    eventually((stage.folder / "begun").exists)
    stage.kill_host()
    (stage.folder / "go").touch()

    work.ended(group)  # whoever asks starts the next host

    assert [row["key"] for row in work.told()] == [f"{group.id}.completed"], "the first was ended with its host"
    stage.kill_host()
    assert len([one for one in work.client.events() if one.batch == group.id and one.type == "handler_completed"]) == 1
    assert len(work.told()) == 1, "what is on record is not done again"


@pytest.mark.parity("F107")
def test_a_host_that_is_killed_between_the_handlers_end_and_its_record_calls_it_again_with_the_same_key(work, stage, receiver):
    source, _ = stage.file(10)
    group, uploader = work.group("handlers:kills_its_host_once")
    (stage.folder / "host").write_text(str(stage.host()))
    (operation,) = created(uploader, receiver, source, "a")
    started([operation])[0].result(SOON)
    group.enable()

    work.ended(group)

    rows = work.told(2)
    assert [(row["key"], row["ids"]) for row in rows] == [(f"{group.id}.completed", [operation.id])] * 2
    assert len({row["pid"] for row in rows}) == 2
    stage.kill_host()
    assert [one.data["try"] for one in work.client.events(types="handler_completed")] == [1]
    assert len(work.told()) == 2, "never again once its end was recorded"


@pytest.mark.parity("A13", "F113")
def test_a13_half_of_ten_fail_the_program_is_gone_and_the_handler_retries_until_each_has_arrived_once(work, stage, tmp_path):
    source, digest = stage.file(1000)
    script = [Rule(do=Answer(403), path=f"/{number}", times=2 if number == 8 else 1) for number in (0, 2, 4, 6, 8)]
    with Receiver(tmp_path / "in", script=script) as receiver:
        done = program(stage, receiver.url, "again", source, "10")
        assert done.communicate(timeout=SOON)[0].split() and done.returncode == 0

        rows = work.told(3)
        work.events(None, "handler_completed", count=3)
        arrived = [(one.path, one.sha256) for one in receiver.requests if one.status and one.status < 300]

    assert [(row["n"], len(row["ids"])) for row in rows] == [(5, 10), (4, 5), (1, 1)]
    assert len({row["key"] for row in rows}) == 3 and len(work.told()) == 3
    assert sorted(arrived) == [(f"/{number}", digest) for number in range(10)], "each exactly once"
