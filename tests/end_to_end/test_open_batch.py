"""``with uploader.batch()``: told of once, when all of it has ended and it is complete."""

import gc
import os
import signal
import subprocess
import sys

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.completing import SOON, created, program


@pytest.mark.parity("F97", "F98", "F104", "A9", "A10")
@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("a", "b", "c"), {"total": 3, "completed": 3, "failed": 0, "canceled": 0, "outcome": "success"}),
        (("a", "b", "refused"), {"total": 3, "completed": 2, "failed": 1, "canceled": 0, "outcome": "failure"}),
        (("a", "x", "b"), {"total": 3, "completed": 2, "failed": 0, "canceled": 1, "outcome": "success"}),
        (("x", "refused"), {"total": 2, "completed": 0, "failed": 1, "canceled": 1, "outcome": "failure"}),
        (("x", "x2"), {"total": 2, "completed": 0, "failed": 0, "canceled": 2, "outcome": None}),
        (("a",), {"total": 1, "completed": 1, "failed": 0, "canceled": 0, "outcome": "success"}),
    ],
)
def test_a_batch_is_told_of_once_after_its_last_end_with_how_it_went(names, told, work, stage, tmp_path):
    source, _ = stage.file(1000)
    with Receiver(tmp_path / "in", script=[Rule(do=Answer(403), path="/refused", times=None)]) as receiver:
        uploader = sendoff.BackgroundUploader(work.client)
        with uploader.batch() as batch:
            operations = created(uploader, receiver, source, *names)
        assert len(batch) == len(names)
        for name, operation in zip(names, operations, strict=True):
            if name.startswith("x"):
                operation.cancel()
            else:
                operation.start()

        event = work.ended(batch, "batch_completed")

    assert dict(event.data) == told
    ends = [one.seq for one in work.client.events(types=("completed", "failed", "canceled")) if one.batch == batch.id]
    assert len(ends) == len(names) and max(ends) < event.seq
    assert len(work.told_of(batch.id)) == 1


@pytest.mark.parity("F99")
def test_a_batch_does_not_end_before_it_is_complete_though_its_first_has_and_the_host_died(work, stage, receiver):
    source, _ = stage.file(1000)
    uploader = sendoff.BackgroundUploader(work.client)
    with uploader.batch() as batch:
        created(uploader, receiver, source, "first")[0].start().result(SOON)
        stage.kill_host()
        second, third = uploader.create_uploads([(f"{receiver.url}second", source), (f"{receiver.url}third", source)])
        second.start().result(SOON)
        assert work.told_of(batch.id) == [] and len(batch) == 3
        with pytest.raises(sendoff.InvalidState, match="has an open batch already"), uploader.batch():
            raise AssertionError("not reached")
    assert work.told_of(batch.id) == []
    third.start().result(SOON)

    work.ended(batch, "batch_completed")
    assert [one["total"] for one in work.told_of(batch.id)] == [3]
    assert (batch.wait(SOON), batch.progress.total_bytes) == (batch, 3000)
    after = created(uploader, receiver, source, "after")[0]
    assert after.batch != batch.id, "what comes after the with is none of it"


@pytest.mark.parity("F99", "F108")
def test_a_program_that_dies_leaves_its_batch_closed_at_what_came_and_its_group_calls_nobody(work, stage, receiver):
    source, _ = stage.file(1000)
    dying = program(stage, receiver.url, "told", source, "3", "and waits", stdin=subprocess.PIPE)
    id = dying.stdout.readline().strip()
    for operation in work.client.find(batch=id, all=True):
        operation.wait(SOON)
    assert work.told_of(id) == []

    dying.send_signal(signal.SIGKILL)
    dying.communicate(timeout=SOON)

    work.events(id, "batch_completed")
    assert [one["total"] for one in work.told_of(id)] == [3]
    assert [one.data for one in work.client.events(types="changed") if one.batch == id] == [{"sealed": 3}], "and an event says that nobody else closed it"
    assert not (stage.folder / "told").exists()
    assert work.todos() == 0


