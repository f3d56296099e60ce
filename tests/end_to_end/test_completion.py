"""Completion groups with real hosts: once the last operation has ended, the handler is called, whoever is there then."""

import os
import sys

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.completing import QUICK, SOON, created, started


@pytest.mark.parity("F2", "F105", "F107", "F112", "F114")
def test_the_handler_is_called_once_after_the_last_end_and_knows_every_member(work, stage, tmp_path):
    source, _ = stage.file(1000)
    with Receiver(tmp_path / "in", script=[Rule(do=Answer(403), path="/refused", times=None)]) as receiver:
        group, uploader = work.group()
        operations = created(uploader, receiver, source, "a", "refused", "c", "d")
        handles = started(operations[:3])
        operations[3].cancel()
        group.enable()

        assert handles[0].result(SOON).status is sendoff.TransferStatus.COMPLETED, "whoever waits is told as well"
        event = work.ended(group)

    (row,) = work.told()
    assert dict(zip(row["ids"], row["status"], strict=True)) == {
        operations[0].id: "completed", operations[1].id: "error", operations[2].id: "completed", operations[3].id: "canceled",
    }  # fmt: skip
    assert row["key"] == event.data["key"] == f"{group.id}.completed"
    assert event.data == {"handler": "handlers:told", "key": row["key"], "try": 1}
    (told,) = [one for one in work.client.events(types="batch_completed") if one.batch == group.id]
    assert told.data == {"total": 4, "completed": 2, "failed": 1, "canceled": 1, "outcome": "failure"}
    assert told.seq < event.seq and work.todos() == 0


def test_a_handler_runs_where_it_was_registered_and_as_this_interpreter_would(work, stage, receiver):
    source, _ = stage.file(10)
    group, uploader = work.group()
    started(created(uploader, receiver, source, "a"))
    group.enable()

    (row,) = work.told()

    assert (row["interpreter"], row["folder"]) == (sys.executable, os.getcwd())
    assert str(stage.folder) in row["path"] and set(row["path"]) == {os.path.abspath(one) for one in sys.path}


@pytest.mark.parity("F113")
def test_a_handler_reads_every_member_and_what_it_creates_in_a_group_of_its_own_runs(work, stage, tmp_path):
    source, digest = stage.file(1000)
    with Receiver(tmp_path / "in", script=[Rule(do=Answer(403), path="/refused")]) as receiver:
        group, uploader = work.group("handlers:reads")
        uploader.set_request_header("X-Open", "seen")
        uploader.set_request_header("X-Key", "open-s3same", secret=True)
        operations = created(uploader, receiver, source, "a", "refused", "dropped")
        started(operations[:2])
        operations[2].cancel()
        group.enable()

        first, second = work.told(2)
        arrived = {row.path: row.sha256 for row in receiver.requests if row.status == 201}

    headers = [["X-Open", "seen"], ["X-Key", "***"]]
    assert first["read"] == [
        ["completed", 201, receiver.url + "a", source, headers], ["error", 403, receiver.url + "refused", source, headers],
        ["canceled", None, receiver.url + "dropped", source, headers],
    ]  # fmt: skip
    assert second["status"] == ["completed"] * 2 and not {*second["ids"]} & {*first["ids"]}
    assert arrived == dict.fromkeys(("/a", "/refused-again", "/dropped-again"), digest)


@pytest.mark.parity("F3")
def test_an_uploader_has_the_group_it_was_made_with_and_no_other(work):
    group = sendoff.CompletionGroup(work.client)
    uploader = sendoff.BackgroundUploader(work.client, completion_group=group)

    assert uploader.completion_group is group
    assert sendoff.BackgroundUploader(work.client).completion_group is None
    with pytest.raises(AttributeError):
        uploader.completion_group = None


@pytest.mark.parity("F108", "F109")
def test_a_group_is_enabled_once_and_nothing_joins_it_afterwards(work, stage, receiver):
    source, _ = stage.file(10)
    with sendoff.CompletionGroup(work.client) as group:
        group.on_complete("handlers:told")
        uploader = sendoff.BackgroundUploader(work.client, completion_group=group)
        (operation,) = created(uploader, receiver, source, "a")
        assert not group.is_enabled
    assert group.is_enabled

    for refused in (group.enable, lambda: created(uploader, receiver, source, "b"), lambda: group.on_complete("handlers:told")):
        with pytest.raises(sendoff.InvalidState):
            refused()

    started([operation])
    (row,) = work.told()
    assert row["ids"] == [operation.id]
    assert [one.id for one in work.client.find(batch=group.id, all=True)] == [operation.id], "what was refused was not stored"


@pytest.mark.parity("F108")
def test_a_group_that_is_never_enabled_calls_nobody_and_keeps_no_host(work, stage, receiver):
    source, _ = stage.file(10)
    _, uploader = work.group()
    for handle in started(created(uploader, receiver, source, "a", "b")):
        handle.result(SOON)
    other, uploader = work.group("handlers:slowly")
    started(created(uploader, receiver, source, "c"))
    other.enable()

    work.ended(other)

    assert [row["key"] for row in work.told()] == [f"{other.id}.completed"]
    assert work.todos() == 0


