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
    """The store by a counterpart with a key in its section, which every host is told of."""
    kept = promised("--store", "tests/end_to_end/counterparts.py:Roomy", "--transport", "http")
    say(f"--store sqlite --transport http: {kept} promises kept")
    assert kept >= 35


@pytest.mark.campaign
@pytest.mark.needs_server
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(("transport", "sink"), [("s3", "log"), ("sftp", "webhook")])
def test_whatever_carries_and_whoever_tells_keep_what_is_promised(transport, sink, say):
    kept = promised("--transport", transport, "--sink", sink)
    say(f"--transport {transport} --sink {sink}: {kept} promises kept")
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
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", *words, "tests/end_to_end/test_promises_sink.py"], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode != 0 and said in done.stdout + done.stderr
