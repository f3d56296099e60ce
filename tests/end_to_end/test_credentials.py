"""A credential that is wrong, and then right: the upload waits, says what to do, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    made.tried("host", "stop")


def test_a_corrected_variable_is_found_by_resume(machine: Machine, tmp_path: Path) -> None:
    with Receiver(tmp_path / "landed", authorization="Bearer the-right-token") as receiver:
        (id,) = machine.put(machine.file(), receiver.url, "--credential", "env:MY_TOKEN", MY_TOKEN="a-wrong-token")
        waited = machine.run("wait", id, fine=(6,))
        asked = machine.show(id)
        machine.run("resume", id, MY_TOKEN="the-right-token")
        machine.run("wait", id)

    assert f"MY_TOKEN_PASSWORD, then: sendoff resume {asked['number']}" in waited.stderr
    assert (asked["status"], asked["reason"]) == ("paused_recoverable", "credential_needed")
    assert machine.show(id)["status"] == "completed"


def test_what_was_waited_for_leaves_the_list(machine: Machine, tmp_path: Path) -> None:
    with Receiver(tmp_path / "landed") as receiver:
        (id,) = machine.put(machine.file(), receiver.url, "--wait")

    assert machine.objects("list") == [] and [one["id"] for one in machine.stored()] == [id]
