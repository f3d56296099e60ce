"""Forgetting by policy, at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sendoff.model.change import SaveNote
from sendoff.model.operation import Request
from sendoff.model.query import Question

from tests.core.owned import QUICK, Owned

NOTHING = {"operations": 0, "answers": 0, "copies": 0, "environments": 0, "notes": 0}


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[Owned]:
    """An owner that keeps what has ended for a moment only."""
    with Owned(tmp_path, config=f'{QUICK}[retention]\nfinished = "0s"\nreceipts = "0s"\n') as made:
        yield made


def test_what_has_had_its_time_goes_and_what_has_not_stays(owned: Owned) -> None:
    done = owned.put(owned.file(), "plain://10.0.0.1/a")
    owned.done(done)
    queued = owned.put(owned.file(), "plain://10.0.0.1/b", start=False)

    gone = owned.owner.ask(Question(what="gc"))

    assert gone["operations"] == 1 and [record.id for record in owned.records()] == [queued]
    assert not owned.store.notes("receipt").items, "by which it would be skipped"
    assert owned.owner.ask(Question(what="gc")) == NOTHING


def test_a_batch_goes_with_its_last_operation(owned: Owned) -> None:
    answers = owned.create(*(Request(source=str(owned.file()), destination=f"plain://10.0.0.1/{name}") for name in "ab"))
    for answer in answers:
        owned.done(answer.id)  # type: ignore[union-attr]

    gone = owned.owner.ask(Question(what="gc"))

    assert (gone["operations"], owned.records()) == (2, [])
    assert not any(owned.store.notes(kind).items for kind in ("batch", "batch_number", "batch_open"))


def test_kept_answers_of_what_is_forgotten_go_and_others_stay(owned: Owned) -> None:
    queued = owned.put(owned.file(), "plain://10.0.0.1/b", start=False)
    folder = owned.state / "responses"
    folder.mkdir()
    (folder / str(owned.record(queued).number)).write_bytes(b"kept")
    (folder / "4711").write_bytes(b"nobody's")
    (folder / "mine.txt").write_bytes(b"a stranger's")

    assert owned.owner.ask(Question(what="gc")) == {**NOTHING, "answers": 1}
    assert sorted(path.name for path in folder.iterdir()) == [str(owned.record(queued).number), "mine.txt"]


def test_copies_and_environments_that_belong_to_nothing_go(owned: Owned) -> None:
    copy = owned.state / "spool" / "left"
    copy.write_bytes(b"x" * 10)
    owned.owner._journal.commit([SaveNote(kind="environment", key="nobody", value={"sealed": "00"})])

    owned.owner.ask(Question(what="gc"))

    assert not copy.exists() and not owned.store.notes("environment").items


def test_the_default_policy_forgets_nothing_of_today(tmp_path: Path) -> None:
    with Owned(tmp_path) as owned:
        owned.done(owned.put(owned.file(), "plain://10.0.0.1/a"))

        assert owned.owner.ask(Question(what="gc")) == NOTHING
