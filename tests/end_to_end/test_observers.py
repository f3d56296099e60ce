"""Whoever looks on: any number of processes, and none of them holds anything up."""

import signal
import subprocess
import sys

import pytest
from sendoff.testing.receiver import Receiver, Rule, Stall

from tests.end_to_end.stage import MIB, PACE, Stage

SOON = 60
LOOKS = """
import sys, time, sendoff
asleep = sys.argv[2] == "asleep"
def told(_):
    print("progress", flush=True)
    if asleep:
        time.sleep(3600)
operation = sendoff.get(sys.argv[1])
handle = operation.attach(progress=told)
print("attached", flush=True)
handle.result(120)
print("ended", operation.status.name, flush=True)
"""


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.config.write_text('[retry]\nbackoff = ["0.05s", "0.1s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE, script=[Rule(do=Stall(), at=8 * MIB)]) as made:
        yield made


def looking(stage, id, how):
    command = [sys.executable, "-c", LOOKS, id, how]
    process = subprocess.Popen(command, env=stage.environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "attached\n"
    return process


@pytest.mark.parity("F82", "F84")
def test_one_that_sleeps_and_one_that_is_stopped_delay_neither_the_upload_nor_the_others(stage, receiver):
    path, digest = stage.file(16 * MIB)
    (id,) = stage.put(path, f"{receiver.url}a")
    receiver.wait_for(bytes=MIB)
    observers = {how: looking(stage, id, how) for how in ("asleep", "stopped", "awake")}
    observers["stopped"].send_signal(signal.SIGSTOP)
    try:
        assert {observers[how].stdout.readline() for how in ("asleep", "awake")} == {"progress\n"}
        receiver.wait_for(bytes=8 * MIB)
        receiver.release()
        receiver.hang_up()

        assert observers["awake"].communicate(timeout=SOON)[0].endswith("ended COMPLETED\n")
        assert [request.sha256 for request in receiver.requests if request.complete] == [digest]
        observers["stopped"].send_signal(signal.SIGCONT)
        assert observers["stopped"].communicate(timeout=SOON)[0].endswith("ended COMPLETED\n")
    finally:
        observers["stopped"].send_signal(signal.SIGCONT)
        observers["asleep"].kill()
        for process in observers.values():
            process.communicate(timeout=SOON)
