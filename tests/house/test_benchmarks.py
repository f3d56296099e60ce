"""The benchmarks run; what they measure is for people to judge, on a quiet machine."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("name", "shown"), [("list", "sendoff list"), ("create", "20,000 durable creates"), ("memory", "10,000 queued uploads"), ("large", "1 GiB PUT")]
)
def test_a_benchmark_prints_its_ratio(name, shown):
    words = [sys.executable, "-m", "benchmarks", "--only", name, "--rounds", "1"]

    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300)

    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.startswith(f"{shown}: "), done.stdout + done.stderr


@pytest.mark.parametrize(("ratio", "verdict"), [(5.9, "at most 6x: met"), (6.1, "at most 6x: FALLS SHORT")])
def test_a_goal_is_met_or_falls_short(ratio, verdict, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.rounds import compared

    line = compared("it", ("ours", "theirs"), [ratio, ratio], [1.0, 1.0], speed=False, shown=str, at_most=6)

    assert verdict == line.goal
