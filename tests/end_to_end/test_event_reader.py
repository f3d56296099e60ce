"""A program that reads the history, is killed in mid-stream, and goes on after the last number that it had written down."""

import signal
import subprocess
import sys
from functools import partial

import sendoff

from tests.core.owned import eventually

SOON = 60
DAYS, EACH = 4, 40
READER = """
import os, sys
import sendoff

written = open(sys.argv[1], "a+")
written.seek(0)
lines = written.read().splitlines()
after = int(lines[-1].split()[0]) if lines else None
with sendoff.connect() as client:
    for event in client.events(after=after, follow=True, types=("created", "completed")):
        written.write(f"{event.seq} {event.operation} {event.type}\\n")
        written.flush()
        os.fsync(written.fileno())
"""


def test_a_reader_that_was_killed_goes_on_after_its_last_number_and_nothing_is_lost_or_doubled(stage, receiver):
    path, _ = stage.file(1000)
    written = stage.folder / "written"
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        for day in range(DAYS):
            seen, reader = len(lines(written)), begun(stage, written)
            batch = client.put_many([(path, f"{receiver.url}{day}-{number}") for number in range(EACH)])
            eventually(partial(has_more, written, seen), "what the reader writes")
            reader.send_signal(signal.SIGKILL)  # while there is more to read
            assert reader.wait(SOON) == -signal.SIGKILL
            batch.wait(SOON)
        assert len(lines(written)) < 2 * EACH * DAYS, "at least the last one was killed too early"
        last = begun(stage, written)
        wanted = [f"{event.seq} {event.operation} {event.type}" for event in client.events(types=("created", "completed"))]
        eventually(lambda: len(lines(written)) >= len(wanted), "the rest")
        last.send_signal(signal.SIGKILL)
        last.wait(SOON)

    assert lines(written) == wanted
    assert len(wanted) == 2 * EACH * DAYS


def has_more(written, than):
    return len(lines(written)) > than


def begun(stage, written):
    return subprocess.Popen([sys.executable, "-W", "error", "-c", READER, str(written)], env=stage.environment)


def lines(written):
    """Those that are whole; a reader that is killed while it writes leaves a half."""
    return written.read_text().split("\n")[:-1] if written.exists() else []
