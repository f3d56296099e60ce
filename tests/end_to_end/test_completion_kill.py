"""Completion groups through the death of programs and hosts."""

import os

import pytest

from tests.core.owned import eventually
from tests.end_to_end.completing import SOON, created, started


@pytest.mark.parity("F107")
def test_a_host_that_is_killed_between_the_last_end_and_the_handler_calls_it_when_it_is_back(work, stage, receiver):
    source, _ = stage.file(10)
    group, uploader = work.group("handlers:when_allowed")
    (handle,) = started(created(uploader, receiver, source, "a"))
    handle.result(SOON)
    group.enable()
    eventually((stage.folder / "begun").exists)
    stage.kill_host()
    process = f"/proc/{(stage.folder / 'begun').read_text()}/exe"
    eventually(lambda: not os.path.exists(process), "the end of the handler that lost its host")
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
