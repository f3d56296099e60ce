"""Our promises run by another pytest, with the drivers that somebody names."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
EVERYTHING = ("tests/end_to_end", "tests/faults")
WORDS = ("-n", "0", "-q", "-p", "no:cacheprovider", "-m", "promise")


def kept(*words):
    """How many promises were kept with these drivers; one that is broken, or that nobody tried, is told."""
    done = ran(*EVERYTHING, *words)
    assert done.returncode == 0, done.stdout[-8000:]
    (passed,) = re.findall(r"(\d+) passed", done.stdout)
    assert "skipped" not in done.stdout.splitlines()[-1], done.stdout[-2000:]
    return int(passed)


def made(*places):
    """How many promises are there to be kept."""
    done = ran("--collect-only", *(places or EVERYTHING))
    assert done.returncode == 0, done.stdout[-8000:]
    return int(re.findall(r"^(\d+)(?:/\d+)? tests collected", done.stdout, re.MULTILINE)[-1])


def ran(*words):
    """Another pytest, with the promises that these words leave."""
    return subprocess.run([sys.executable, "-m", "pytest", *WORDS, *words], cwd=ROOT, capture_output=True, text=True, timeout=1200)