def test_a_program_and_its_host_that_die_together_leave_it_closed_too(work, stage, receiver):
    source, _ = stage.file(1000)
    dying = program(stage, receiver.url, "told", source, "2", "and waits", stdin=subprocess.PIPE)
    id = dying.stdout.readline().strip()
    dying.send_signal(signal.SIGSTOP)  # it starts no other host in its last moment
    stage.kill_host()
    dying.send_signal(signal.SIGKILL)
    dying.communicate(timeout=SOON)

    work.events(id, "batch_completed")

    assert [one["total"] for one in work.told_of(id)] == [2]


def test_an_uploader_of_a_completion_group_needs_no_batch(work):
    uploader = sendoff.BackgroundUploader(work.client, completion_group=sendoff.CompletionGroup(work.client))

    with pytest.raises(sendoff.InvalidState, match="has a completion group, which is a batch"), uploader.batch():
        raise AssertionError("not reached")


def test_a_batch_that_cannot_be_closed_is_closed_by_the_next_host_while_its_program_lives(work, stage, receiver):
    source, _ = stage.file(1000)
    uploader = sendoff.BackgroundUploader(work.client)
    fine = stage.config.read_text()

    with pytest.raises(sendoff.ConfigurationError), uploader.batch() as batch:
        created(uploader, receiver, source, "a")[0].start().result(SOON)
        stage.kill_host()
        stage.config.write_text("broken [")

    stage.config.write_text(fine)
    assert work.ended(batch, "batch_completed").data["total"] == 1


def test_what_breaks_a_batch_off_is_told_though_it_cannot_be_closed_either(work, stage, receiver):
    source, _ = stage.file(1000)
    uploader = sendoff.BackgroundUploader(work.client)

    with pytest.raises(ZeroDivisionError), uploader.batch():
        created(uploader, receiver, source, "a")
        stage.kill_host()
        stage.config.write_text("broken [")
        raise ZeroDivisionError


def left(child):
    """How a forked child ended, which leaves its blocks by ``sys.exit``."""
    if child == 0:
        sys.exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_forked_child_that_leaves_a_batch_closes_nothing_of_its_parents(work, stage, receiver):
    source, _ = stage.file(1000)
    uploader = sendoff.BackgroundUploader(work.client)
    try:
        with uploader.batch() as batch:
            created(uploader, receiver, source, "a")[0].start().result(SOON)
            assert left(os.fork()) == 0
            created(uploader, receiver, source, "b")[0].start().result(SOON)
            assert work.told_of(batch.id) == []
    except SystemExit as leaving:
        os._exit(leaving.code)  # the child

    assert work.ended(batch, "batch_completed").data["total"] == 2


def test_a_forked_child_that_leaves_a_completion_group_enables_nothing_of_its_parents(work, stage, receiver):
    source, _ = stage.file(1000)
    group, uploader = work.group()
    try:
        with group:
            created(uploader, receiver, source, "a")[0].start().result(SOON)
            child = os.fork()
            if child:
                assert left(child) == 0
                created(uploader, receiver, source, "b")[0].start().result(SOON)
    except SystemExit as leaving:
        os._exit(leaving.code)
    if not child:
        os._exit(0)  # it went out of the block by its end

    (told,) = work.told()
    assert len(told["ids"]) == 2


def test_a_completion_group_that_is_forgotten_leaves_no_open_file_and_no_open_batch(work, stage, receiver):
    source, _ = stage.file(1000)
    before = len(os.listdir("/proc/self/fd"))
    group, uploader = work.group()
    created(uploader, receiver, source, "a")[0].start().result(SOON)
    id = group.id
    del group, uploader
    gc.collect()

    work.events(id, "batch_completed")
    assert len(os.listdir("/proc/self/fd")) <= before + 2, "those of the client that follows"
    assert not (stage.state / "spool" / "incoming" / id).exists()
    assert not (stage.folder / "told").exists()
