"""What a person is promised whatever the drivers are, with the journal in a database."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.promised import kept, made

ROOT = Path(__file__).parents[4]
COUNTERPART = "contrib/stores/postgres/tests/counterpart.py:PostgresCounterpart"


@pytest.mark.campaign
@pytest.mark.needs_server
@pytest.mark.timeout(1500)
def test_what_is_promised_is_kept_with_the_journal_in_a_database(say):
    count = kept("--store", COUNTERPART)
    say(f"--store postgres: {count} promises kept")
    assert count == made()


@pytest.mark.campaign
@pytest.mark.needs_server
@pytest.mark.timeout(600)
def test_several_handles_on_one_journal_are_kept_apart_by_their_epochs():
    words = ["-n", "0", "-q", "-p", "no:cacheprovider", "-m", "campaign or not campaign", "tests/end_to_end/test_two_handles.py", "--store", COUNTERPART]
    done = subprocess.run([sys.executable, "-m", "pytest", *words], cwd=ROOT, capture_output=True, text=True, timeout=600)

    assert done.returncode == 0, done.stdout[-8000:]
    assert "3 passed" in done.stdout.splitlines()[-1], done.stdout[-2000:]