@pytest.mark.parity("F110", "F111")
@pytest.mark.parametrize("names", ["ab", ""], ids=["all have ended", "there are none"])
def test_a_group_in_which_nothing_is_left_to_do_is_called_when_it_is_enabled(names, work, stage, receiver):
    source, _ = stage.file(10)
    group, uploader = work.group()
    operations = created(uploader, receiver, source, *names)
    for handle in started(operations):
        handle.result(SOON)

    group.enable()

    (row,) = work.told()
    assert row["ids"] == [operation.id for operation in operations]


@pytest.mark.parity("F106", "F116")
@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("handlers:nothing", "no attribute 'nothing'"),
        ("no_such_module:told", "No module named 'no_such_module'"),
        ("handlers:number", "a int, which cannot be called"),
        ("handlers:yields", "handlers:yields has a yield in it"),
        ("handlers:yields_later", "handlers:yields_later has a yield in it"),
        ("handlers", "it is written 'module:function'"),
        ("__main__:told", "it is called without this program"),
        (print, "it is written 'module:function'"),
    ],
)
def test_a_handler_that_cannot_be_found_is_refused_when_it_is_named(function, why, work):
    group = sendoff.CompletionGroup(work.client)

    with pytest.raises(sendoff.InvalidArgument, match=why):
        group.on_complete(function)

    group.on_complete("handlers:told")
    with pytest.raises(sendoff.InvalidState, match="calls handlers:told already"):
        group.on_complete("handlers:slowly")


@pytest.mark.parity("F106")
def test_many_groups_may_have_the_same_handler(work, stage, receiver):
    source, _ = stage.file(10)
    groups = [work.group("handlers:slowly") for _ in range(6)]
    for number, (group, uploader) in enumerate(groups):
        started(created(uploader, receiver, source, f"{number}"))
        group.enable()

    rows = work.told(6)

    assert sorted(row["key"] for row in rows) == sorted(f"{group.id}.completed" for group, _ in groups)


@pytest.mark.parity("F115")
def test_a_handler_may_be_async_and_is_awaited_to_its_end(work, stage, receiver):
    source, _ = stage.file(10)
    group, uploader = work.group("handlers:slowly")
    started(created(uploader, receiver, source, "a"))
    group.enable()

    assert work.ended(group, "handler_completed", "handler_failed").type == "handler_completed"
    assert len(work.told()) == 1


@pytest.mark.parity("F115")
def test_a_handler_that_raises_is_called_again_with_the_same_key_and_its_end_is_recorded(work, stage, receiver):
    source, _ = stage.file(10)
    group, uploader = work.group("handlers:fails_twice")
    started(created(uploader, receiver, source, "a"))
    group.enable()

    assert work.ended(group).data["try"] == 3
    assert {row["key"] for row in work.told(3)} == {f"{group.id}.completed"} and len(work.told()) == 3
    failed = [one.data for one in work.client.events(types="handler_failed")]
    assert [(one["try"], one["message"], one["again"]) for one in failed] == [(1, "ValueError: not yet", True), (2, "ValueError: not yet", True)]


@pytest.mark.parity("F115")
def test_a_handler_that_always_fails_or_takes_too_long_is_given_up(work, stage, receiver):
    stage.config.write_text(f'{QUICK}[handlers]\nattempts = 2\ntimeout = "2s"\n')
    stage.kill_host()
    source, _ = stage.file(10)
    wanted = {"handlers:always_fails": "ValueError: never", "handlers:sleeps": "it did not end within 2 seconds"}
    for function in wanted:
        group, uploader = work.group(function)
        started(created(uploader, receiver, source, function))
        group.enable()

    failed = [event.data for event in work.events(None, "handler_failed", count=4)]

    for function, message in wanted.items():
        assert [(one["message"], one["again"]) for one in failed if one["handler"] == function] == [(message, True), (message, False)]
    assert work.todos() == 0


def test_a_program_that_does_the_work_itself_waits_for_the_handler_when_it_drains(stage, work, receiver):
    work.client.close()
    stage.kill_host()
    source, _ = stage.file(10)
    with sendoff.connect(state_dir=stage.state, config=stage.config, mode="embedded") as client:
        group = sendoff.CompletionGroup(client)
        group.on_complete("handlers:slowly")
        with group:
            started(created(sendoff.BackgroundUploader(client, completion_group=group), receiver, source, "a"))
        client.close(drain=True)

    assert (stage.folder / "told").exists()
    assert not stage.runs()


def test_a_group_belongs_to_one_place(work, stage, tmp_path, receiver):
    source, _ = stage.file(10)
    group, _ = work.group()
    with sendoff.connect(state_dir=tmp_path / "elsewhere", mode="embedded") as other:
        uploader = sendoff.BackgroundUploader(other, completion_group=group)

        with pytest.raises(sendoff.InvalidArgument, match="belongs to the work of"):
            created(uploader, receiver, source, "a")

        assert list(other.find(all=True)) == []
