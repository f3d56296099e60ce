"""The suite takes anybody's driver, and ours are strangers: our promises once more, with the drivers that the words name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISES = ("-n", "0", "-q", "-p", "no:cacheprovider", "-m", "promise and not campaign", "tests/end_to_end", "tests/faults")


def promised(*words):
    """How many promises were kept with these drivers; one that is broken, or that nobody tried, is told."""
    done = subprocess.run([sys.executable, "-m", "pytest", *PROMISES, *words], cwd=ROOT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-8000:]
    (passed,) = re.findall(r"(\d+) passed", done.stdout)
    assert "skipped" not in done.stdout.splitlines()[-1], done.stdout[-2000:]
    return int(passed)


@pytest.mark.campaign
@pytest.mark.timeout(1500)
def test_the_sqlite_and_the_http_leaf_keep_what_is_promised_when_they_are_named(say):
    kept = promised("--store", "sqlite", "--transport", "http", "--sink", "log")
    say(f"--store sqlite --transport http --sink log: {kept} promises kept")
    assert kept >= 5


@pytest.mark.campaign
@pytest.mark.timeout(1500)
def test_a_counterpart_of_somebody_s_own_is_what_every_host_is_told_of(say):
    kept = promised("--store", "tests/end_to_end/counterparts.py:Roomy")
    say(f"--store of a counterpart: {kept} promises kept")
    assert kept >= 30


@pytest.mark.campaign
@pytest.mark.needs_server
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("transport", ["s3", "sftp"])
def test_whatever_carries_keeps_what_is_promised(transport, say):
    kept = promised("--transport", transport, "--sink", "webhook")
    say(f"--transport {transport} --sink webhook: {kept} promises kept")
    assert kept >= 18


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--store", "nothing"), "known by name are sqlite"),
        (("--transport", "no/such/file.py:Class"), "names no counterpart"),
        (("--sink", "json:JSONDecoder"), "is not a subclass of"),
    ],
)
def test_a_word_that_names_no_counterpart_is_refused_with_what_to_write(words, said):
    done = subprocess.run([sys.executable, "-m", "pytest", *PROMISES, *words], cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert done.returncode != 0 and said in done.stdout + done.stderr
