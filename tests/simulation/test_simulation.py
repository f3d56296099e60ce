"""The invariants hold over drawn faults; and each of them can fail, which is shown by breaking what keeps it."""

from __future__ import annotations

import logging
import os
import random
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sendoff.policy import lifecycle, order, target
from sendoff.policy.decision import Decision
from sendoff.runtime import bundle, conductor, removal, shipment
from sendoff.runtime.groups import Groups
from sendoff.runtime.heads import Heads
from sendoff.runtime.in_force import InForce
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.recovery import Recovery
from sendoff.runtime.removal import Removal
from sendoff.runtime.secrets import Secrets
from sendoff.runtime.sweeping import Sweeping

from tests.house.fences import blocks_of
from tests.simulation.seeds import sources_in
from tests.simulation.world import play

ORDINARY = 1000
FRESH = int(os.environ.get("FRESH_SEEDS", "10000"))  # other ones each time; fifty thousand were seen in a row
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def quiet() -> Any:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def run_seeds(first: int, count: int) -> str:
    """Seeds on every processor; what the players printed."""
    share = count // (os.cpu_count() or 1)
    players = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.simulation", "--first", str(first + share * number), "--seeds", str(share)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for number in range(os.cpu_count() or 1)
    ]  # fmt: skip
    said = [player.communicate()[0] for player in players]
    assert not any(player.returncode for player in players), "\n".join(said)
    return "".join(said)


@pytest.mark.timeout(600)
def test_the_invariants_hold_over_a_thousand_seeds(say: Callable[[str], None]) -> None:
    said = run_seeds(0, ORDINARY)

    say(said)


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_the_invariants_hold_over_fresh_seeds(say: Callable[[str], None]) -> None:
    said = run_seeds(secrets.randbelow(10**12) + 10**6, FRESH)

    say(said)


def never(*_: Any, **__: Any) -> bool:
    return False


def without(name: str, kept: Callable[..., Decision]) -> Callable[..., Decision]:
    """A decision that leaves one field, or one of its consequences, out."""

    def broken(*given: Any, **more: Any) -> Decision:
        decision = kept(*given, **more)
        if name in decision.fields:
            return replace(decision, fields={key: value for key, value in decision.fields.items() if key != name})
        return replace(decision, **{name: False if name != "lines" else ()})

    return broken


def enter_unfenced(self: Ledger, record: Any, decide: Any, *, fenced: bool = False) -> Any:
    """Whoever comes late overwrites."""
    newest = self.read(record.number)
    decision = None if newest is None else decide(replace(newest, owner=record.owner))
    return self.enter(newest, decision, fenced=False)[1] if newest and decision else newest


def record_nothing(self: Any, sessions: Any) -> Any:
    """As if it were on disk."""
    for one, session in sessions:
        one.session = session
    return ()


BREAKS: dict[str, tuple[Any, str, Any]] = {
    "an unsafe request is repeated after a lost answer": (lifecycle, "doubtful", never),
    "an unsafe request is repeated after the process died": (lifecycle, "orphaned", lambda r, s, **_: Decision(fields=lifecycle.queued(s.now))),
    "a claim does not grow the epoch": (lifecycle, "claimed", without("epoch", lifecycle.claimed)),
    "an end keeps its owner": (lifecycle, "completed", without("owner", lifecycle.completed)),
    "an end is not told": (lifecycle, "completed", without("lines", lifecycle.completed)),
    "a canceled session stays at the server": (order, "canceled", without("abort", lifecycle.canceled)),
    "a standing session is not used": (Secrets, "open_session", lambda self, id, sealed: None),
    "nobody takes over what a dead process left": (Recovery, "run", lambda self: 0),
    "an order for many dies with its process": (Sweeping, "load", lambda self: None),
    "what an order for many stops is started": (InForce, "holds", never),
    "one who was tried at once goes on without a gate": (lifecycle, "lane_of", lambda record, **_: record.lane),
    "a late worker overwrites": (Ledger, "enter_latest", enter_unfenced),
    "a file is published half": (shipment.WorkShipment, "readinto", lambda self, buffer, offset, *, paced=True: len(buffer)),
    "what has begun is replaced": (target, "_begun", never),
    "a source that did not change replaces": (target, "_unchanged", never),
    "who did not begin in a run is forgotten": (bundle, "untold", lambda left, error: iter(())),
    "a run's sessions are not on record": (bundle.WorkShipments, "record", record_nothing),
    "two of a serialized group run": (conductor, "admits", lambda under_way, **_: True),
    "a serialized group goes along": (Heads, "_alone", lambda self, lane: lane.at_once),
    "a behavior dies with its process": (Groups, "load", lambda self: None),
    "what is set of a running one is not heeded": (conductor.Conductor, "_amended", lambda self, record: []),
    "a dearer network stops nobody": (conductor.Conductor, "_no_longer_allowed", lambda self, numbers: []),
    "a file goes without the proof that was asked for": (removal, "doubt", lambda demand, receipt: None),
    "a file goes that was written anew": (Removal, "_changed", lambda self, record, file: None),
    "a file goes that another needs": (Removal, "_kept", Removal._changed),
    "a removal is not on record before it begins": (Removal, "_begin", lambda self, todo: todo),
    "a file is not let go of": (lifecycle, "removal", lambda record, now: ()),
    "the conductor starts what it has started": (Heads, "_due", lambda self, lane, count: list(self._store.due(lane.key, self._now, count))),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_rule_is_noticed(broken: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    where, name, replacement = BREAKS[broken]
    monkeypatch.setattr(where, name, replacement)
    sources = sources_in(tmp_path)

    with pytest.raises((AssertionError, RecursionError)):
        for seed in range(3000):
            play(seed, sources, tmp_path)


def test_a_seed_plays_the_same_twice(tmp_path: Path) -> None:
    sources = sources_in(tmp_path)
    seed = random.Random(7).randrange(10**6)

    first, second = (play(seed, sources, tmp_path) for _ in range(2))

    assert [(event.type, event.operation) for event in first.store.events(0, 1000)] == [(event.type, event.operation) for event in second.store.events(0, 1000)]


def test_the_line_of_the_page_repeats_a_seed() -> None:
    (line,) = blocks_of("docs/explanation/simulation.md", "sh")
    program, *words = line.split()

    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=100)

    assert (program, done.returncode) == ("python", 0), done.stderr
    assert done.stdout.startswith(f"1 seeds from {words[words.index('--first') + 1]}, ")
