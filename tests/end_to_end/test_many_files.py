"""Many files: put, cut off in the middle, put again, and again by night."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sendoff
from sendoff.model.query import Query, Question

from tests.end_to_end.stage import COMMAND

QUEUED, SAMPLE = 100_000, 100
FILES, FOLDERS = int(os.environ.get("MANY_FILES", "20000")), 300  # it was seen with 100,000
MOST_MEMORY = 150 * 2**20
# begun from a small process: the kernel counts what a process was before it became another
MEASURING = """
import os, sys
_, status, used = os.wait4(os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:]), 0)
print(used.ru_maxrss, file=sys.stderr)
sys.exit(status != 0)
"""

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(3000)]


@pytest.fixture
def tree(tmp_path):
    """Equal names in every folder, and what is no file beside them."""
    root = tmp_path / "tree"
    for number in range(FILES):
        folder = root / f"d{number % FOLDERS:03}"
        if number < FOLDERS:
            folder.mkdir(parents=True)
        (folder / f"{number // FOLDERS:03}.dat").write_bytes(b"%d" % number)
    os.symlink("..", root / "d000" / "up")
    os.symlink("000.dat", root / "d000" / "link")
    os.mkfifo(root / "d001" / "pipe")
    return root


def timed(stage, *words):
    """A command to its end: what it said, its memory at most, and its seconds."""
    out, err, began = stage.folder / "out", stage.folder / "err", time.monotonic()
    with out.open("w") as results, err.open("w") as notes:
        done = subprocess.run([sys.executable, "-c", MEASURING, *COMMAND, *words], cwd=stage.folder, env=stage.environment, stdout=results, stderr=notes)
    took, (*_, memory) = time.monotonic() - began, err.read_text().splitlines()
    print(f"{' '.join(words[:2])}: {took:.1f} s, {int(memory) / 1024:.0f} MiB; {err.read_text()}")  # noqa: T201
    assert done.returncode == 0, err.read_text()
    assert int(memory) * 1024 < MOST_MEMORY
    return out.read_text().split(), err.read_text()


def cut_off(stage, words, after):
    """The command is killed when it has printed so many ids."""
    with stage.begin(*words) as putting:
        ids = [putting.stdout.readline() for _ in range(after)]
        os.kill(putting.pid, signal.SIGKILL)
    return ids[0].strip()


def test_a_tree_of_many_files_outlives_its_client_and_costs_nothing_the_second_night(stage, receiver, tree):
    words = ["put", "-r", "tree", receiver.url]

    batch = stage.view(cut_off(stage, words, FILES // 5 + 500))["batch"]
    sealed = next(event.data["sealed"] for event in stage.desk.follow(Query(batch=batch), after=0) if getattr(event, "type", "") == "changed")
    told = stage.desk.ask(Question(what="batch", details={"name": batch}))
    assert (told["total"], told["sealed"], sum(told["statuses"].values())) == (sealed, True, sealed)
    assert FILES // 5 < sealed < FILES and sealed % 1000 == 0

    ids, notes = timed(stage, *words)
    assert len(set(ids)) == FILES
    assert "left out: 2 symbolic links, 1 pipe, socket or device" in notes and "there already" in notes

    timed(stage, "wait", "--all", "-q")
    assert sum(1 for _ in receiver.folder.rglob("*.dat")) == FILES
    assert (receiver.folder / "tree" / "d007" / "003.dat").read_text() == str(3 * FOLDERS + 7)

    night = [*words, "--only-new"]
    ids, notes = timed(stage, *night)
    assert ids == [] and f"left out: {FILES} unchanged files" in notes
    Path(tree / "d123" / "045.dat").write_text("changed")
    ids, notes = timed(stage, *night, "--json")
    found = [json.loads(line) for line in (stage.folder / "out").read_text().splitlines()]
    assert [one["source"] for one in found if "skipped" not in one] == [str(tree / "d123" / "045.dat")] and len(found) == FILES


@pytest.mark.parity("F78")
def test_a_hundred_thousand_wait_are_listed_page_by_page_and_those_that_are_started_complete(stage, receiver):
    path, digest = stage.file(100)
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        uploader = sendoff.BackgroundUploader(client)
        uploader.method = "PUT"
        batch = uploader.create_uploads((f"{receiver.url}{number}", path) for number in range(QUEUED))
        assert (len(batch), batch.errors, receiver.connections) == (QUEUED, (), 0)

        listed = list(client.find())
        assert len({operation.id for operation in listed}) == QUEUED
        assert [operation.requested_url for operation in listed] == [f"{receiver.url}{number}" for number in range(QUEUED)]
        page = stage.run("list", "--json", "--limit", "50", "--after", listed[QUEUED // 2].id).stdout.splitlines()
        assert [json.loads(line)["id"] for line in page] == [operation.id for operation in listed[QUEUED // 2 + 1 :][:50]]

        sample = listed[:: QUEUED // SAMPLE]
        for handle in [operation.start() for operation in sample]:
            handle.result(600)

        assert sorted(row.path for row in receiver.requests) == sorted(f"/{number}" for number in range(0, QUEUED, QUEUED // SAMPLE))
        assert {row.sha256 for row in receiver.requests} == {digest}
        assert {operation.status for operation in client.find(limit=50)} == {sendoff.TransferStatus.IDLE}
